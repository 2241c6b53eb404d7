"""The student report's nearest neighbours: a Gaussian per window, the Kullback-Leibler distance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .baseline import Features, Posteriors, gaussians

_NEIGHBOURS = 5
_QUERIES_AT_ONCE = 512

_RIDGE = 1e-3
"""Added to the variances (of normalised coefficients): a constant tone has none of its own."""


class GaussianKnn:
    """k = 5 nearest neighbours among Gaussians of MFCC frames.

    Each window is the mean and the covariance of its frames; the distance is the symmetrised
    Kullback-Leibler divergence of two Gaussians (M. Mandel and D. Ellis, "Song-level features and
    support vector machines for music classification", ISMIR 2005). The posterior is the share of
    the neighbours; the nearest one breaks ties.
    """

    def __init__(self, n_classes: int, seed: int) -> None:
        self._n_classes = n_classes

    def fit(
        self, windows: Features, labels: npt.NDArray[np.int64], tracks: npt.NDArray[np.int64]
    ) -> None:
        """Store every window."""
        self._labels = labels
        self._means, self._covariances, self._precisions = _terms(windows)

    def predict(self, windows: Features) -> Posteriors:
        """Shares of the nearest windows."""
        blocks = [
            self._votes(windows[start : start + _QUERIES_AT_ONCE])
            for start in range(0, len(windows), _QUERIES_AT_ONCE)
        ]
        return np.concatenate(blocks).astype(np.float32)

    @property
    def parameters(self) -> int:
        """Means and covariances that are stored."""
        return int(self._means.size + self._covariances.size)

    def _votes(self, windows: Features) -> npt.NDArray[np.float64]:
        distances = symmetric_divergence(
            _terms(windows), (self._means, self._covariances, self._precisions)
        )
        k = min(_NEIGHBOURS, len(self._labels))
        nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
        votes = np.zeros((len(windows), self._n_classes))
        rows = np.arange(len(windows))
        for place in range(k):
            # A little more for the nearer one: it decides between genres with as many votes.
            votes[rows, self._labels[nearest[:, place]]] += 1.0 + 0.01 * (k - place)
        return votes / votes.sum(axis=1, keepdims=True)


_Terms = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]


def _terms(windows: Features) -> _Terms:
    means, covariances = gaussians(windows)
    covariances = covariances + _RIDGE * np.eye(means.shape[1])
    return means, covariances, np.asarray(np.linalg.inv(covariances), np.float64)


def symmetric_divergence(a: _Terms, b: _Terms) -> npt.NDArray[np.float64]:
    """Symmetrised Kullback-Leibler divergence of every pair of Gaussians.

    ``KL(p||q) + KL(q||p) = (tr(Sq^-1 Sp) + tr(Sp^-1 Sq) + (mp - mq)' (Sp^-1 + Sq^-1) (mp - mq)) / 2
    - d``; the determinants cancel. Every term is a sum over pairs of products, so that all pairs
    are a few matrix products.

    Parameters
    ----------
    a, b : means (n, d), covariances (n, d, d), their inverses (n, d, d)

    Returns
    -------
    (n of a, n of b) float64
    """
    (mean_a, cov_a, inv_a), (mean_b, cov_b, inv_b) = a, b
    d = mean_a.shape[1]
    # With the second moments S + m m', traces and squares of the means come in one product.
    moment_a, moment_b = cov_a + _outer(mean_a), cov_b + _outer(mean_b)
    pull_a, pull_b = _times(inv_a, mean_a), _times(inv_b, mean_b)
    total = _flat(moment_a) @ _flat(inv_b).T + _flat(inv_a) @ _flat(moment_b).T
    total -= 2.0 * (mean_a @ pull_b.T + pull_a @ mean_b.T)
    total += np.sum(pull_a * mean_a, axis=1)[:, np.newaxis] + np.sum(pull_b * mean_b, axis=1)
    return np.asarray(np.maximum(0.5 * total - d, 0.0))


def _outer(means: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(means[:, :, np.newaxis] * means[:, np.newaxis, :])


def _times(
    matrices: npt.NDArray[np.float64], vectors: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    return np.asarray(np.matmul(matrices, vectors[:, :, np.newaxis])[:, :, 0])


def _flat(matrices: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return matrices.reshape(len(matrices), -1)
