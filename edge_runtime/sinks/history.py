"""``--history``: which genre was playing when, in a SQLite database."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..stream.event import Event
from .background import Background
from .history_database import HistoryFile, Stretch

_log = logging.getLogger(__name__)

_SAVE_SECONDS = 10.0
"""How often a stretch that goes on is saved: an SD card bears it, a power cut costs no more."""
_OTHER_KIND_SECONDS = 30.0
"""A stretch ends where style or mood began to be another if it stays so for so long. They waver
more than the genre, and a row for each would be of no use to anybody."""
_GAP_SECONDS = 30.0
"""A stretch ends where so much sound is missing, or the clock was set by so much."""


class History:
    """Saves stretches of one label.

    Parameters
    ----------
    path : path
        Created where there is none. Several processes may share it.
    source : str
        Name of the source; saved with each stretch.

    Raises
    ------
    OutputFileError
        If the file cannot be written, or is not such a database.
    """

    def __init__(self, path: Path, *, source: str) -> None:
        file = HistoryFile(path, source)
        self._stretches = Stretches()
        self._background = Background(
            f"history {path}", file.save, logger=_log, items="entries", finish=file.close
        )

    def show(self, event: Event) -> None:
        """Count the event; queue what is to be saved."""
        for stretch in self._stretches.add(event):
            self._background.put(stretch)

    def close(self) -> None:
        """Save the last stretch."""
        if (stretch := self._stretches.current) is not None:
            self._background.put(stretch)
        self._background.close()


@dataclass(frozen=True)
class _Moment:
    """When the last event was."""

    monotonic: float
    wall: float


class Stretches:
    """Joins events of one label, and of one style and mood by and large, to stretches."""

    def __init__(self) -> None:
        self.current: Stretch | None = None
        """The stretch that goes on; None before the first event"""
        self._last: _Moment | None = None
        self._saved_at = 0.0
        self._number = 0
        self._beginning: Stretch | None = None  # the current one before it had another style

    def add(self, event: Event) -> list[Stretch]:
        """Take an event in; returns the stretches that are to be saved (again)."""
        now = _Moment(event.time, datetime.fromisoformat(event.utc).timestamp())
        new_s = event.new_s
        current, due = self.current, []
        if current is None or current.label != event.label or self._is_cut(now, new_s):
            if current is not None:
                due.append(current)
            self._number += 1
            current = Stretch(
                self._number, event.label, now.wall - new_s, now.wall, new_s, event.confidence,
                event.style, event.mood,
            )  # fmt: skip
            self._beginning = None
            is_due = True
        else:
            before, current = current, current.extended(now.wall, new_s, event.confidence)
            is_due = now.monotonic - self._saved_at >= _SAVE_SECONDS
            kind = (event.style, event.mood)
            if kind == current.kind:
                self._beginning = None
            elif self._beginning is None:
                self._beginning = before
            beginning = self._beginning
            if beginning and current.seconds - beginning.seconds >= _OTHER_KIND_SECONDS:
                self._number += 1
                due.append(beginning)
                current = current.rest(self._number, beginning, kind)
                self._beginning = None
                is_due = True
        if is_due:
            self._saved_at = now.monotonic
            due.append(current)
        self.current, self._last = current, now
        return due

    def _is_cut(self, now: _Moment, new_s: float) -> bool:
        if self._last is None:
            return False
        monotonic, wall = now.monotonic - self._last.monotonic, now.wall - self._last.wall
        return abs(wall - monotonic) > _GAP_SECONDS or monotonic - new_s > _GAP_SECONDS
