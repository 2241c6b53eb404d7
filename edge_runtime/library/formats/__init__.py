"""The formats of a table of rows: Parquet, JSON lines, CSV.

Each has a `RowFile`, which reads a table, and a `RowWriter`; a row that is copied from one file to
another of the same format and columns is not taken apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, TracebackType
from typing import BinaryIO, Protocol

from ...errors import EdgeGenreError, MissingExtraError, OutputFileError, ParameterError
from ...output_file import FileKind
from ...printable import printable
from ..row import Columns, Row

SUFFIXES = (".parquet", ".jsonl", ".csv")


@dataclass(frozen=True, slots=True)
class Head:
    """What decides whether a row is still true."""

    name: str
    """Of the file"""
    size: int | None
    mtime_ns: int | None
    seconds: float | None
    sample: str | None
    channel: str | None
    model: str | None
    model_sha256: str | None
    failed: bool
    pending_mtime_ns: int | None
    """As `edge_runtime.library.row.pending_mtime_ns` gives it"""


HEAD_COLUMNS = (
    "path", "path_bytes", "size", "mtime_ns", "seconds", "sample", "channel", "model",
    "model_sha256", "error",
)  # fmt: skip


class RowFile(Protocol):
    """A table that was opened."""

    columns: Columns

    def heads(self) -> Iterator[Head]:
        """Of all rows, in their order; to be read to the end before `rows` is asked for some."""

    def rows(
        self, numbers: Sequence[int] | None = None, *, names: Sequence[str] | None = None
    ) -> Iterator[Row]:
        """Rows of these numbers, or all; of these columns, or all."""

    def close(self) -> None:
        """Close the file."""


class RowWriter(Protocol):
    """A table that is being written: a context, and whole when that is left without a fault."""

    def __enter__(self) -> RowWriter: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows."""

    def copy(self, source: RowFile, numbers: Sequence[int]) -> None:
        """Write rows of a table of the same format."""


class Format(Protocol):
    """How a table is read and written."""

    suffix: str
    kind: FileKind

    def open(self, path: Path) -> RowFile:
        """Open a table; errors are `OutputFileError`."""

    def writer(self, file: BinaryIO, columns: Columns) -> RowWriter:
        """Begin a table."""


def format_of(path: Path, option: str) -> Format:
    """The format of a file, by its suffix.

    Raises
    ------
    ParameterError
        If it is none that is known.
    MissingExtraError
        If pyarrow is needed and not installed.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ParameterError(
            f"{option} {path}: ends in {suffix or 'nothing'!r}; name a file that ends in "
            f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        )
    module: ModuleType
    if suffix == ".jsonl":
        from . import jsonl as module
    elif suffix == ".csv":
        from . import comma_separated as module
    else:
        try:
            from . import parquet as module
        except ImportError:
            raise MissingExtraError(
                f"{option} {path}", "library", "or name a file that ends in .jsonl or .csv"
            ) from None
    made: Format = module.FORMAT
    return made


def unreadable(path: Path, error: Exception) -> EdgeGenreError:
    """The error of a table that cannot be read as what it is said to be."""
    reason = getattr(error, "strerror", None) or printable(str(error).partition("\n")[0])
    return OutputFileError(
        f"{path}: cannot be read as a table of labels ({reason}); name another file, or label "
        "anew with edge-genre label --overwrite"
    )
