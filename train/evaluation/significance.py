"""How much of a difference is chance: intervals for one model, a test for two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Interval = tuple[float, float]

RESAMPLES = 2000
_SEED = 0
_DRAWS_AT_ONCE = 4_000_000
"""Keeps the memory of a large data set within some hundred MB."""


def bootstrap_sums(per_track: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Sums over the tracks of each bootstrap resample.

    As many tracks as there are get drawn with replacement, 2000 times, from a fixed seed. What
    belongs to a track (its windows, say) is a column of its own and is drawn with it.

    Parameters
    ----------
    per_track : (tracks, columns)

    Returns
    -------
    (2000, columns)
    """
    n = len(per_track)
    generator = np.random.default_rng(_SEED)
    rows = max(1, _DRAWS_AT_ONCE // n)
    sums = []
    for start in range(0, RESAMPLES, rows):
        size = min(rows, RESAMPLES - start)
        draws = generator.integers(0, n, (size, n)) + n * np.arange(size)[:, np.newaxis]
        counts = np.bincount(draws.ravel(), minlength=size * n).reshape(size, n)
        sums.append(counts @ per_track.astype(np.float64))
    return np.concatenate(sums)


def percentile_interval(values: npt.NDArray[np.float64]) -> Interval:
    """The 95 % percentile interval of a statistic's bootstrap values (Efron 1979)."""
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def bootstrap_interval(correct: npt.NDArray[np.bool_]) -> Interval:
    """95 % interval of an accuracy.

    Parameters
    ----------
    correct : (tracks,) bool
        Whether each track was labelled rightly.
    """
    return percentile_interval(bootstrap_sums(correct[:, np.newaxis])[:, 0] / len(correct))


@dataclass(frozen=True)
class McNemar:
    """Where two models differ, track by track."""

    n: int
    """Tracks that both labelled"""
    b: int
    """Tracks that the first alone labelled rightly"""
    c: int
    """Tracks that the second alone labelled rightly"""

    @property
    def p(self) -> float:
        """Two-sided exact p: how often models that are equally good differ this much or more."""
        from scipy.stats import binomtest

        differing = self.b + self.c
        if not differing:
            return 1.0
        return float(binomtest(min(self.b, self.c), differing, 0.5).pvalue)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {"n": self.n, "b": self.b, "c": self.c, "p": self.p}


def mcnemar(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> McNemar:
    """McNemar's test on the same tracks.

    Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
    percentages", Psychometrika 12, 1947; for classifiers: T. Dietterich, "Approximate statistical
    tests for comparing supervised classification learning algorithms", Neural Computation 10,
    1998. The p is the exact one of the binomial distribution, not the chi-squared approximation,
    which small counts would strain.

    Parameters
    ----------
    first, second : (tracks,) bool
        Whether each model was right, in the same order of tracks.
    """
    return McNemar(len(first), int(np.sum(first & ~second)), int(np.sum(second & ~first)))
