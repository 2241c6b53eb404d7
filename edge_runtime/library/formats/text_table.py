"""What tables in text share: rows of any length, found again by the places where they begin."""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

from ..row import Columns, Row, name_of, pending_mtime_ns
from . import Head, unreadable

_Record = TypeVar("_Record")
"""A row, taken apart as far as it takes to find its end"""


class TextTable(ABC, Generic[_Record]):
    """A table that was opened.

    Parameters
    ----------
    path : Path

    Raises
    ------
    OutputFileError
        If it cannot be read.
    """

    columns: Columns

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offsets = array("q")
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise unreadable(path, error) from None

    @abstractmethod
    def heads(self) -> Iterator[Head]:
        """Of all rows; finds where each begins."""

    @abstractmethod
    def _records(self) -> Iterable[_Record]: ...

    @abstractmethod
    def _record(self, content: bytes) -> _Record: ...

    @abstractmethod
    def _row(self, record: _Record) -> Row: ...

    def rows(
        self, numbers: Sequence[int] | None = None, *, names: Sequence[str] | None = None
    ) -> Iterator[Row]:
        """Rows of these numbers, or all; of these columns, or all."""
        some = None if numbers is None else map(self._record, self.contents(numbers))
        for record in self._records() if some is None else some:
            row = self._row(record)
            yield row if names is None else {name: row.get(name) for name in names}

    def contents(self, numbers: Sequence[int]) -> Iterator[bytes]:
        """The bytes of rows, as they are."""
        for number in numbers:
            start, stop = self._offsets[number], self._offsets[number + 1]
            self._file.seek(start)
            yield self._file.read(stop - start)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def head_of(row: Row) -> Head:
    """What decides whether a row is still true."""
    return Head(
        name_of(row), row["size"], row["mtime_ns"], row["seconds"], row["sample"], row["channel"],
        row["model"], row["model_sha256"], row["error"] is not None,
        pending_mtime_ns(row),
    )  # fmt: skip
