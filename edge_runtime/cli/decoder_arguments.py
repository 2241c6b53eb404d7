"""The options of ``listen`` that say how windows become a label."""

from __future__ import annotations

import argparse
import dataclasses

from ..decoder import DecoderSettings
from .arguments import Names, Number, known_names

_SETTINGS = {
    "interval": "interval_s",
    "dwell": "dwell_s",
    "confirm": "confirm_s",
    "minimum": "minimum_s",
    "threshold": "rejection_threshold",
    "silence_dbfs": "silence_dbfs",
    "silence_hysteresis": "silence_hysteresis_db",
}
"""Fields of `DecoderSettings` by the options that override them"""


def add_decoder_arguments(parser: argparse.ArgumentParser, *, whole: bool = False) -> None:
    """``--interval``, ``--dwell`` and the others; without them the model's own settings hold.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    whole : bool
        For recordings whose end is known: nothing has to be confirmed.
    """
    group = parser.add_argument_group("how windows become a label (default: as the model says)")
    group.add_argument(
        "--interval", type=Number(0.02, 3600.0), metavar="SECONDS", help="time between labels"
    )
    group.add_argument(
        "--dwell",
        type=Number(0.01, 86400.0),
        metavar="SECONDS",
        help="how long a genre is expected to last: more makes a steadier, slower label",
    )
    if not whole:
        group.add_argument(
            "--confirm",
            type=Number(0.0, 86400.0),
            metavar="SECONDS",
            help="a new label must be the likeliest for so long before it is shown",
        )
    group.add_argument(
        "--minimum",
        type=Number(0.0, 86400.0),
        metavar="SECONDS",
        help="a label stays for so long, unless silence falls",
    )
    group.add_argument(
        "--threshold",
        type=Number(0.0, below=1.0),
        metavar="P",
        help="a genre that is less likely than this is shown as unknown (0 to below 1: at 1 "
        "every genre would be)",
    )
    group.add_argument(
        "--silence-dbfs",
        type=Number(-200.0, 0.0),
        metavar="DBFS",
        help="level below which all sound counts as silence, soft music too (without it: below "
        "-60 dBFS and hardly louder than the noise of the room)",
    )
    group.add_argument(
        "--silence-hysteresis",
        type=Number(0.0, 60.0),
        metavar="DB",
        help="silence ends at a level so much above the one at which it begins",
    )
    genres = group.add_mutually_exclusive_group()
    genres.add_argument(
        "--only",
        type=Names(),
        metavar="GENRE,...",
        help="show all other genres as unknown; a genre with commas in its name is found, too",
    )
    genres.add_argument(
        "--ignore", type=Names(), metavar="GENRE,...", help="show these genres as unknown"
    )


def chosen_genres(
    args: argparse.Namespace, labels: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What ``--only`` and ``--ignore`` name, in the spelling of a model's labels."""
    only, ignored = (known_names(names or (), labels) for names in (args.only, args.ignore))
    return only, ignored


def decoder_settings(args: argparse.Namespace, settings: DecoderSettings) -> DecoderSettings:
    """A model's settings with what the options override.

    Raises
    ------
    ParameterError
        If they make no sense.
    """
    changes = {
        field: value
        for option, field in _SETTINGS.items()
        if (value := getattr(args, option, None)) is not None
    }
    if args.silence_dbfs is not None:
        changes["silence_margin_db"] = None  # who names a level wants it fixed
    return dataclasses.replace(settings, **changes)
