"""Seconds per label of today, and which label stood when."""

from __future__ import annotations

import datetime
from collections import defaultdict, deque
from typing import Any


class DayTally:
    """Seconds per label since local midnight."""

    def __init__(self) -> None:
        self.day = datetime.date.min
        self.seconds: dict[str, float] = defaultdict(float)

    def add(self, label: str, seconds: float, day: datetime.date) -> None:
        """Count; a new day begins with nothing."""
        self.turn(day)
        self.seconds[label] += seconds

    def turn(self, day: datetime.date) -> None:
        """Forget the day before."""
        if day != self.day:
            self.day, self.seconds = day, defaultdict(float)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "date": self.day.isoformat(),
            "seconds": {label: round(value, 1) for label, value in self.seconds.items()},
        }


class Runs:
    """Which label stood when: neighbouring windows with one label are one run.

    Parameters
    ----------
    seconds : float
        How far back runs are kept.
    """

    _MOST = 500

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._runs: deque[tuple[float, float, str]] = deque(maxlen=self._MOST)

    def add(self, begin: float, end: float, label: str) -> None:
        """Add a label for a part of the stream, seconds."""
        if self._runs and self._runs[-1][2] == label and abs(self._runs[-1][1] - begin) < 1e-6:
            begin = self._runs.pop()[0]
        self._runs.append((begin, end, label))
        while self._runs[0][1] < end - self._seconds:
            self._runs.popleft()

    def clear(self) -> None:
        """Forget all."""
        self._runs.clear()

    @property
    def since(self) -> float | None:
        """When the present label began, seconds of the stream; None before the first."""
        return self._runs[-1][0] if self._runs else None

    def to_list(self, after: float = -1.0) -> list[list[float | str]]:
        """``[begin, end, label]`` of the runs that reach beyond a moment, oldest first."""
        return [
            [round(begin, 3), round(end, 3), label]
            for begin, end, label in self._runs
            if end > after
        ]
