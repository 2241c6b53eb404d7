"""``edge-genre report``: what a labelled library holds, as a page."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..atomic_write import write_atomically
from ..errors import DataSetError, MissingExtraError, OutputFileError
from ..library.formats import format_of
from ..library.report.dates import year_reader
from ..library.report.page import REPORT, page
from ..library.report.summary import COLUMNS, Places, summed
from ..output_file import check_output
from ..regular_file import special_kind
from . import note

HELP = "show what a labelled library holds, as one HTML page"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "table", type=Path, metavar="TABLE", help="what `edge-genre label --out TABLE` wrote"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="the page (default: beside the table, with the suffix .html)",
    )


def run(args: argparse.Namespace) -> int:
    """Write the page."""
    table: Path = args.table
    _check_table(table)
    out: Path = args.out or table.with_suffix(".html")
    check_output(out, REPORT, "--out" if args.out else "the page")
    try:
        year_of, without_years = year_reader(), None
    except MissingExtraError as error:
        year_of, without_years = None, str(error)
    rows = format_of(table, "the table").open(table)
    try:
        summary = summed(
            rows.rows(names=COLUMNS),
            rows.columns.labels,
            Places(out.parent, (Path(), table.parent)),
            has_tags=bool(rows.columns.tags),
            year_of=year_of,
        )
    finally:
        rows.close()
    text = page(summary, table.name, without_years=without_years)
    write_atomically(out, text.encode(), error=OutputFileError)
    total, failed = summary.total.files, summary.failed
    note(f"{out}: {total} file{'s' if total != 1 else ''}, {failed} without a label")
    return 0


def _check_table(table: Path) -> None:
    if kind := special_kind(table):
        raise DataSetError(f"{table}: is {kind}; name the file that edge-genre label wrote")
    if table.is_dir():
        raise DataSetError(f"{table}: is a folder; name the file that edge-genre label wrote")
    if not table.exists():
        raise DataSetError(
            f"{table}: no such file; make one with edge-genre label FOLDER --out {table}"
        )
