"""A classifier on a stream: chunks of sound in, events out."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from .classifier import Classifier
from .conditioning import level_dbfs
from .decoder import StickyDecoder
from .errors import ParameterError
from .events import Event
from .frontend import StreamingFrontEnd
from .manifest import SILENCE, DecoderSettings
from .resample import missing_band
from .segments import SoundPath


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
    on_window : callable, optional
        Told the samples of each window, (n,) float32 at the model's rate, and the sample clock of
        its end, before its event is made: for those who draw the sound. The samples are a
        read-only view that is valid during the call.

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
        on_window: Callable[[npt.NDArray[np.float32], int], None] | None = None,
    ) -> None:
        params = classifier.manifest.front_end
        settings = settings or classifier.manifest.decoder
        self._classifier = classifier
        self._silence_dbfs = settings.silence_dbfs
        self._rate = params.sample_rate
        frames = max(1, round(settings.interval_s / params.hop_seconds))
        self._front_end = StreamingFrontEnd(params, interval=frames * params.hop)
        source_rate = params.sample_rate if rate is None else rate
        self._path = SoundPath(source_rate, channels, params)
        self.warning = missing_band(source_rate, params)
        """What the source lacks of what the model heard in training; None if nothing"""
        self._decoder = StickyDecoder(
            classifier.labels, settings, params.window_seconds, classifier.manifest.rejected
        )
        self._on_window = on_window
        self._answered = 0  # sample clock of the end of the last window; 0 before the first
        self._dropped = 0
        self._finished = False

    @property
    def interval_s(self) -> float:
        """Time between windows, seconds, after rounding to whole frames."""
        return self._front_end.interval / self._rate

    @property
    def seconds(self) -> float:
        """Sound taken in so far, seconds."""
        return self._front_end.clock / self._rate

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
        self._dropped += dropped
        events = [event for gap in self._path.skip(dropped) for event in self._take(gap)]
        return events + self._take(self._path.push(samples))

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
        events = self._take(self._path.finish())
        rest = self._front_end.clock - self._answered
        if rest:
            samples = self._front_end.recent
            begin = time.perf_counter()
            features = self._classifier.features(samples)
            events.append(self._event(samples, features, self._front_end.clock, begin))
        return events

    def _check_open(self) -> None:
        if self._finished:
            raise ParameterError("this stream was finished; make a new ClassifierStream")

    def _take(self, samples: npt.NDArray[np.float32]) -> list[Event]:
        events = []
        begin = time.perf_counter()
        for window in self._front_end.push(samples):
            end = window.start + len(window.samples)
            events.append(self._event(window.samples, window.features, end, begin))
            begin = time.perf_counter()
        return events

    def _event(
        self,
        samples: npt.NDArray[np.float32],
        features: npt.NDArray[np.float32],
        end: int,
        begin: float,
    ) -> Event:
        """Answer for a window that ends at a sample clock; its front end began at `begin`."""
        middle = time.perf_counter()
        posterior = self._classifier.posteriors(features[np.newaxis])[0]
        inference_ms = 1e3 * (time.perf_counter() - middle)
        if self._on_window is not None:
            self._on_window(samples, end)
        level = level_dbfs(samples)
        silent = level < self._silence_dbfs
        smoothed = self._decoder.update(
            None if silent else posterior, (end - self._answered) / self._rate
        )
        self._answered = end
        label = self._decoder.label(smoothed, level)
        return Event(
            time=time.monotonic(),
            start=(end - len(samples)) / self._rate,
            end=end / self._rate,
            label=label,
            confidence=0.0 if label == SILENCE else float(smoothed.max()),
            posterior=self._classifier.by_label(smoothed),
            raw_posterior=self._classifier.by_label(posterior),
            level_dbfs=level,
            front_end_ms=1e3 * (middle - begin),
            inference_ms=inference_ms,
            padded=len(samples) < self._classifier.manifest.front_end.window_samples,
            dropped_samples=self._dropped,
            non_finite_samples=self._path.conditioner.non_finite_samples,
            clipped_samples=self._path.conditioner.clipped_samples,
        )
