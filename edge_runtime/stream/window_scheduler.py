"""Cuts a source into the windows of a model, at its rate, on the stream's clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..audio.windows import RatePath, Samples
from ..classifier import Classifier
from ..decoder import DecoderSettings
from ..frontend import StreamingFrontEnd


@dataclass(frozen=True)
class ScheduledWindow:
    """A window that is to be classified."""

    start_s: float
    """In the stream, seconds"""
    end_s: float
    """In the stream, seconds"""
    samples: npt.NDArray[np.float32]
    """(window_samples,) or fewer; a read-only view that is valid until the next window"""
    features: npt.NDArray[np.float32]
    """(rows, coefficients): the model input"""


class WindowScheduler:
    """Which windows of a source a model classifies, and when each is due.

    Parameters
    ----------
    classifier : Classifier
    settings : DecoderSettings or None
        The model's own where there are none. The interval is rounded to whole frames.
    rate : int
        Of the source, hertz.
    origin_s : float
        Where in the stream its first window begins, seconds.
    wait : int
        Samples of the source that are skipped before it begins.

    Raises
    ------
    AudioFormatError
        If the rate is out of range.
    """

    def __init__(
        self,
        classifier: Classifier,
        settings: DecoderSettings | None,
        rate: int,
        *,
        origin_s: float = 0.0,
        wait: int = 0,
    ) -> None:
        params = classifier.manifest.front_end
        self.classifier = classifier
        self.settings = settings or classifier.manifest.decoder
        self.origin_s = origin_s
        self._wait = wait
        self._rate = params.sample_rate
        frames = max(1, round(self.settings.interval_s / params.hop_seconds))
        self._path = RatePath(rate, params)
        self._front_end = StreamingFrontEnd(params, interval=frames * params.hop)

    @property
    def interval_s(self) -> float:
        """Time between windows, seconds."""
        return self._front_end.interval / self._rate

    @property
    def window_s(self) -> float:
        """Length of a window, seconds."""
        return self._front_end.params.window_seconds

    @property
    def clock_s(self) -> float:
        """Where in the stream the latest sample is that the front end has, seconds."""
        return self.origin_s + self._front_end.clock / self._rate

    @property
    def due_s(self) -> float:
        """Where in the stream the next window ends, seconds."""
        return self.origin_s + self._front_end.due / self._rate

    @property
    def had_a_window(self) -> bool:
        """Whether there was sound enough for one."""
        return self._front_end.clock >= self._front_end.params.window_samples

    def decodes_like(self, other: WindowScheduler) -> bool:
        """Whether one decoder serves both: labels, tags, settings and window are the same."""
        return self._decoded_by == other._decoded_by

    @property
    def _decoded_by(self) -> tuple[object, ...]:
        classifier = self.classifier
        manifest = classifier.manifest
        tags = manifest.tags, manifest.styles
        return classifier.labels, classifier.ignored, self.settings, self.window_s, tags

    def push(self, mono: Samples) -> Iterator[ScheduledWindow]:
        """Windows that are due with these samples; each is computed when it is taken."""
        skipped = min(self._wait, len(mono))
        self._wait -= skipped
        return self._windows(self._path.push(mono[skipped:]))

    def finish(self) -> Iterator[ScheduledWindow]:
        """Windows that are due with the samples that the filters still hold."""
        return self._windows(self._path.finish())

    def latest(self) -> ScheduledWindow:
        """The latest samples, a window of them or what there is; repeated to fill one."""
        samples = self._front_end.recent
        start = self._front_end.clock - len(samples)
        features = self.classifier.features(samples)
        return ScheduledWindow(self.origin_s + start / self._rate, self.clock_s, samples, features)

    def _windows(self, samples: Samples) -> Iterator[ScheduledWindow]:
        for window in self._front_end.push(samples):
            yield ScheduledWindow(
                self.origin_s + window.start / self._rate,
                self.origin_s + (window.start + len(window.samples)) / self._rate,
                window.samples,
                self.classifier.model_input.complete(window.features, window.samples),
            )
