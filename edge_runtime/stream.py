"""A classifier on a stream: chunks of sound in, events out."""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

from .classifier import Classifier
from .conditioning import Conditioner
from .decoder import StickyDecoder
from .errors import ParameterError
from .events import Event
from .manifest import SILENCE, DecoderSettings
from .resample import StreamResampler


class ClassifierStream:
    """Listens to one source; memory does not grow with time.

    Parameters
    ----------
    classifier : Classifier
    rate : int, optional
        Sample rate of the source, hertz; the model's own where none is given.
    channels : int
        Channels of the source; they are mixed down.
    settings : DecoderSettings, optional
        The model's own where none are given. The interval is rounded to whole frames.

    Examples
    --------
    >>> import numpy as np
    >>> from edge_runtime import Classifier, ClassifierStream
    >>> stream = ClassifierStream(Classifier(), rate=48000)
    >>> for second in range(4):
    ...     for event in stream.push(np.zeros(48000, dtype=np.int16)):
    ...         print(event.label)
    silence
    silence
    """

    def __init__(
        self,
        classifier: Classifier,
        *,
        rate: int | None = None,
        channels: int = 1,
        settings: DecoderSettings | None = None,
    ) -> None:
        params = classifier.manifest.front_end
        settings = settings or classifier.manifest.decoder
        self._classifier = classifier
        self._silence_dbfs = settings.silence_dbfs
        self._rate = params.sample_rate
        self._window = params.window_samples
        frames = max(1, round(settings.interval_s / params.hop_seconds))
        self._interval = frames * params.hop
        self._source_rate = params.sample_rate if rate is None else rate
        self._conditioner = Conditioner(channels)
        self._resampler = StreamResampler(self._source_rate, self._rate)
        self._decoder = StickyDecoder(classifier.labels, settings, params.window_seconds)
        self._buffer = np.zeros(0, np.float32)
        self._buffer_start = 0  # sample clock of the first buffered sample
        self._classified = 0  # sample clock of the end of the last window; 0 before the first
        self._dropped = 0
        self._finished = False

    @property
    def interval_s(self) -> float:
        """Time between windows, seconds, after rounding to whole frames."""
        return self._interval / self._rate

    @property
    def seconds(self) -> float:
        """Sound taken in so far, seconds."""
        return self._end / self._rate

    def push(self, samples: npt.NDArray[np.generic], *, dropped: int = 0) -> list[Event]:
        """Take a chunk in.

        Parameters
        ----------
        samples : (n,) or (n, channels), float or int16
            Any number of samples, none included.
        dropped : int
            Samples (per channel) that were lost before this chunk. Zeros take their place, so
            that the clock of the stream stays exact.

        Returns
        -------
        list of Event
            Of the windows that became due; often empty.

        Raises
        ------
        AudioFormatError
            If the chunk does not fit the number of channels, or is neither float nor int16.
        ParameterError
            If the stream was finished before, or `dropped` is negative.
        """
        self._check_open()
        if dropped < 0:
            raise ParameterError(f"dropped is {dropped}; it must be 0 or more")
        mono = self._conditioner(samples)
        if dropped:
            self._dropped += dropped
            mono = np.concatenate([np.zeros(dropped, np.float32), mono])
        return self._take(self._resampler.push(mono))

    def finish(self) -> list[Event]:
        """End the stream.

        Returns
        -------
        list of Event
            Windows that were still due, and one more for what came after the last window: it
            ends with the stream. A stream shorter than a window is repeated to fill one.
        """
        self._check_open()
        self._finished = True
        events = self._take(self._resampler.push(np.zeros(0, np.float32), last=True))
        if self._end > self._classified:
            start = max(self._buffer_start, self._end - self._window)
            events.append(self._event(start))
        return events

    def _check_open(self) -> None:
        if self._finished:
            raise ParameterError("this stream was finished; make a new ClassifierStream")

    @property
    def _end(self) -> int:
        return self._buffer_start + len(self._buffer)

    def _take(self, samples: npt.NDArray[np.float32]) -> list[Event]:
        if len(samples):
            self._buffer = np.concatenate([self._buffer, samples])
        events = []
        while self._end >= self._due:
            start = self._due - self._window
            events.append(self._event(start))
            self._forget(start)
        # No later window reaches further back, the last one of finish() included.
        self._forget(min(self._due, self._end) - self._window)
        return events

    @property
    def _due(self) -> int:
        """Sample clock at which the next window is complete."""
        return self._classified + self._interval if self._classified else self._window

    def _forget(self, sample: int) -> None:
        """Drop what no later window can hold."""
        if sample > self._buffer_start:
            self._buffer = self._buffer[sample - self._buffer_start :]
            self._buffer_start = sample

    def _event(self, start: int) -> Event:
        first = start - self._buffer_start
        window = self._buffer[first : first + self._window]
        end = start + len(window)
        result = self._classifier.classify_window(window)
        silent = result.level_dbfs < self._silence_dbfs
        smoothed = self._decoder.update(
            None if silent else result.posterior, (end - self._classified) / self._rate
        )
        self._classified = end
        label = self._decoder.label(smoothed, result.level_dbfs)
        return Event(
            time=time.monotonic(),
            start=start / self._rate,
            end=end / self._rate,
            label=label,
            confidence=0.0 if label == SILENCE else float(smoothed.max()),
            posterior=self._classifier.by_label(smoothed),
            raw_posterior=self._classifier.by_label(result.posterior),
            level_dbfs=result.level_dbfs,
            front_end_ms=result.front_end_ms,
            inference_ms=result.inference_ms,
            padded=len(window) < self._window,
            dropped_samples=self._dropped,
            non_finite_samples=self._conditioner.non_finite_samples,
            clipped_samples=self._conditioner.clipped_samples,
        )
