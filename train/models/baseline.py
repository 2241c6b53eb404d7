"""What the classic methods have in common: statistics of MFCC frames in, posteriors out."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Features = npt.NDArray[np.float32]
Posteriors = npt.NDArray[np.float32]


class Baseline(Protocol):
    """A classic classifier of windows."""

    def fit(
        self, windows: Features, labels: npt.NDArray[np.int64], tracks: npt.NDArray[np.int64]
    ) -> None:
        """Fit to (n, frames, coefficients) windows, their genres and tracks."""

    def predict(self, windows: Features) -> Posteriors:
        """(n, classes) posteriors of (n, frames, coefficients) windows."""

    @property
    def parameters(self) -> int:
        """How many numbers were fitted."""


def gaussians(windows: Features) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean (n, d) and covariance (n, d, d) of the frames of each window (n, frames, d)."""
    means = windows.mean(axis=1, dtype=np.float64)
    centred = windows.astype(np.float64) - means[:, np.newaxis]
    return means, np.matmul(centred.transpose(0, 2, 1), centred) / (windows.shape[1] - 1)


def statistics(windows: Features) -> npt.NDArray[np.float64]:
    """Mean and covariance (its upper triangle) of each window's frames, as one row.

    Returns
    -------
    (n, d + d (d + 1) / 2) float64
    """
    means, covariances = gaussians(windows)
    upper = np.triu_indices(means.shape[1])
    return np.concatenate([means, covariances[:, upper[0], upper[1]]], axis=1)
