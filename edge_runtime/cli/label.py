"""``edge-genre label``: the genre of every file of a library, as a table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import EdgeGenreError, ParameterError
from ..processes import usable_cores
from .arguments import Whole, add_channel_argument
from .stop_signals import stop_signals

if TYPE_CHECKING:
    from ..library.label import Outcome

HELP = "label a whole library of music: a table with a row a file, and playlists"

_MOST_JOBS = 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="files; folders, with those in them; patterns (in quotes) with * and **; tables "
        "(.csv) with a column path or uri; addresses (s3://, https://); - for names on stdin",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="the table, a row a file: .parquet, .jsonl or .csv. Files that it has a row of, and "
        "that did not change, are not labelled again",
    )
    parser.add_argument(
        "--model",
        metavar="FILE",
        help="a .tflite, .onnx or .npz model, or one that ships: tiny (default), base, plus or "
        "seed-cnn",
    )
    add_channel_argument(parser)
    sample = parser.add_mutually_exclusive_group()
    sample.add_argument(
        "--sample",
        type=_sample,
        metavar="NxSECONDS",
        help="listen to so many excerpts, spread over each file: 3x10s, which is the default for "
        "files of more than two minutes",
    )
    sample.add_argument(
        "--whole", action="store_true", help="listen to all of each file, however long it is"
    )
    parser.add_argument(
        "--timeline", action="store_true", help="a column with the label of every window"
    )
    parser.add_argument(
        "--jobs",
        type=Whole(1, _MOST_JOBS),
        metavar="N",
        help="processes that share the work (default: one a core)",
    )
    parser.add_argument(
        "--playlist",
        type=Path,
        metavar="DIR",
        help="also write a playlist (M3U) of each genre into this folder",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="label all files, whatever the table holds: made by another model, for example",
    )
    parser.add_argument(
        "--prune",
        action="store_true",
        help="drop rows of files that are not there any more; without it they stay",
    )
    parser.add_argument(
        "--strict", action="store_true", help="exit code 1 if any file could not be labelled"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress, no last line")


def run(args: argparse.Namespace) -> int:
    """Label the files."""
    from ..library.inputs import find_items
    from ..library.label import label_library
    from ..library.labeller import BY_LENGTH, Labeller, LabelSettings
    from ..library.pool import label_items
    from ..library.store import Store
    from ..output_file import check_writable

    if args.playlist is not None:
        check_writable(args.playlist, "--playlist", folder=True)
    settings = LabelSettings.of_model(
        args.model,
        timeline=args.timeline,
        channel=args.channel,
        sample="whole" if args.whole else args.sample or BY_LENGTH,
    )
    jobs = args.jobs or usable_cores()
    with stop_signals() as stop:
        store = Store(args.out, settings, overwrite=args.overwrite)
        try:
            outcome = label_library(
                find_items(args.paths, stdin=sys.stdin.buffer),
                store,
                lambda items: label_items(Labeller(settings), items, jobs, stop.is_set),
                stopped=stop.is_set,
                prune=args.prune,
                quiet=args.quiet,
            )
        finally:
            store.close()
        if outcome.stopped:
            _say(args, f"{args.out}: interrupted; {_done(outcome)} are kept, and the same command "
                 "goes on from there")  # fmt: skip
            return stop.exit_code
        if args.playlist is not None:
            _write_playlists(args, settings.columns.labels)
    _say(args, f"{args.out}: {_result(outcome)}")
    if args.strict and outcome.failed:
        raise EdgeGenreError(f"{args.out}: {_files(outcome.failed)} could not be labelled")
    return 0


def _sample(text: str) -> str:
    from ..library.sampling import parse_sampling

    try:
        parse_sampling(text)
    except ParameterError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _write_playlists(args: argparse.Namespace, labels: tuple[str, ...]) -> None:
    from ..decoder import NOT_MUSIC
    from ..library.playlist import write_playlists

    write_playlists(args.out, args.playlist, [label for label in labels if label != NOT_MUSIC])


def _done(outcome: Outcome) -> str:
    return f"the rows of {_files(outcome.labelled + outcome.kept)}"


def _result(outcome: Outcome) -> str:
    summary = outcome.summary
    assert summary is not None
    parts = [f"{_files(summary.files)}, {summary.seconds / 3600:.2f} h of sound"]
    parts.append(f"{outcome.labelled} labelled in {outcome.wall_s:.1f} s")
    if outcome.kept:
        parts.append(f"{outcome.kept} unchanged")
    if outcome.others:
        parts.append(f"{outcome.others} of earlier runs")
    parts.append(f"{outcome.failed} failed")
    return ", ".join(parts)


def _files(n: int) -> str:
    return f"{n} file{'s' if n != 1 else ''}"


def _say(args: argparse.Namespace, line: str) -> None:
    if not args.quiet:
        from . import note

        note(line)
