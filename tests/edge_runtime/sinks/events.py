"""Events, and what sinks log."""

from __future__ import annotations

import contextlib
import logging
import queue
from collections.abc import Iterator
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


class Reported(logging.Handler):
    """What a sink logs, message by message."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._new: queue.Queue[str] = queue.Queue()

    def emit(self, record: logging.LogRecord) -> None:
        """Take down a message."""
        line = record.getMessage()
        self.lines.append(line)
        self._new.put(line)

    @contextlib.contextmanager
    def attached(self) -> Iterator[Reported]:
        """Inside, what any module of the runtime logs comes here."""
        logger = logging.getLogger("edge_runtime")
        logger.addHandler(self)
        try:
            yield self
        finally:
            logger.removeHandler(self)

    def next(self) -> str:
        """The next message, when it comes."""
        try:
            return self._new.get(timeout=PATIENCE_S)
        except queue.Empty:
            pytest.fail(f"nothing more was reported than {self.lines}")
