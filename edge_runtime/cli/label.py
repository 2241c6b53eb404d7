"""``edge-genre label``: the genre of every file of a library, as a table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import EdgeGenreError, ParameterError
from ..processes import usable_cores
from .arguments import Whole, add_channel_argument
from .engine_arguments import add_engine_arguments, ray_cluster
from .file_tag_arguments import (
    add_file_tag_arguments,
    check_file_tag_arguments,
    files,
    run_undo,
    say,
    tag_plan,
    write_file_tags,
)
from .stop_signals import stop_signals

if TYPE_CHECKING:
    from ..library.inputs import InputError, Item
    from ..library.label import Outcome
    from ..library.labeller import LabelSettings
    from ..library.row import Row
    from .parser import Parser

_Engine = Callable[[Iterable["Item"], Callable[[], bool]], Iterator["Row"]]

HELP = "label a whole library of music: a table with a row a file, and playlists"

_MOST_JOBS = 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="files; folders, with those in them; patterns (in quotes) with * and **; tables "
        "(.csv) with a column path or uri; addresses (s3://, https://); - for names on stdin",
    )
    parser.add_argument(
        "--out",
        type=Path,
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
        help="processes that share the work (default: one a core; with --engine ray, one a CPU of "
        "the cluster)",
    )
    add_engine_arguments(parser)
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
        "--strict",
        action="store_true",
        help="exit code 1 if any file could not be labelled, or its tags not be written",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress, no last line")
    add_file_tag_arguments(parser)


def parse(parser: Parser, arguments: list[str]) -> argparse.Namespace:
    """The arguments, checked together."""
    args = parser.parse_args(arguments)
    check_file_tag_arguments(parser, args)
    return args


def run(args: argparse.Namespace) -> int:
    """Label the files, and write tags; or restore these."""
    if args.undo is not None:
        return run_undo(args)
    from ..library.inputs import find_items
    from ..library.label import label_library
    from ..library.labeller import BY_LENGTH, LabelSettings
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
    label = _engine(args, settings)
    plan = tag_plan(args, settings.columns.labels) if args.write_tags else None
    found, named = find_items(args.paths, stdin=sys.stdin.buffer), set[str]()
    if plan is not None:
        found = _remembering(found, named)
    with stop_signals() as stop:
        store = Store(args.out, settings, overwrite=args.overwrite)
        try:
            outcome = label_library(
                found,
                store,
                lambda items: label(items, stop.is_set),
                stopped=stop.is_set,
                prune=args.prune,
                quiet=args.quiet,
            )
        finally:
            store.close()
        if outcome.stopped:
            say(args, f"{args.out}: interrupted; {_done(outcome)} are kept, and the same command "
                 "goes on from there")  # fmt: skip
            return stop.exit_code
        if args.playlist is not None:
            _write_playlists(args, settings.columns.labels)
        say(args, f"{args.out}: {_result(outcome)}")
        untagged = 0 if plan is None else write_file_tags(args, plan, named, stop)
        if stop.is_set():
            return stop.exit_code
    if args.strict:
        _fail_on_failures(args.out, outcome.failed, untagged)
    return 0


def _engine(args: argparse.Namespace, settings: LabelSettings) -> _Engine:
    from ..library.labeller import Labeller

    cluster = ray_cluster(args, args.jobs)
    if cluster is None:
        from ..library.pool import label_items

        jobs = args.jobs or usable_cores()
        return lambda items, stopped: label_items(Labeller(settings), items, jobs, stopped)
    from ..library.ray_engine import label_on_ray

    labeller = Labeller(settings.with_content())
    return lambda items, stopped: label_on_ray(labeller, items, cluster, stopped)


def _remembering(
    found: Iterable[Item | InputError], named: set[str]
) -> Iterator[Item | InputError]:
    """The same, and the names of the files in a set."""
    from ..library.inputs import InputError

    for item in found:
        if not isinstance(item, InputError):
            named.add(item.name)
        yield item


def _fail_on_failures(out: Path, unlabelled: int, untagged: int) -> None:
    parts = []
    if unlabelled:
        parts.append(f"{files(unlabelled)} could not be labelled")
    if untagged:
        parts.append(f"the tags of {files(untagged)} could not be written")
    if parts:
        raise EdgeGenreError(f"{out}: {', '.join(parts)}")


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
    return f"the rows of {files(outcome.labelled + outcome.kept)}"


def _result(outcome: Outcome) -> str:
    summary = outcome.summary
    assert summary is not None
    parts = [f"{files(summary.files)}, {summary.seconds / 3600:.2f} h of sound"]
    parts.append(f"{outcome.labelled} labelled in {outcome.wall_s:.1f} s")
    if outcome.kept:
        parts.append(f"{outcome.kept} unchanged")
    if outcome.others:
        parts.append(f"{outcome.others} of earlier runs")
    parts.append(f"{outcome.failed} failed")
    return ", ".join(parts)
