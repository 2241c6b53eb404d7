"""Events, and what sinks tell of them."""

from __future__ import annotations

import queue
from typing import Any

import pytest

from edge_runtime.stream.event import Event

PATIENCE_S = 60.0
"""For anything that should happen soon, on a machine that may be busy."""


def event(label: str = "jazz", time: float = 100.0, **values: Any) -> Event:
    """An event with a window of 3 s that ended at `time`."""
    fields: dict[str, Any] = {
        "time": time,
        "start": time - 3.0,
        "end": time,
        "new_s": 3.0,
        "label": label,
        "confidence": 0.0 if label == "silence" else 0.75,
        "posterior": {"blues": 0.25, "jazz": 0.75},
        "raw_posterior": {"blues": 0.5, "jazz": 0.5},
        "level_dbfs": -20.04,
        "front_end_ms": 2.0,
        "inference_ms": 1.0,
    }
    return Event(**{**fields, **values})


class Told:
    """What a sink told the user, line by line."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._new: queue.Queue[str] = queue.Queue()

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        self._new.put(line)

    def next(self) -> str:
        """The next line, when it comes."""
        try:
            return self._new.get(timeout=PATIENCE_S)
        except queue.Empty:
            pytest.fail(f"nothing more was told than {self.lines}")
