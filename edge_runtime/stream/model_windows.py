"""How one model hears a source: at its own rate, in its own windows, on the stream's clock."""

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
class HeardWindow:
    """A window that is to be answered."""

    start_s: float
    """In the stream, seconds"""
    end_s: float
    """In the stream, seconds"""
    samples: npt.NDArray[np.float32]
    """(window_samples,) or fewer; a read-only view that is valid until the next window"""
    features: npt.NDArray[np.float32]
    """(frames, coefficients), normalised"""


class Hearing:
    """Cuts a source into the windows that a model hears.

    Parameters
    ----------
    classifier : Classifier
    settings : DecoderSettings or None
        The model's own where there are none. The interval is rounded to whole frames.
    rate : int
        Of the source, hertz.
    origin_s : float
        Where in the stream the first window begins, seconds.
    wait : int
        Samples of the source that are passed over before it begins.

    Raises
    ------
    AudioFormatError
        If there cannot be such a rate.
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
    def heard_a_window(self) -> bool:
        """Whether there was sound enough for one."""
        return self._front_end.clock >= self._front_end.params.window_samples

    def decodes_like(self, other: Hearing) -> bool:
        """Whether the decoder of that one is as good for this one."""
        mine, its = self.classifier, other.classifier
        return (mine.labels, mine.rejected, self.settings, self.window_s) == (
            its.labels,
            its.rejected,
            other.settings,
            other.window_s,
        )

    def push(self, mono: Samples) -> Iterator[HeardWindow]:
        """Windows that are due with these samples of the source, each computed when asked for."""
        passed = min(self._wait, len(mono))
        self._wait -= passed
        return self._windows(self._path.push(mono[passed:]))

    def finish(self) -> Iterator[HeardWindow]:
        """Windows that are due with what the filters still held."""
        return self._windows(self._path.finish())

    def latest(self) -> HeardWindow:
        """The latest samples, a window of them or what there is; repeated to fill one."""
        samples = self._front_end.recent
        start = self._front_end.clock - len(samples)
        features = self.classifier.features(samples)
        return HeardWindow(self.origin_s + start / self._rate, self.clock_s, samples, features)

    def _windows(self, samples: Samples) -> Iterator[HeardWindow]:
        for window in self._front_end.push(samples):
            yield HeardWindow(
                self.origin_s + window.start / self._rate,
                self.origin_s + (window.start + len(window.samples)) / self._rate,
                window.samples,
                window.features,
            )
