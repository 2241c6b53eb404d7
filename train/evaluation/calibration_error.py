"""How far a model's confidence is from how often it is right."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BINS = 15


def expected_calibration_error(
    posteriors: npt.NDArray[np.floating], true: npt.NDArray[np.int64]
) -> float | None:
    """Mean distance of confidence and accuracy, over bins of confidence of equal width.

    C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, equation 3, with its 15
    bins. The confidence is the posterior of the likeliest label; a rejected label counts as
    wrong.

    Parameters
    ----------
    posteriors : (n, genres)
        Rows of zeros (silence) claim nothing and are left out.
    true : (n,) int

    Returns
    -------
    float or None
        0 is perfect; None where nothing was claimed.
    """
    sounding = posteriors.any(axis=1)
    claimed, true = posteriors[sounding], true[sounding]
    if not len(claimed):
        return None
    confidence = claimed.max(axis=1).astype(np.float64)
    correct = claimed.argmax(axis=1) == true
    # Bins are closed on the right, as in the paper: a confidence of 1 is in the last.
    bins = np.digitize(confidence, np.linspace(0.0, 1.0, BINS + 1)[1:-1], right=True)
    # |accuracy - confidence| * share of the bin is |sum of differences| / n.
    differences = np.bincount(bins, weights=correct - confidence, minlength=BINS)
    return float(np.abs(differences).sum() / len(confidence))
