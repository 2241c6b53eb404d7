"""Where the latest row of every file is: in which of the tables that a store is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from .formats import Format, Head, RowFile
from .row import Columns, Row, name_of, pending_mtime_ns

_FILES_OPEN = 16
"""Tables that are read from at once; files are labelled in the order in which rows are written."""


class Place(NamedTuple):
    """Of a row, and what it was made from."""

    source: int
    """Which of the tables"""
    number: int
    """Of the row in it"""
    size: int | None
    mtime_ns: int | None
    seconds: float
    failed: bool
    pending_mtime_ns: int | None
    """Of the file, if a run that ended has written its tags"""


class RowPlaces:
    """Places of rows by the names of their files; a later row takes the place of an earlier one.

    Parameters
    ----------
    form : Format
        Of all tables.
    rows_at_once : int
        The longest run of rows that is read in one go.
    """

    def __init__(self, form: Format, rows_at_once: int) -> None:
        self._format = form
        self._rows_at_once = rows_at_once
        self._places: dict[str, Place] = {}
        self._sources: list[Path] = []
        self._open: dict[int, RowFile] = {}

    def take(self, source: Path, check: Callable[[Head, Columns], None]) -> Columns:
        """Add the rows of a table, each of which `check` may refuse; the table's columns."""
        file = self._format.open(source)
        number = len(self._sources)
        self._sources.append(source)
        self._remember(number, file)
        for index, head in enumerate(file.heads()):
            check(head, file.columns)
            self._places[head.name] = Place(
                number, index, head.size, head.mtime_ns, head.seconds or 0.0, head.failed,
                head.pending_mtime_ns,
            )  # fmt: skip
        return file.columns

    def append(self, source: Path, rows: Sequence[Row]) -> None:
        """Add a table that was just written, with these rows."""
        number = len(self._sources)
        self._sources.append(source)
        for index, row in enumerate(rows):
            self._places[name_of(row)] = Place(
                number, index, row["size"], row["mtime_ns"], row["seconds"] or 0.0,
                row["error"] is not None, pending_mtime_ns(row),
            )  # fmt: skip

    def get(self, name: str) -> Place | None:
        """Of a file's row, if there is one."""
        return self._places.get(name)

    def row(self, name: str) -> Row:
        """The row of a file that has one."""
        place = self._places[name]
        (row,) = self.file(place.source).rows([place.number])
        return row

    def drop(self, name: str) -> None:
        """Forget the row of a file."""
        del self._places[name]

    def names(self) -> Iterator[str]:
        """Of all files that have a row."""
        return iter(self._places)

    def all(self) -> Iterator[Place]:
        """Of every row."""
        return iter(self._places.values())

    def runs(self) -> Iterator[tuple[int, list[int]]]:
        """Rows in the order of their names, those together that come from one table."""
        source, numbers = -1, list[int]()
        for name in sorted(self._places):
            place = self._places[name]
            if place.source != source or len(numbers) >= self._rows_at_once:
                if numbers:
                    yield source, numbers
                source, numbers = place.source, []
            numbers.append(place.number)
        if numbers:
            yield source, numbers

    def file(self, number: int) -> RowFile:
        """One of the tables, open."""
        if number not in self._open:
            file = self._format.open(self._sources[number])
            for _ in file.heads():
                pass  # it learns where its rows are
            self._remember(number, file)
        else:
            self._open[number] = self._open.pop(number)  # the latest one is the last to go
        return self._open[number]

    def close(self) -> None:
        """Close what is open."""
        for file in self._open.values():
            file.close()
        self._open.clear()

    def _remember(self, number: int, file: RowFile) -> None:
        self._open[number] = file
        if len(self._open) > _FILES_OPEN:
            oldest = next(iter(self._open))
            self._open.pop(oldest).close()
