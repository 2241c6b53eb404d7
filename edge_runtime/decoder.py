"""From the posteriors of overlapping windows to one steady answer."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .answer import genre_or_unknown
from .manifest import SILENCE, DecoderSettings

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
    rejected : tuple of str
        Those of the labels that are no genre: answered ``unknown`` where they are the likeliest.
    """

    def __init__(
        self,
        labels: tuple[str, ...],
        settings: DecoderSettings,
        window_s: float,
        rejected: tuple[str, ...] = (),
    ) -> None:
        self._labels, self._settings, self._window_s = labels, settings, window_s
        self._rejected = rejected
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

    def label(self, smoothed: npt.NDArray[np.float64], level_dbfs: float) -> str:
        """The answer for a window: a genre, ``silence`` or ``unknown``."""
        if level_dbfs < self._settings.silence_dbfs:
            return SILENCE
        return genre_or_unknown(
            smoothed,
            self._labels,
            self._rejected,
            threshold=self._settings.rejection_threshold,
        )
