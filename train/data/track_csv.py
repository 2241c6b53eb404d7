"""The rows of a CSV file that lists clips, as spreadsheets and scripts write them."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.errors import DataSetError
from edge_runtime.regular_file import check_regular

from .parts import part_of

_DELIMITERS = ",;\t|"
_NEEDED = (("split",), ("genre", "label"), ("path", "id"))
_USED = (*(name for names in _NEEDED for name in names), "artist", "licence", "license")
_NOT_UTF8 = "\udc80", "\udcff"
"""First and last stand-in for a byte that is no UTF-8"""


@dataclass(frozen=True)
class Row:
    """One clip of the list."""

    id: str
    path: str
    """Empty where the file has no such column"""
    label: str
    part: str
    """``train``, ``valid`` and ``test`` by these names, whatever the file calls them"""
    artist: str
    licence: str


def read_rows(csv_path: Path, roots: Sequence[Path], *, need_split: bool) -> list[Row]:
    """Read the list.

    Commas, semicolons, tabs or bars are between the fields; blanks around fields, the case of the
    header, a byte order mark, and lines without content do not matter.

    Parameters
    ----------
    csv_path : Path
    roots : sequence of Path
        Where paths begin: one with backslashes that is in none of them is one of Windows.
    need_split : bool
        False takes a list without the column ``split``, too.

    Raises
    ------
    DataSetError
        If the file cannot be read, lacks a column or has it twice, or a row lacks a field or has
        one too many.
    """
    header, lines = _fields(csv_path)
    for wanted in _NEEDED:
        if not set(wanted) & set(header) and (need_split or wanted != ("split",)):
            raise DataSetError(
                f"{csv_path}: has no column {' or '.join(sorted(wanted))}; a split file needs "
                "genre, split, and path or id"
            )
    if not lines:
        raise DataSetError(f"{csv_path}: names no clips")
    used = [name for name in _USED if header.count(name) > 1]
    if used:
        raise DataSetError(f"{csv_path}: has two columns {used[0]}; keep one, or rename the other")
    for number, fields in lines:
        if any(fields[len(header) :]):
            raise DataSetError(
                f"{csv_path}: row {number} has {len(fields)} fields, and the header has "
                f"{len(header)}; put quotes around a field that holds the separator"
            )
    rows = [
        _row(csv_path, number, dict(zip(header, fields, strict=False)), roots, "split" in header)
        for number, fields in lines
    ]
    twice = [name for name, n in Counter(row.id for row in rows).items() if n > 1]
    if twice:
        raise DataSetError(f"{csv_path}: names {twice[0]!r} more than once; keep one of its rows")
    return rows


def _fields(csv_path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header in small letters, and the number and fields of each row that has any."""
    text = _text(csv_path)
    first = text.lstrip().partition("\n")[0]
    delimiter = max(_DELIMITERS, key=lambda sign: len(_known(first, sign)))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        lines = [[field.strip() for field in line] for line in reader]
    except csv.Error as error:
        raise DataSetError(f"{csv_path}: is not a CSV file ({error})") from None
    numbered = [(number, line) for number, line in enumerate(lines, start=1) if any(line)]
    if not numbered:
        return [], []
    return [field.casefold() for field in numbered[0][1]], numbered[1:]


def _text(csv_path: Path) -> str:
    try:
        check_regular(csv_path)
        content = csv_path.read_bytes()
    except OSError as error:
        raise DataSetError(f"{csv_path}: cannot be read ({error.strerror})") from None
    try:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):  # a spreadsheet's "Unicode text"
            return content.decode("utf-16").lstrip("\ufeff")
        # Paths may hold bytes that are no UTF-8, as file names do.
        return content.decode("utf-8-sig", errors="surrogateescape")
    except UnicodeDecodeError as error:
        raise DataSetError(f"{csv_path}: is not a CSV file ({error})") from None


def _known(header: str, delimiter: str) -> set[str]:
    names = {name.strip(' \t\r"').casefold() for name in header.split(delimiter)}
    return names & {name for wanted in _NEEDED for name in wanted}


def _row(
    csv_path: Path, number: int, line: dict[str, str], roots: Sequence[Path], need_split: bool
) -> Row:
    path = _portable(line.get("path", ""), roots)
    part = line.get("split", "")
    row = Row(
        line.get("id") or (Path(path).with_suffix("").as_posix() if path else ""),
        path,
        line.get("genre") or line.get("label") or "",
        part_of(part) or part,
        line.get("artist", ""),
        line.get("licence") or line.get("license") or "",
    )
    for name, value, needed in (
        ("id or path", row.id.strip("."), True),
        ("genre", row.label, True),
        ("split", row.part, need_split),
    ):
        if needed and not value:
            raise DataSetError(f"{csv_path}: row {number} has no {name}")
    if any(_NOT_UTF8[0] <= letter <= _NOT_UTF8[1] for letter in row.label + row.artist):
        raise DataSetError(f"{csv_path}: row {number} is not UTF-8; save the file as CSV UTF-8")
    return row


def _portable(path: str, roots: Sequence[Path]) -> str:
    if "\\" not in path or any((root / path).is_file() for root in roots):
        return path
    return path.replace("\\", "/")
