"""What the windows of a whole recording say of each moment, with what comes after it.

The filter of `decoder` knows the past alone. Where the end is known, the backward pass of the same
hidden Markov model adds what follows (Rabiner, "A tutorial on hidden Markov models", 1989, eq. 27).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .decoder import DecoderSettings, HmmFilter


def smoothed_posteriors(
    posteriors: npt.NDArray[np.float32],
    silent: Sequence[bool] | npt.NDArray[np.bool_],
    elapsed_s: Sequence[float] | npt.NDArray[np.float64],
    settings: DecoderSettings,
    window_s: float,
) -> npt.NDArray[np.float32]:
    """Posterior of the label at each window, given all windows: the forward-backward algorithm.

    Memory is that of the result. A window takes 4 bytes a label.

    Parameters
    ----------
    posteriors : (windows, labels) float32
        The network's.
    silent : (windows,) bool
        A silent window is evidence of no genre.
    elapsed_s : (windows,) float
        Seconds since the window before; the length of the window, for the first.
    settings : DecoderSettings
        Those of the filter.
    window_s : float
        Length of one window, seconds.

    Returns
    -------
    (windows, labels) float32
        Each row sums to 1.
    """
    n_windows, n_labels = posteriors.shape
    labels = tuple(map(str, range(n_labels)))
    forward = HmmFilter(labels, settings, window_s)
    smoothed = np.empty((n_windows, n_labels), np.float32)
    for index, posterior in enumerate(posteriors):
        smoothed[index] = forward.update(
            None if silent[index] else posterior, float(elapsed_s[index])
        )
    behind = np.full(n_labels, 1.0 / n_labels)  # what the windows behind this one say of it
    for index in range(n_windows - 1, -1, -1):
        both = smoothed[index] * behind
        smoothed[index] = both / both.sum()
        if not silent[index]:
            behind = behind * forward.likelihood(posteriors[index], float(elapsed_s[index]))
        behind = forward.passed(behind / behind.sum(), float(elapsed_s[index]))
    return smoothed
