"""From the posteriors of overlapping windows to one steady answer."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .announcement import Announcement, SilenceGate
from .answer import genre_or_unknown
from .model.manifest import SILENCE, DecoderSettings

_POSTERIOR_FLOOR = 1e-3
"""One overconfident window must not rule a genre out for good."""


class StickyDecoder:
    """Forward filter of a hidden Markov model whose states, the labels, last long.

    A genre stays with probability ``exp(-elapsed / dwell)`` and otherwise changes to any other
    (Rabiner, "A tutorial on hidden Markov models", 1989, eq. 20). Windows that overlap are not
    independent evidence: each counts with the share of its sound that is new, as a power of its
    posterior. More overlap therefore brings a smoother answer, not a hastier one.

    Parameters
    ----------
    labels : tuple of str
    settings : DecoderSettings
    window_s : float
        Length of one window, seconds.
    """

    def __init__(self, labels: tuple[str, ...], settings: DecoderSettings, window_s: float) -> None:
        self._labels, self._settings, self._window_s = labels, settings, window_s
        self.reset()

    def reset(self) -> None:
        """Forget everything heard."""
        self._belief = np.full(len(self._labels), 1.0 / len(self._labels))

    def update(
        self, posterior: npt.NDArray[np.float32] | None, elapsed_s: float
    ) -> npt.NDArray[np.float64]:
        """Take one window in.

        Parameters
        ----------
        posterior : (classes,) float32 or None
            The network's; None where the window was silent and tells nothing.
        elapsed_s : float
            Seconds of sound since the window before (of the whole window, for the first).

        Returns
        -------
        (classes,) float64
            The smoothed posterior; sums to 1.
        """
        stay = math.exp(-elapsed_s / self._settings.dwell_s)
        others = (1.0 - self._belief) / max(1, len(self._labels) - 1)
        belief = stay * self._belief + (1.0 - stay) * others
        if posterior is not None:
            share = min(1.0, elapsed_s / self._window_s)
            belief = belief * np.maximum(posterior.astype(np.float64), _POSTERIOR_FLOOR) ** share
        self._belief = belief / belief.sum()
        return self._belief.copy()


@dataclass(frozen=True)
class Decision:
    """What is said at a window."""

    label: str
    """A genre, ``silence`` or ``unknown``"""
    confidence: float
    """Smoothed posterior of the genre; of the likeliest label where none is said; 0 in silence"""
    smoothed: npt.NDArray[np.float64]
    """(classes,), sums to 1"""


class Decoder:
    """The whole way from a window's posterior and level to a steady answer.

    A gate for silence, the filter, the threshold, and the confirmation, in this order.

    Parameters
    ----------
    labels : tuple of str
    settings : DecoderSettings
    window_s : float
        Length of one window, seconds.
    rejected : tuple of str
        Those of the labels that are no answer: ``unknown`` where they are the likeliest.
    """

    def __init__(
        self,
        labels: tuple[str, ...],
        settings: DecoderSettings,
        window_s: float,
        rejected: tuple[str, ...] = (),
    ) -> None:
        self._labels, self._rejected = labels, rejected
        self._threshold = settings.rejection_threshold
        self._gate = SilenceGate(settings)
        self._filter = StickyDecoder(labels, settings, window_s)
        self._announcement = Announcement(settings)

    def decide(
        self, posterior: npt.NDArray[np.float32], level_dbfs: float, elapsed_s: float
    ) -> Decision:
        """Take one window in.

        Parameters
        ----------
        posterior : (classes,) float32
            The network's.
        level_dbfs : float
            Of the window.
        elapsed_s : float
            Seconds of sound since the window before (of the whole window, for the first).
        """
        silent = self._gate.is_silent(level_dbfs)
        smoothed = self._filter.update(None if silent else posterior, elapsed_s)
        candidate = SILENCE
        if not silent:
            candidate = genre_or_unknown(
                smoothed, self._labels, self._rejected, threshold=self._threshold
            )
        label = self._announcement.update(candidate, elapsed_s)
        return Decision(label, self._confidence(label, smoothed), smoothed)

    def _confidence(self, label: str, smoothed: npt.NDArray[np.float64]) -> float:
        if label == SILENCE:
            return 0.0
        if label in self._labels:
            return float(smoothed[self._labels.index(label)])
        return float(smoothed.max())
