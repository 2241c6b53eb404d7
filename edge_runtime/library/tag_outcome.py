"""What becomes of the tags of files, and where it is written down."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..errors import AudioFormatError, EdgeGenreError
from ..printable import printable
from .row import Row, clean

FILES_AT_ONCE = 256
"""Files between two times that rows are made safe"""
PENDING = "its tags were about to be written when a run ended; --write-tags goes on, --undo ends it"
"""In the row, until they are written"""
_FILE_SCHEME = "file://"


class RowStore(Protocol):
    """Rows of an output, that can be replaced."""

    def rows(self) -> Iterator[Row]:
        """All of them, as they were when this was called."""

    def replace(self, row: Row) -> None:
        """Put a row in place of that of the same file."""

    def commit(self) -> None:
        """Make safe what was replaced."""


class Fate(enum.Enum):
    """What became of the tags of a file; values are words for the summary."""

    WRITTEN = "written"
    HAS_ONE = "left alone, they have one"
    UNSURE = "without a genre that is sure enough"
    UNLABELLED = "without a label"
    RESTORED = "restored"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """What became of the tags of a file."""

    name: str
    fate: Fate
    before: tuple[str, ...] = ()
    """What the user sees in the field"""
    after: tuple[str, ...] = ()
    error: str = ""
    """One line that begins with the file's name"""

    @property
    def line(self) -> str:
        """For the user."""
        if self.error:
            return self.error
        before, after = ("; ".join(values) or "nothing" for values in (self.before, self.after))
        return printable(f"{self.name}: {after} (was: {before})")


def is_pending(row: Row) -> bool:
    """Whether a run ended while it wrote the tags of a row's file."""
    return row.get("tags_error") == PENDING


def failed(name: str, error: EdgeGenreError) -> Outcome:
    """The outcome of a file whose tags could not be read or written."""
    return Outcome(name, Fate.FAILED, error=clean(printable(str(error))))


def tag_values(row: Row, column: str, field: str) -> tuple[str, ...] | None:
    """Values of a field in a column of `WRITTEN`; None where the row has none."""
    values = (row.get(column) or {}).get(field)
    return None if values is None else tuple(values)


def local_path(name: str) -> Path:
    """The file of a name, where it is one of this machine."""
    if name.startswith(_FILE_SCHEME):
        return Path(name.removeprefix(_FILE_SCHEME))
    if "://" in name:
        raise AudioFormatError(f"{name}: is not on this machine; its tags are not written")
    return Path(name)
