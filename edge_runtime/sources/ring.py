"""Between a capture thread and the classifier: bounded, and never in the way of the former."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

import numpy.typing as npt

from . import Chunk

RING_SECONDS = 10.0
"""Sound that may wait for a busy classifier before the oldest is dropped."""


class Ring:
    """Holds captured chunks; when it is full the oldest one goes, and its samples are counted.

    Parameters
    ----------
    capacity : int
        Samples (per channel) that may wait. The newest chunk is kept even if it alone is longer.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._waiting: deque[Chunk] = deque()
        self._samples = 0
        self._dropped = 0
        self._changed = threading.Condition()
        self._ended = False

    def put(self, samples: npt.NDArray[Any], *, dropped: int = 0) -> None:
        """Add a chunk; never waits for the classifier.

        Parameters
        ----------
        samples : (n, channels)
        dropped : int
            Samples (per channel) that were lost before them.
        """
        with self._changed:
            self._waiting.append(Chunk(samples, dropped))
            self._samples += len(samples)
            while self._samples > self._capacity and len(self._waiting) > 1:
                oldest = self._waiting.popleft()
                self._samples -= len(oldest.samples)
                self._dropped += len(oldest.samples) + oldest.dropped
            self._changed.notify()

    def end(self) -> None:
        """Nothing more will come."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    @property
    def ended(self) -> bool:
        """Whether nothing waits and nothing more will come."""
        with self._changed:
            return self._ended and not self._waiting

    def get(self, timeout_s: float) -> Chunk | None:
        """The oldest chunk, with what was dropped before it; None if none came in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended, timeout_s)
            if not self._waiting:
                return None
            oldest = self._waiting.popleft()
            self._samples -= len(oldest.samples)
            dropped, self._dropped = self._dropped, 0
            return Chunk(oldest.samples, oldest.dropped + dropped)
