"""Faults that may pass: told once, tried again with growing delays, and told when they are over."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

Report = Callable[[str], None]
"""Tells the user one line"""

FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 60.0


class Trouble:
    """Tells of a streak of faults once at its beginning and once at its end.

    A fault of another kind within the streak is told as well, once.

    Parameters
    ----------
    name : str
        What has the trouble; may be empty where the messages say so.
    report : callable
        Tells the user one line.
    longest_s : float, optional
        Between two tries, seconds; `LONGEST_DELAY_SECONDS` where none is given.
    """

    def __init__(self, name: str, report: Report, *, longest_s: float | None = None) -> None:
        self._name, self._report, self._longest_s = name, report, longest_s
        self._told: set[str] = set()
        self._failures = 0

    def failed(self, message: str, remedy: str = "trying again") -> float:
        """Count a fault; returns how long to wait before the next try, seconds."""
        if message not in self._told:
            self._told.add(message)
            self.tell(f"{message}; {remedy}")
        # 2 ** 10 s are more than the longest delay; larger powers would overflow one day.
        delay = FIRST_DELAY_SECONDS * 2.0 ** min(self._failures, 10)
        self._failures += 1
        return min(delay, self._longest_s or LONGEST_DELAY_SECONDS)

    @property
    def lasts(self) -> bool:
        """Whether the last try failed."""
        return self._failures > 0

    def recovered(self, message: str = "works again") -> None:
        """End the streak."""
        self.tell(message)
        self._told.clear()
        self._failures = 0

    def tell(self, message: str) -> None:
        """Say something about this sink."""
        # Where stderr is closed or full there is nobody to tell, and still work to do.
        with contextlib.suppress(OSError, ValueError):
            self._report(f"{self._name}: {message}" if self._name else message)
