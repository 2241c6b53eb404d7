"""``edge-genre compare``: training runs side by side, split by split."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from edge_runtime.cli import warn
from edge_runtime.errors import ParameterError
from edge_runtime.output_file import JSON, PNG, check_output, write_json

from ..evaluation.comparison import Run, compare, read_run
from ..evaluation.comparison_text import comparison_text
from ..evaluation.report_figures import plot_comparison

HELP = "compare training runs, split by split"
EXTRA = "train"
REQUIRES = ("matplotlib", "scipy")

_STDOUT = Path("-")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "runs", metavar="RUN", nargs="+", type=Path, help="run folders of edge-genre train"
    )
    parser.add_argument(
        "--json",
        metavar="FILE",
        nargs="?",
        type=Path,
        const=_STDOUT,
        help="write everything as JSON, to stdout in place of the table if no file is named",
    )
    parser.add_argument("--out", metavar="PNG", type=Path, help="draw the accuracies there")


def run(args: argparse.Namespace) -> int:
    """Read the runs, score them anew, and print the table."""
    if args.json is not None and args.json.is_dir():
        raise ParameterError(
            f"--json {args.json}: is a folder; name the runs before --json, or write --json=FILE"
        )
    if args.out is not None and args.out.suffix.lower() != ".png":
        raise ParameterError(f"--out {args.out}: must end in .png")
    check_output(None if args.json == _STDOUT else args.json, JSON, "--json")
    check_output(args.out, PNG, "--out")
    comparison = compare(_runs(args.runs))
    for group in comparison.groups:
        if group.has_namesake:
            warn(
                f"there are two splits named {group.split}; that of "
                f"{', '.join(str(run.record.folder) for run in group.runs)} has the hash "
                f"{group.sha256[:12]} and cannot be compared with the other"
            )
    if args.json != _STDOUT:
        print(comparison_text(comparison))
    if args.json is not None:
        if args.json == _STDOUT:
            print(json.dumps(comparison.to_dict(), indent=2))
        else:
            write_json(args.json, comparison.to_dict())
    if args.out is not None:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        plot_comparison(args.out, comparison)
    return 0


def _runs(folders: list[Path]) -> list[Run]:
    unique = {folder.resolve(): folder for folder in folders}
    if len(unique) < len(folders):
        warn("a run folder is named more than once; it is counted once")
    return [read_run(folder) for folder in unique.values()]
