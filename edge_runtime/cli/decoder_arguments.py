"""The options of ``listen`` that say how windows become answers."""

from __future__ import annotations

import argparse
import dataclasses

from ..decoder import DecoderSettings
from .arguments import Names, Number

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


def add_decoder_arguments(parser: argparse.ArgumentParser) -> None:
    """``--interval``, ``--dwell`` and the others; where none is given, the model's own holds."""
    group = parser.add_argument_group("how windows become an answer (else as the model says)")
    group.add_argument(
        "--interval", type=Number(0.02, 3600.0), metavar="SECONDS", help="time between answers"
    )
    group.add_argument(
        "--dwell",
        type=Number(0.01, 86400.0),
        metavar="SECONDS",
        help="how long a genre is expected to last: more makes a steadier, slower answer",
    )
    group.add_argument(
        "--confirm",
        type=Number(0.0, 86400.0),
        metavar="SECONDS",
        help="for so long a new answer must be the likeliest before it is given",
    )
    group.add_argument(
        "--minimum",
        type=Number(0.0, 86400.0),
        metavar="SECONDS",
        help="for so long an answer stays, unless silence falls",
    )
    group.add_argument(
        "--threshold",
        type=Number(0.0, 1.0),
        metavar="P",
        help="what is less likely than this is answered unknown (0 to 1)",
    )
    group.add_argument(
        "--silence-dbfs", type=Number(-200.0, 0.0), metavar="DBFS", help="softer is silence"
    )
    group.add_argument(
        "--silence-hysteresis",
        type=Number(0.0, 60.0),
        metavar="DB",
        help="silence ends so much above the level at which it begins",
    )
    genres = group.add_mutually_exclusive_group()
    genres.add_argument(
        "--only", type=Names(), metavar="GENRE,...", help="answer unknown for all other genres"
    )
    genres.add_argument(
        "--ignore", type=Names(), metavar="GENRE,...", help="answer unknown for these genres"
    )


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
        if (value := getattr(args, option)) is not None
    }
    return dataclasses.replace(settings, **changes)
