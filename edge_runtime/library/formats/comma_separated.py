"""Rows as CSV: what is nested in a column each (``posterior.blues``), lists in one cell.

Texts of a list are joined with ``; ``. What has no fixed names (styles, timeline, tags of a file)
is JSON in its cell.
"""

from __future__ import annotations

import base64
import csv
import io
import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from ...output_file import FileKind
from ..row import WRITTEN, Columns, Row
from . import Head, RowFile, unreadable
from .jsonl import json_text
from .text_table import TextTable, head_of

_WHOLE = {"size", "mtime_ns"}
_NUMBERS = {"seconds", "confidence", "silence_share", "not_music_share", "other_share"}
_NESTED = ("posterior", "tags")
_JSON = {"styles", "timeline", *WRITTEN[:2]}
_BEGINS = b"path,path_bytes,size,mtime_ns,"
_LONGEST_CELL = 2**31 - 1
"""Characters: the timeline of a day is far beyond what the csv module takes by itself."""


class CommaSeparated:
    """The format; see `edge_runtime.library.formats.Format`."""

    suffix = ".csv"
    kind = FileKind("a CSV table of labels", lambda head: head.startswith(_BEGINS))

    def open(self, path: Path) -> CsvFile:
        """Open a table."""
        return CsvFile(path)

    def writer(self, file: BinaryIO, columns: Columns) -> CsvWriter:
        """Begin a table."""
        return CsvWriter(file, columns)


FORMAT = CommaSeparated()


class CsvFile(TextTable[list[str]]):
    """A table that was opened."""

    def __init__(self, path: Path) -> None:
        csv.field_size_limit(_LONGEST_CELL)
        super().__init__(path)
        self._heading = next(self._cells_from(0), [])
        self._first = self._read
        if not ",".join(self._heading).encode().startswith(_BEGINS):
            raise unreadable(path, ValueError("it has other columns"))
        self.columns = Columns(
            self._below("posterior"),
            self._below("tags"),
            "timeline" in self._heading,
            WRITTEN[0] in self._heading,
        )

    def heads(self) -> Iterator[Head]:
        """Of all rows."""
        self._offsets = array("q", [self._first])
        for cells in self._records():
            self._offsets.append(self._read)
            yield head_of(self._row(cells))

    def _records(self) -> Iterator[list[str]]:
        return self._cells_from(self._first)

    def _record(self, content: bytes) -> list[str]:
        return next(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))

    def _cells_from(self, start: int) -> Iterator[list[str]]:
        """Cells of each row; `_read` is the offset behind the latest."""
        self._read = start
        try:
            yield from csv.reader(self._text(start), strict=True)
        except (csv.Error, UnicodeDecodeError) as error:
            raise unreadable(self._path, error) from None

    def _text(self, start: int) -> Iterator[str]:
        self._file.seek(start)
        for line in self._file:
            self._read += len(line)
            yield line.decode()

    def _below(self, name: str) -> tuple[str, ...]:
        begin = f"{name}."
        return tuple(cell.removeprefix(begin) for cell in self._heading if cell.startswith(begin))

    def _row(self, record: list[str]) -> Row:
        try:
            return self._values(dict(zip(self._heading, record, strict=True)))
        except (ValueError, KeyError, RecursionError) as error:
            raise unreadable(self._path, error) from None

    def _values(self, by_name: dict[str, str]) -> Row:
        row: Row = {}
        for name in self.columns.names:
            if name in _NESTED:
                inner = self.columns.labels if name == "posterior" else self.columns.tags
                numbers = {one: by_name[f"{name}.{one}"] for one in inner}
                there = all(numbers.values()) and bool(numbers)
                row[name] = {one: float(n) for one, n in numbers.items()} if there else None
            else:
                row[name] = _value(name, by_name[name])
        row["warnings"] = [row["warnings"]] if row["warnings"] else _none_or_empty(row)
        return row


class CsvWriter:
    """A table that is being written."""

    def __init__(self, file: BinaryIO, columns: Columns) -> None:
        self._file = file
        self._columns = columns
        heading = []
        for name in columns.names:
            inner = {"posterior": columns.labels, "tags": columns.tags}.get(name)
            heading += [name] if inner is None else [f"{name}.{one}" for one in inner]
        self._write([heading])

    def __enter__(self) -> CsvWriter:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows."""
        self._write(self._cells(row) for row in rows)

    def copy(self, source: RowFile, numbers: Sequence[int]) -> None:
        """Write rows of another table."""
        assert isinstance(source, CsvFile)
        if source.columns != self._columns:
            self.add(source.rows(numbers))
            return
        for record in source.contents(numbers):
            self._file.write(record)

    def _write(self, table: Iterable[list[str]]) -> None:
        for cells in table:
            text = io.StringIO(newline="")
            csv.writer(text, lineterminator="\r\n").writerow(cells)
            self._file.write(text.getvalue().encode())

    def _cells(self, row: Row) -> list[str]:
        cells = []
        for name in self._columns.names:
            value = row.get(name)
            if name in _NESTED:
                inner = self._columns.labels if name == "posterior" else self._columns.tags
                cells += [_number(value[one]) if value else "" for one in inner]
            else:
                cells.append(_cell(name, value))
        return cells


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "path_bytes":
        return base64.b64encode(value).decode()
    if name in _JSON:
        return json_text(value)
    if name == "warnings":
        return "; ".join(value)
    return _number(value) if name in _NUMBERS else str(value)


def _value(name: str, cell: str) -> Any:
    if not cell:
        return None
    if name == "path_bytes":
        return base64.b64decode(cell)
    if name in _JSON:
        return json.loads(cell)
    if name in _WHOLE:
        return int(cell)
    return float(cell) if name in _NUMBERS else cell


def _none_or_empty(row: Row) -> list[str] | None:
    return [] if row["error"] is None else None


def _number(value: float) -> str:
    return repr(float(value))
