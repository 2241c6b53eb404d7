"""Sound that waits for a busy classifier: bounded, the oldest is dropped and counted."""

from __future__ import annotations

import threading
import time
from collections import deque

import numpy as np
import numpy.typing as npt

from . import Chunk

RING_SECONDS = 10.0
"""Sound that may wait before the oldest is dropped."""


class Ring:
    """Between the thread that captures and the one that classifies.

    `put` takes microseconds, whatever the other side does. No sample is lost uncounted: all that
    was put is handed out, or still there, or in the `dropped` of a chunk.

    Parameters
    ----------
    capacity : int
        Samples per channel.
    rate : int
        Hertz.
    """

    def __init__(self, capacity: int, rate: int) -> None:
        self._capacity, self._rate = capacity, rate
        self._chunks: deque[Chunk] = deque()
        self._held = 0
        self._dropped = 0  # since the last chunk was handed out
        self._changed = threading.Condition()
        self.closed = False
        """Whether nothing more will come"""
        self.began: float | None = None
        """When the first sample was captured, seconds of the monotonic clock; None before"""
        self.ended = 0.0
        """When the last one was"""

    def put(self, samples: npt.NDArray[np.generic], *, lost: int = 0) -> None:
        """Take samples.

        Parameters
        ----------
        samples : (n, channels)
            Not copied: the caller must not change them any more.
        lost : int
            Samples (per channel) that the driver lost before them.
        """
        if not len(samples):
            return
        now = time.monotonic()
        with self._changed:
            if self.began is None:
                self.began = now - len(samples) / self._rate
            self.ended = now
            self._chunks.append(Chunk(samples, lost))
            self._held += len(samples)
            while self._held > self._capacity:
                self._drop(self._held - self._capacity)
            self._changed.notify_all()

    def _drop(self, excess: int) -> None:
        oldest = self._chunks.popleft()
        if len(oldest.samples) > excess:
            self._chunks.appendleft(Chunk(oldest.samples[excess:]))
        lost = min(excess, len(oldest.samples))
        self._held -= lost
        self._dropped += oldest.dropped + lost

    def get(self, timeout_s: float) -> Chunk | None:
        """The oldest chunk; None if none came in time, or none will come any more."""
        if not self.wait(timeout_s):
            return None
        with self._changed:
            chunk = self._chunks.popleft()
            self._held -= len(chunk.samples)
            dropped, self._dropped = self._dropped, 0
        return Chunk(chunk.samples, dropped + chunk.dropped)

    def wait(self, timeout_s: float) -> bool:
        """Whether there is something to get, now or soon."""
        with self._changed:
            if not self._chunks and not self.closed:
                self._changed.wait(timeout_s)
            return bool(self._chunks)

    def close(self) -> None:
        """Nothing more will come; what is there can still be got."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()
