"""What a command says on stderr, one line at a time: faults, warnings, notes, details."""

from __future__ import annotations

import time
from enum import IntEnum

from ..errors import EdgeGenreError
from ..journal import is_journal
from ..stderr import say, visible_stderr
from ..stream.event import Event


class Level(IntEnum):
    """How much something matters; the numbers are those of syslog."""

    ERROR = 3
    WARNING = 4
    INFO = 6
    DEBUG = 7


LEVELS = {level.name.lower(): level for level in Level}
"""By the names that ``--log-level`` takes"""

_DETAIL_SECONDS = 60.0

_shown = Level.INFO


def show_up_to(level: Level) -> None:
    """Say nothing that matters less than this, from now on."""
    global _shown  # noqa: PLW0603  # stderr is one for the whole process, too
    _shown = level


def report(error: EdgeGenreError) -> int:
    """Say what went wrong; returns the exit code that goes with it."""
    _tell(Level.ERROR, str(error))
    return error.exit_code


def warn(message: str) -> None:
    """Say what is odd, and go on."""
    _tell(Level.WARNING, f"warning: {message}")


def note(message: str) -> None:
    """Say what is good to know."""
    _tell(Level.INFO, message)


def detail(message: str) -> None:
    """Say what helps to find a fault."""
    _tell(Level.DEBUG, message)


class Timings:
    """A sink that tells, once a minute, what the answers cost; for ``--log-level debug``."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._since = time.monotonic()
        self._windows, self._front_end_ms, self._inference_ms = 0, 0.0, 0.0

    def show(self, event: Event) -> None:
        """Count a window."""
        self._windows += 1
        self._front_end_ms += event.front_end_ms
        self._inference_ms += event.inference_ms
        if time.monotonic() - self._since >= _DETAIL_SECONDS:
            self.close()

    def close(self) -> None:
        """Tell of the windows since the last time."""
        if self._windows:
            detail(
                f"{self._windows} windows in {time.monotonic() - self._since:.0f} s: "
                f"{self._front_end_ms / self._windows:.2f} ms front end, "
                f"{self._inference_ms / self._windows:.2f} ms inference each"
            )
        self._begin()


def _tell(level: Level, message: str) -> None:
    if level <= _shown:
        line = f"edge-genre: {' '.join(message.split())}"
        # The journal takes a level before each line: sd-daemon(3).
        say(f"<{int(level)}>{line}" if is_journal(visible_stderr()) else line)
