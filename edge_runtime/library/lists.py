"""Lists of names: lines of a stream, and the columns of tables."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import AudioFormatError

_PIECE = 1 << 16
"""Bytes of a list that are looked at for a NUL: no path is as long."""
_BOM = b"\xef\xbb\xbf"
_COLUMNS = ("path", "uri")
_DELIMITERS = ",;\t"


def names_of_stream(stream: BinaryIO) -> Iterator[str]:
    """Names of a list: between NULs if there is any, else a line each.

    Parameters
    ----------
    stream : binary file
        Read as far as the names are taken; bytes that are not UTF-8 become lone surrogates.
    """
    rest = stream.read(_PIECE)
    between = b"\0" if b"\0" in rest else b"\n"
    if between == b"\n":
        rest = rest.removeprefix(_BOM)
    while rest:
        *names, rest = rest.split(between)
        more = stream.read(_PIECE)
        if not more:
            names, rest = [*names, rest], b""
        rest += more
        for name in names:
            plain = name if between == b"\0" else name.removesuffix(b"\r")
            if plain:
                yield os.fsdecode(plain)


def names_of_table(path: Path) -> Iterator[str]:
    """Cells of a CSV file's column ``path`` or ``uri``; of its first column without such a heading.

    Commas, semicolons or tabs may be between the columns.

    Raises
    ------
    AudioFormatError
        If it is no such table.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
            yield from _cells(file)
    except FileNotFoundError:
        raise AudioFormatError(f"{path}: no such file; check the path") from None
    except OSError as error:
        raise AudioFormatError(f"{path}: cannot be read ({error.strerror or error})") from None
    except csv.Error as error:
        raise AudioFormatError(
            f"{path}: is no CSV table ({error}); write the names a line each, under the heading "
            "path"
        ) from None


def _cells(lines: Iterable[str]) -> Iterator[str]:
    lines = iter(lines)
    first = next(lines, "")
    delimiter = next((one for one in _DELIMITERS if _column(first, one) is not None), ",")
    column = _column(first, delimiter)
    # The reader is given the first line as well: a cell of it may go on in the next.
    rows = csv.reader(_chained(first, lines), delimiter=delimiter, strict=True)
    for number, row in enumerate(rows):
        at = column or 0
        cell = row[at] if len(row) > at else ""
        heading = not number and (column is not None or not _is_name(cell))
        if cell and not heading:
            yield cell


def _chained(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _column(line: str, delimiter: str) -> int | None:
    heading = [cell.strip().strip('"').lower() for cell in line.split(delimiter)]
    return next((heading.index(name) for name in _COLUMNS if name in heading), None)


def _is_name(cell: str) -> bool:
    """Whether a first line without a known heading is no heading at all."""
    return "/" in cell or bool(Path(cell).suffix)
