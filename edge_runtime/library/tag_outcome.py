"""What becomes of the tags of files, and where it is written down."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from ..errors import EdgeGenreError
from ..printable import printable
from .row import Row, clean

FILES_AT_ONCE = 256
"""Files between two times that rows are made safe"""


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
    HAS_ONE = "with one already"
    UNSURE = "without a genre that is sure enough"
    UNLABELLED = "without a label"
    RESTORED = "restored"
    REMOTE = "not on this machine"
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


def failed(name: str, error: EdgeGenreError) -> Outcome:
    """The outcome of a file whose tags could not be read or written."""
    return Outcome(name, Fate.FAILED, error=clean(printable(str(error))))


def tag_values(row: Row, column: str, field: str) -> tuple[str, ...] | None:
    """Values of a field in a column of `WRITTEN`; None where the row has none."""
    values = (row.get(column) or {}).get(field)
    return None if values is None else tuple(values)


def remote(name: str) -> Outcome:
    """The outcome of a file that is not on this machine."""
    return Outcome(name, Fate.REMOTE, error=f"{clean(printable(name))}: is not on this machine; "
                   "its tags are not written")  # fmt: skip
