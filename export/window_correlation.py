"""How much the windows of a track say the same again, so that a track's posterior is calibrated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.decoder import combined_posterior

from .likelihood import smoothed_log_loss

MINIMUM_TRACKS = 30
"""Of several windows each; on fewer the correlation is not fitted, and a track is the mean"""

_STEPS = 101
_BINS = 15

Posteriors = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class TrackCalibration:
    """What becomes of whole tracks: by the correlation, and by the mean of their windows."""

    window_correlation: float | None
    """For the manifest; None where the mean of the windows is as likely, or there are few tracks"""
    n_tracks: int
    log_loss: float
    """Mean negative log-likelihood of the tracks' true labels, nats"""
    mean_log_loss: float
    """The same of the mean of the windows"""
    calibration_error: float
    """Expected calibration error of the tracks"""
    mean_calibration_error: float
    """The same of the mean of the windows"""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form, for the manifest's metrics."""
        values = {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in vars(self).items()
        }
        return {**values, "protocol": "whole tracks; fitted to the same ones"}


def track_calibration(
    posteriors: Posteriors,
    labels: npt.NDArray[np.int64],
    tracks: npt.NDArray[np.int64],
    given: float | None = None,
) -> TrackCalibration | None:
    """The window correlation that makes the true labels of unseen tracks most likely.

    Likely by `smoothed_log_loss`: few tracks that are all right do not make a track certain.

    Parameters
    ----------
    posteriors : (n, labels)
        Of windows that were not trained on, after the temperature. A row of zeros is silence.
    labels, tracks : (n,) int
        True label of each window, and the number of its track.
    given : float, optional
        Is taken instead of fitting one.

    Returns
    -------
    TrackCalibration or None
        From 0 to 1, in steps of a hundredth. None where no correlation was given and there are
        fewer than `MINIMUM_TRACKS` of several windows.
    """
    sounding = posteriors.any(axis=1)
    posteriors, labels, tracks = posteriors[sounding], labels[sounding], tracks[sounding]
    _, first, of = np.unique(tracks, return_index=True, return_inverse=True)
    if given is None and np.sum(np.bincount(of) > 1) < MINIMUM_TRACKS:
        return None
    windows, true = [posteriors[of == track] for track in range(len(first))], labels[first]

    def combined(correlation: float | None) -> Posteriors:
        return np.array([combined_posterior(own, correlation) for own in windows])

    mean = combined(None)
    correlation, best = given, combined(given)
    if given is None:
        least = smoothed_log_loss(best, true, len(windows))
        for candidate in np.linspace(0.0, 1.0, _STEPS):
            found = combined(float(candidate))
            loss = smoothed_log_loss(found, true, len(windows))
            if loss < least:
                correlation, best, least = round(float(candidate), 2), found, loss
    return TrackCalibration(
        correlation,
        len(windows),
        _log_loss(best, true),
        _log_loss(mean, true),
        _calibration_error(best, true),
        _calibration_error(mean, true),
    )


def _log_loss(posteriors: Posteriors, true: npt.NDArray[np.int64]) -> float:
    of_truth = posteriors[np.arange(len(true)), true]
    return float(-np.mean(np.log(np.maximum(of_truth, 1e-12))))


def _calibration_error(posteriors: Posteriors, true: npt.NDArray[np.int64]) -> float:
    """As ``edge-genre evaluate`` has it (docs/reference/evaluation.md)."""
    confidence = posteriors.max(axis=1).astype(np.float64)
    bins = np.digitize(confidence, np.linspace(0.0, 1.0, _BINS + 1)[1:-1], right=True)
    differences = np.bincount(bins, weights=(posteriors.argmax(axis=1) == true) - confidence)
    return float(np.abs(differences).sum() / len(true))
