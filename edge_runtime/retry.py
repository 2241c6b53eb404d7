"""Faults that may pass: reported once, tried again with growing delays, reported when over."""

from __future__ import annotations

import logging

FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 60.0


class Backoff:
    """Delays between tries, and a warning at the beginning and at the end of a streak of faults.

    A fault of another kind within the streak is reported as well, once.

    Parameters
    ----------
    name : str
        What fails; begins each message.
    logger : logging.Logger
        Of the module that tries.
    longest_s : float, optional
        Between two tries, seconds; `LONGEST_DELAY_SECONDS` where none is given.
    """

    def __init__(
        self, name: str, logger: logging.Logger, *, longest_s: float | None = None
    ) -> None:
        self._name, self._logger, self._longest_s = name, logger, longest_s
        self._reported: set[str] = set()
        self._failures = 0

    def failed(self, message: str, remedy: str = "trying again") -> float:
        """Count a fault; returns how long to wait before the next try, seconds."""
        if message not in self._reported:
            self._reported.add(message)
            self.report(f"{message}; {remedy}")
        # 2 ** 10 s are more than the longest delay; larger powers would overflow one day.
        delay = FIRST_DELAY_SECONDS * 2.0 ** min(self._failures, 10)
        self._failures += 1
        return min(delay, self._longest_s or LONGEST_DELAY_SECONDS)

    @property
    def failing(self) -> bool:
        """Whether the last try failed."""
        return self._failures > 0

    def recovered(self, message: str = "works again") -> None:
        """End the streak."""
        self.report(message)
        self._reported.clear()
        self._failures = 0

    def report(self, message: str) -> None:
        """Log a warning under the name."""
        self._logger.warning("%s: %s", self._name, message)
