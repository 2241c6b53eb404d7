"""The soak's own count: the sound that was delivered, and the events that came of it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from edge_runtime.sources import Chunk, Source, Stop
from edge_runtime.stream.classifier_stream import ClassifierStream
from edge_runtime.stream.event import Event


class Account:
    """Stands between the source and the loop, and compares events with what went by.

    A stretch is sound between two gaps. Each brings a window every interval, from its first full
    window on, and one more for what is left over at its end.
    """

    seconds: float | None = None

    def __init__(self, source: Source, stream: ClassifierStream) -> None:
        self._source, self._stream = source, stream
        self.name, self.rate, self.channels = source.name, source.rate, source.channels
        self._rate = source.rate
        self._total_s = 0.0  # of stretches that are over, and of gaps
        self._samples = 0  # of this stretch
        self.missing_s = 0.0
        self.windows = 0
        self.windows_lost = 0
        self.last: Event
        """The latest event"""
        self._answered: float | None = None  # end of the latest window
        self._ended_at: float | None = None  # end of a stretch whose last events are to come

    def chunks(self, stop: Stop) -> Iterator[Chunk]:
        """The source's chunks, counted."""
        for chunk in self._source.chunks(stop):
            if chunk.rate is not None or chunk.missing_s:
                self._end_stretch(chunk)
            self._samples += len(chunk.samples) + chunk.dropped
            yield chunk

    def _end_stretch(self, chunk: Chunk) -> None:
        # The events of its end come when the loop goes on; `take` sees when they are over.
        self._total_s += self._samples / self._rate
        self._ended_at = self._total_s
        self._total_s += chunk.missing_s
        self._rate = chunk.rate or self._rate
        self._samples = 0
        self.missing_s += chunk.missing_s

    def take(self, event: Event) -> None:
        """Compare an event with the one before it: no window may be left out between them."""
        self.windows += 1
        self.last = event
        window_s = self._stream.classifier.manifest.front_end.window_seconds
        interval_s = self._stream.interval_s
        if self._answered is None or event.start > self._answered:
            # A new stretch: its first window ends a window after its start.
            self.finish(interval_s)
            begin = 0.0 if self._answered is None else self._total_s
            first = begin + window_s
            self.windows_lost += max(0, round((event.end - first) / interval_s))
        else:
            # A little more than one step is the change between models of other frames.
            steps = (event.end - self._answered) / interval_s
            self.windows_lost += max(0, math.ceil(steps - 0.25) - 1)
        self._answered = event.end

    def finish(self, interval_s: float) -> None:
        """A stretch is over: it must have events to its end."""
        if self._answered is not None and self._ended_at is not None:
            rest_s = self._ended_at - self._answered
            if rest_s > 0.001:
                self.windows_lost += math.ceil(rest_s / interval_s)
        self._ended_at = None

    def finish_all(self) -> None:
        """The stream is over."""
        self._ended_at = self._total_s + self._samples / self._rate
        self.finish(self._stream.interval_s)

    @property
    def clock_error_samples(self) -> int:
        """The stream's clock against our own, in samples of the source."""
        ours = self._total_s + self._samples / self._rate
        return round(abs(self._stream.seconds - ours) * self._rate)
