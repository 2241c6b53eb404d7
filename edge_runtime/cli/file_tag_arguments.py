"""The options of ``label`` that write genres into the tags of files, and what they do."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import EdgeGenreError, ParameterError
from ..progress import Progress, progress_of
from . import note, report
from .arguments import Number, Whole
from .stop_signals import StopSignals, stop_signals

if TYPE_CHECKING:
    from ..library.store import Store
    from ..library.tag_outcome import Fate, Outcome
    from ..library.tag_pass import TagPlan
    from .parser import Parser

_MIN_CONFIDENCE = 0.5
_ALONE = 0.5
"""Two genres cannot both be likelier"""
_MOST_GENRES = 100
_FAILURES_SHOWN = 10
_OF_WRITING = ("field", "only_missing", "replace", "min_confidence", "top", "map")
_OF_UNDO = ("undo", "dry_run", "strict", "quiet")


def add_file_tag_arguments(parser: argparse.ArgumentParser) -> None:
    """``--write-tags``, ``--undo`` and what belongs to them."""
    group = parser.add_argument_group('tags of the files (extra "tags")')
    group.add_argument(
        "--write-tags",
        action="store_true",
        help="write the genres into the tags of the files, once they are labelled; without it no "
        "file is changed, and with it never its sound. The table keeps what was there before",
    )
    group.add_argument(
        "--field",
        type=_field,
        metavar="NAME",
        help="which field of the tags (default GENRE): one of your own is STYLE or MY_GENRE",
    )
    which = group.add_mutually_exclusive_group()
    which.add_argument(
        "--only-missing",
        action="store_true",
        default=None,
        help="only where the field is missing or blank; the default",
    )
    which.add_argument(
        "--replace",
        action="store_true",
        default=None,
        help="also where the field holds something",
    )
    group.add_argument(
        "--min-confidence",
        type=Number(0.0, 1.0),
        metavar="P",
        help=f"only genres of so much confidence (default {_MIN_CONFIDENCE:g})",
    )
    group.add_argument(
        "--top",
        type=Whole(1, _MOST_GENRES),
        metavar="N",
        help="so many genres a file at most (default 1), the likeliest first, each of "
        "--min-confidence",
    )
    group.add_argument(
        "--map",
        type=Path,
        metavar="FILE",
        help='how genres are written: lines of TOML such as hiphop = "Rap"; "" leaves one out. '
        "other, not music and silence are written only where it names them",
    )
    group.add_argument(
        "--dry-run",
        action="store_true",
        help="print what would be written or restored, and change no music; the table is written",
    )
    group.add_argument(
        "--undo",
        type=Path,
        metavar="TABLE",
        help="restore the tags that this table keeps, and do nothing else; goes with --dry-run, "
        "--strict and --quiet",
    )


def check_file_tag_arguments(parser: Parser, args: argparse.Namespace) -> None:
    """Refuse options that do not go together, and a command that lacks its files or its table."""
    if args.undo is not None:
        given = {name: value for name, value in vars(args).items() if name not in _OF_UNDO}
        for name, value in given.items():
            if value != parser.get_default(name) and value != []:
                parser.error(
                    f"{_option(name)} has no meaning with --undo, which restores tags alone"
                )
        return
    if missing := [_option(name) for name in ("paths", "out") if not getattr(args, name)]:
        parser.error(f"the following arguments are required: {', '.join(missing)}")
    if not args.write_tags:
        for name in _OF_WRITING:
            if getattr(args, name) is not None:
                parser.error(f"{_option(name)} has no meaning without --write-tags")
        if args.dry_run:
            parser.error("--dry-run has no meaning without --write-tags or --undo")


def tag_plan(args: argparse.Namespace, labels: Collection[str]) -> TagPlan:
    """What is to be written.

    Parameters
    ----------
    args : argparse.Namespace
    labels : collection of str
        Of the model.

    Raises
    ------
    ConfigFileError
        If the map is none of this model.
    MissingExtraError
        If mutagen is not installed.
    ParameterError
        If there can never be as many genres as are wanted.
    """
    from ..library.file_tags import GENRE
    from ..library.genre_map import TagChoice, read_genre_map
    from ..library.tag_containers import require_mutagen
    from ..library.tag_pass import TagPlan

    require_mutagen()
    top = args.top or 1
    sure = _MIN_CONFIDENCE if args.min_confidence is None else args.min_confidence
    if top > 1 and sure >= _ALONE:
        raise ParameterError(
            f"--top {top}: no two genres have a confidence above {_ALONE:g}, and --min-confidence "
            f"is {sure:g}; add a lower one, such as --min-confidence 0.2"
        )
    names = None if args.map is None else read_genre_map(args.map, labels)
    return TagPlan(
        TagChoice(sure, top, names), args.field or GENRE, bool(args.replace), args.dry_run
    )


def write_file_tags(
    args: argparse.Namespace, plan: TagPlan, named: Collection[str], stop: StopSignals
) -> int:
    """Write the genres of the table into the files that were named; how many could not be written.

    Raises
    ------
    OutputFileError
        If the table cannot be written; no file was changed then whose tags are not in it.
    """
    from ..library.tag_outcome import Fate
    from ..library.tag_pass import write_tags

    counts = _over_table(
        args, "out", "tags", lambda store: len(named),
        lambda store, show: write_tags(store, plan, show, among=named, stopped=stop.is_set),
    )  # fmt: skip
    say(args, f"{args.out}: {plan.field} of {_result(args, counts, stop)}")
    return counts[Fate.FAILED] + counts[Fate.REMOTE]


def run_undo(args: argparse.Namespace) -> int:
    """Restore the tags that a table keeps.

    Raises
    ------
    EdgeGenreError
        With ``--strict``, if some could not be restored.
    """
    from ..library.tag_containers import require_mutagen
    from ..library.tag_outcome import Fate
    from ..library.tag_undo import undo_tags

    require_mutagen()
    with stop_signals() as stop:
        counts = _over_table(
            args, "undo", "undo",
            lambda store: sum(1 for row in store.rows() if row.get("written_tags")),
            lambda store, show: undo_tags(
                store, show, dry_run=args.dry_run, stopped=stop.is_set
            ),
        )  # fmt: skip
    result = f"tags of {_result(args, counts, stop)}" if counts else "there are no tags to restore"
    say(args, f"{args.undo}: {result}")
    if stop.is_set():
        return stop.exit_code
    if args.strict and counts[Fate.FAILED]:
        raise EdgeGenreError(f"{args.undo}: tags of {files(counts[Fate.FAILED])} are not restored")
    return 0


def _over_table(
    args: argparse.Namespace,
    option: str,
    label: str,
    total: Callable[[Store], int],
    work: Callable[[Store, Callable[[Outcome], None]], Counter[Fate]],
) -> Counter[Fate]:
    """Work on the rows of a table; it is whole again afterwards."""
    from ..library.store import Store

    store = Store(getattr(args, option), None, option=f"--{option}")
    try:
        with progress_of(label, total(store), quiet=args.quiet or args.dry_run) as progress:
            counts = work(store, _Shown(progress, dry_run=args.dry_run))
        store.finish()
    finally:
        store.close()
    return counts


class _Shown:
    """Shows how far the work is, failures, and the changes that a dry run foresees."""

    def __init__(self, progress: Progress, *, dry_run: bool) -> None:
        self._progress = progress
        self._dry_run = dry_run
        self._done = self._failed = self._remote = 0

    def __call__(self, outcome: Outcome) -> None:
        """Show one file."""
        from ..library.tag_outcome import Fate

        self._done += 1
        if outcome.fate is Fate.FAILED:
            self._failed += 1
            if self._failed <= _FAILURES_SHOWN:
                report(EdgeGenreError(outcome.line))
            elif self._failed == _FAILURES_SHOWN + 1:
                report(EdgeGenreError("more files failed; the column tags_error says why"))
        elif outcome.fate is Fate.REMOTE:
            self._remote += 1
            if self._remote == 1:
                report(EdgeGenreError(f"{outcome.line}, nor those of any other address"))
        elif self._dry_run and outcome.fate in (Fate.WRITTEN, Fate.RESTORED):
            print(outcome.line)
        self._progress.advance(self._done)


def files(n: int) -> str:
    """So many files, in words."""
    return f"{n} file{'s' if n != 1 else ''}"


def _result(args: argparse.Namespace, counts: Counter[Fate], stop: StopSignals) -> str:
    from ..library.tag_outcome import Fate

    changes = (Fate.WRITTEN, Fate.RESTORED)
    parts = [
        f"{counts[fate]} {'would be ' * (args.dry_run and fate in changes)}{fate.value}"
        for fate in Fate
        if counts[fate]
    ]
    text = f"{files(counts.total())}: {', '.join(parts)}"
    return text + ("; interrupted, and the same command goes on" if stop.is_set() else "")


def say(args: argparse.Namespace, line: str) -> None:
    """Say it, unless ``--quiet``."""
    if not args.quiet:
        note(line)


def _field(text: str) -> str:
    from ..library.file_tags import check_field

    try:
        return check_field(text)
    except ParameterError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _option(name: str) -> str:
    return "PATH" if name == "paths" else f"--{name.replace('_', '-')}"
