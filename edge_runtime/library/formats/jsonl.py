"""Rows as JSON lines: an object a file, nested as the rows are."""

from __future__ import annotations

import base64
import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from ...output_file import JSON_LINES, FileKind
from ...printable import printable_json
from ..row import WRITTEN, Columns, Row
from . import Head, RowFile, unreadable
from .text_table import TextTable, head_of


class JsonLines:
    """The format; see `edge_runtime.library.formats.Format`."""

    suffix = ".jsonl"
    kind = FileKind(
        "JSON lines of labels", lambda head: JSON_LINES.begins(head) and _is_of_labels(head)
    )

    def open(self, path: Path) -> JsonLinesFile:
        """Open a table."""
        return JsonLinesFile(path)

    def writer(self, file: BinaryIO, columns: Columns) -> JsonLinesWriter:
        """Begin a table."""
        return JsonLinesWriter(file, columns)


FORMAT = JsonLines()


def _is_of_labels(head: bytes) -> bool:
    return head.startswith(b'{"path": ')


class JsonLinesFile(TextTable[bytes]):
    """A table that was opened."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.columns = self._columns()

    def heads(self) -> Iterator[Head]:
        """Of all rows."""
        self._offsets = array("q", [0])
        for line in self._records():
            self._offsets.append(self._offsets[-1] + len(line))
            yield head_of(self._row(line))

    def _records(self) -> Iterator[bytes]:
        self._file.seek(0)
        return iter(self._file)

    def _record(self, content: bytes) -> bytes:
        return content

    def _row(self, record: bytes) -> Row:
        try:
            row: Row = json.loads(record)
            if row["path_bytes"] is not None:
                row["path_bytes"] = base64.b64decode(row["path_bytes"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise unreadable(self._path, error) from None
        return row

    def _columns(self) -> Columns:
        """By the first row that is not a failure; there is no heading."""
        first: Row = {}
        for line in self._records():
            first = self._row(line)
            if first.get("posterior"):
                break
        labels = tuple(first.get("posterior") or ())
        return Columns(
            labels, tuple(first.get("tags") or ()), "timeline" in first, WRITTEN[0] in first
        )


class JsonLinesWriter:
    """A table that is being written."""

    def __init__(self, file: BinaryIO, columns: Columns) -> None:
        self._file = file
        self._columns = columns

    def __enter__(self) -> JsonLinesWriter:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows."""
        for row in rows:
            values = {name: row.get(name) for name in self._columns.names}
            if values["path_bytes"] is not None:
                values["path_bytes"] = base64.b64encode(values["path_bytes"]).decode()
            self._file.write(f"{json_text(values)}\n".encode())

    def copy(self, source: RowFile, numbers: Sequence[int]) -> None:
        """Write rows of another table."""
        assert isinstance(source, JsonLinesFile)
        if source.columns.written != self._columns.written:
            self.add(source.rows(numbers))
            return
        for line in source.contents(numbers):
            self._file.write(line)


def json_text(value: Any) -> str:
    """A value as JSON on one line."""
    return printable_json(json.dumps(value, ensure_ascii=False))
