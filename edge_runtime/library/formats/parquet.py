"""Rows as Parquet, by pyarrow; read and written row group by row group."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from ...output_file import FileKind
from ..row import WRITTEN, Columns, Row, single, singles
from . import HEAD_COLUMNS, Head, RowFile, unreadable
from .text_table import head_of

_GROUP_ROWS = 2048
_GROUPS_HELD = 4
"""Of one file, in memory: rows are asked for nearly in the order in which they were written."""
_COMPRESSION = "zstd"

_TYPES = {
    "path": pa.string(), "path_bytes": pa.binary(), "size": pa.int64(), "mtime_ns": pa.int64(),
    "sound_sha256": pa.string(), "seconds": pa.float64(), "genre": pa.string(),
    "confidence": pa.float32(), "styles": pa.map_(pa.string(), pa.float32()),
    "style": pa.string(), "mood": pa.string(), "silence_share": pa.float32(),
    "not_music_share": pa.float32(), "other_share": pa.float32(), "sample": pa.string(),
    "channel": pa.string(),
    "timeline": pa.list_(
        pa.struct(
            {
                "start": pa.float64(), "end": pa.float64(), "label": pa.string(),
                "confidence": pa.float32(),
            }
        )
    ),
    "warnings": pa.list_(pa.string()), "model": pa.string(), "model_sha256": pa.string(),
    "error": pa.string(), "old_tags": pa.map_(pa.string(), pa.list_(pa.string())),
    "written_tags": pa.map_(pa.string(), pa.list_(pa.string())), "tags_error": pa.string(),
}  # fmt: skip
_MAPS = {"styles", *WRITTEN[:2]}
_SINGLES = {"confidence", "silence_share", "not_music_share", "other_share"}


class Parquet:
    """The format; see `edge_runtime.library.formats.Format`."""

    suffix = ".parquet"
    kind = FileKind("a Parquet file", lambda head: head.startswith(b"PAR1"))

    def open(self, path: Path) -> ParquetRows:
        """Open a table."""
        return ParquetRows(path)

    def writer(self, file: BinaryIO, columns: Columns) -> ParquetWriter:
        """Begin a table."""
        return ParquetWriter(file, columns)


FORMAT = Parquet()


def schema(columns: Columns) -> pa.Schema:
    """Names and types of the columns."""
    inner = {"posterior": columns.labels, "tags": columns.tags}
    return pa.schema(
        {
            name: pa.struct({one: pa.float32() for one in inner[name]})
            if name in inner
            else _TYPES[name]
            for name in columns.names
            if name not in inner or inner[name]  # Parquet has no struct of nothing
        }
    )


class ParquetRows:
    """A table that was opened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = pq.ParquetFile(path, memory_map=False, pre_buffer=False)
        except (OSError, pa.ArrowException) as error:
            raise unreadable(path, error) from None
        self.schema = self._file.schema_arrow
        if not {"sound_sha256", *HEAD_COLUMNS} <= set(self.schema.names):
            self._file.close()
            raise unreadable(path, ValueError("it has other columns"))
        self.columns = Columns(
            self._inner("posterior"),
            self._inner("tags"),
            "timeline" in self.schema.names,
            WRITTEN[0] in self.schema.names,
        )
        self._groups: OrderedDict[int, pa.Table] = OrderedDict()
        self._starts = [0]
        for group in range(self._file.num_row_groups):
            rows = self._file.metadata.row_group(group).num_rows
            self._starts.append(self._starts[-1] + rows)

    def heads(self) -> Iterator[Head]:
        """Of all rows."""
        for table in self._pieces([*HEAD_COLUMNS, WRITTEN[-1]]):
            for row in table.to_pylist():
                yield head_of(row)

    def rows(
        self, numbers: Sequence[int] | None = None, *, names: Sequence[str] | None = None
    ) -> Iterator[Row]:
        """Rows of these numbers, or all; of these columns, or all."""
        pieces = self._pieces(names) if numbers is None else [self.taken(numbers)]
        for table in pieces:
            for row in table.to_pylist():
                whole = _plain(row)
                yield whole if names is None else {name: whole.get(name) for name in names}

    def taken(self, numbers: Sequence[int]) -> pa.Table:
        """Rows of these numbers."""
        pieces, at = [], 0
        while at < len(numbers):
            first = numbers[at]
            group = bisect_right(self._starts, first) - 1
            stop = at + 1
            while (
                stop < len(numbers)
                and numbers[stop] == first + stop - at
                and numbers[stop] < self._starts[group + 1]
            ):
                stop += 1
            pieces.append(self._group(group).slice(first - self._starts[group], stop - at))
            at = stop
        return pa.concat_tables(pieces)

    def close(self) -> None:
        """Close the file."""
        self._groups.clear()
        self._file.close()

    def _pieces(self, names: Sequence[str] | None) -> Iterator[pa.Table]:
        there = None if names is None else [name for name in names if name in self.schema.names]
        try:
            for batch in self._file.iter_batches(_GROUP_ROWS, columns=there, use_threads=False):
                yield pa.Table.from_batches([batch])
        except (OSError, pa.ArrowException) as error:
            raise unreadable(self._path, error) from None

    def _group(self, group: int) -> pa.Table:
        if group not in self._groups:
            try:
                self._groups[group] = self._file.read_row_group(group, use_threads=False)
            except (OSError, pa.ArrowException) as error:
                raise unreadable(self._path, error) from None
            if len(self._groups) > _GROUPS_HELD:
                self._groups.popitem(last=False)
        self._groups.move_to_end(group)
        return self._groups[group]

    def _inner(self, name: str) -> tuple[str, ...]:
        if name not in self.schema.names:
            return ()
        kind = self.schema.field(name).type
        return tuple(kind.field(index).name for index in range(kind.num_fields))


class ParquetWriter:
    """A table that is being written."""

    def __init__(self, file: BinaryIO, columns: Columns) -> None:
        self._schema = schema(columns)
        # Shared memory pools of threads would grow with the machine's cores.
        self._writer = pq.ParquetWriter(file, self._schema, compression=_COMPRESSION)
        self._waiting: list[pa.Table] = []
        self._n_waiting = 0

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows."""
        rows = iter(rows)
        while some := [_arrow(row) for row in islice(rows, _GROUP_ROWS)]:
            self._take(pa.Table.from_pylist(some, self._schema))

    def copy(self, source: RowFile, numbers: Sequence[int]) -> None:
        """Write rows of another table."""
        assert isinstance(source, ParquetRows)
        if source.schema.equals(self._schema):
            self._take(source.taken(numbers))
        else:
            self.add(source.rows(numbers))

    def __enter__(self) -> ParquetWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._flush(1)
                self._writer.close()
        finally:
            # It would be closed once more, into a file that is gone.
            self._writer.is_open = False

    def _take(self, table: pa.Table) -> None:
        self._waiting.append(table)
        self._n_waiting += table.num_rows
        if self._n_waiting >= _GROUP_ROWS:
            self._flush(_GROUP_ROWS)

    def _flush(self, at_least: int) -> None:
        """Write row groups, as long as there are so many rows: the same ones in whatever pieces."""
        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting)
        while table.num_rows >= at_least:
            self._writer.write_table(table.slice(0, _GROUP_ROWS).combine_chunks())
            table = table.slice(_GROUP_ROWS)
        self._waiting, self._n_waiting = [table], table.num_rows


def _arrow(row: Row) -> dict[str, Any]:
    """A row as Arrow takes it: maps as pairs."""
    return {
        name: list(value.items()) if name in _MAPS and value is not None else value
        for name, value in row.items()
    }


def _plain(row: dict[str, Any]) -> Row:
    """A row as the other formats have it: single precision in its shortest decimals."""
    for name in _MAPS & row.keys():
        if row[name] is not None:
            row[name] = dict(row[name])
    for name in ("posterior", "tags", "styles"):
        if row.get(name) is not None:
            row[name] = singles(row[name])
    for name in _SINGLES & row.keys():
        if row[name] is not None:
            row[name] = single(row[name])
    for window in row.get("timeline") or ():
        window["confidence"] = single(window["confidence"])
    return row
