"""``edge-genre data``: what is in a data set, and what is wrong with it."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path

from edge_runtime.errors import DataSetError, ParameterError
from edge_runtime.output_file import JSON, check_output, write_json
from edge_runtime.printable import printable_lines
from edge_runtime.version import __version__

from ..data.check.check import DataCheck, check
from ..data.check.text import check_text
from ..data.datasets import DATASETS, load, recognised
from .data_arguments import add_data_set_argument

HELP = "check a data set before training on it"
EXTRA = "train"
REQUIRES = ("soundfile",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="check|list", required=True)
    checker = actions.add_parser(
        "check",
        help="decode every clip and report what is wrong",
        description="Decode every clip once: clips per genre, durations, rates, and what is wrong "
        "(unreadable, cut off, repeated, silent or clipped clips, genres with too few).",
    )
    checker.add_argument("data", metavar="DIR", type=Path, help="folder of a data set")
    add_data_set_argument(checker)
    checker.add_argument(
        "--csv", metavar="FILE", type=Path, help="a list of the clips: genre, and path or id"
    )
    checker.add_argument("--json", metavar="FILE", type=Path, help="write everything there as JSON")
    actions.add_parser("list", help="the data sets that are known, with citation and licence")


def run(args: argparse.Namespace) -> int:
    """Check a folder, or list the known data sets."""
    return _list() if args.action == "list" else _check(args)


def _check(args: argparse.Namespace) -> int:
    check_output(args.json, JSON, "--json")
    if args.csv and args.data_set != "auto":
        raise ParameterError(f"--csv says what the clips are; leave --data-set {args.data_set} out")
    listed = load(args.data, args.data_set, args.csv)
    validation = [] if args.csv else recognised(args.data, listed.dataset).validate(args.data)
    result = check(listed, validation)
    print(printable_lines(check_text(result, str(args.data))), flush=True)
    if args.json:
        _write(args.json, result, args.data)
    if not result.usable:
        name, why = next(iter(result.failures.items()), (listed.tracks[0].id, "is silent"))
        raise DataSetError(f"{args.data}: no clip can be used; the first: {name}: {why}")
    return 0


def _write(path: Path, result: DataCheck, root: Path) -> None:
    content = {"data": root.resolve().name, "edge_genre": __version__, **result.to_dict(root)}
    write_json(path, content, indent=1)


def _list() -> int:
    for known in DATASETS.values():
        print(f"{known.id}: {known.title}")
        for what, text in (
            ("layout", known.layout),
            ("genres", ", ".join(known.genres)),
            ("cite", known.citation),
            ("licence", known.licence),
            ("home", known.url),
        ):
            if text:
                print(
                    textwrap.fill(
                        f"{what:<9}{text}", 96, initial_indent="  ", subsequent_indent=" " * 11
                    )
                )
        print()
    print("Anything else: a CSV file with the columns genre and path (or id), with --csv")
    return 0
