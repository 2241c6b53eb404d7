"""The loss that calibration is fitted by: what n tracks can show, and no more."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_FLOOR = 1e-12


def smoothed_log_loss(
    posteriors: npt.NDArray[np.floating[Any]], labels: npt.NDArray[np.int64], n_independent: int
) -> float:
    """Mean cross-entropy between a smoothed truth and posteriors, nats.

    If all of n tracks are right, the plain likelihood is highest at a confidence of 1, which n
    tracks cannot show. The target of the true label is therefore (n + 1) / (n + 2), Laplace's rule
    of succession, as in J. Platt, "Probabilistic outputs for support vector machines", 1999,
    section 2.2. The rest goes to all the others together.

    Parameters
    ----------
    posteriors : (n, labels)
    labels : (n,) int
    n_independent : int
        Tracks that the rows are of: windows of one track do not show more than the track does.
    """
    rows = np.arange(len(labels))
    of_truth = posteriors[rows, labels].astype(np.float64)
    others = posteriors.astype(np.float64)
    # Summed, since 1 - p of a float32 p has no digits left near 1.
    others[rows, labels] = 0.0
    missed = 1.0 / (n_independent + 2)
    logs = (1.0 - missed) * np.log(np.maximum(of_truth, _FLOOR))
    logs += missed * np.log(np.maximum(others.sum(axis=1), _FLOOR))
    return float(-np.mean(logs))
