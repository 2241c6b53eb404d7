"""How far a model's confidence is from how often it is right."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .significance import Interval, percentile_interval

BINS = 15
_DRAWS = 2000
_SEED = 0


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
    return _error(claimed.max(axis=1).astype(np.float64), claimed.argmax(axis=1) == true)


def calibration_error_by_chance(posteriors: npt.NDArray[np.floating]) -> Interval | None:
    """The error that a perfectly calibrated model of these confidences would show by chance.

    Few tracks fill no bin well, so that the error of a perfect model is not 0. An error inside
    this interval is no evidence against the calibration (J. Broecker and L. A. Smith, "Increasing
    the Reliability of Reliability Diagrams", Weather and Forecasting 2007: consistency resampling).

    Parameters
    ----------
    posteriors : (n, genres)
        Of independent tracks. Rows of zeros (silence) are left out.

    Returns
    -------
    Interval or None
        95 %: from 2,000 draws in which each answer is right as often as its confidence claims.
    """
    claimed = posteriors[posteriors.any(axis=1)]
    if not len(claimed):
        return None
    confidence = claimed.max(axis=1).astype(np.float64)
    draws = np.random.default_rng(_SEED).random((_DRAWS, len(confidence))) < confidence
    return percentile_interval(np.array([_error(confidence, correct) for correct in draws]))


def _error(confidence: npt.NDArray[np.float64], correct: npt.NDArray[np.bool_]) -> float:
    # Bins are closed on the right, as in the paper: a confidence of 1 is in the last.
    bins = np.digitize(confidence, np.linspace(0.0, 1.0, BINS + 1)[1:-1], right=True)
    # |accuracy - confidence| * share of the bin is |sum of differences| / n.
    differences = np.bincount(bins, weights=correct - confidence, minlength=BINS)
    return float(np.abs(differences).sum() / len(confidence))
