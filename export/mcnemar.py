"""Whether two models differ on the same tracks by more than chance."""

from __future__ import annotations

from math import comb

import numpy as np
import numpy.typing as npt


def mcnemar_p(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> float:
    """Two-sided p of McNemar's test, exact (Q. McNemar, Psychometrika 12, 1947).

    Parameters
    ----------
    first, second : (tracks,) bool
        Whether each model was right, in the same order of tracks.
    """
    only_first, only_second = int(np.sum(first & ~second)), int(np.sum(second & ~first))
    n = only_first + only_second
    tail = sum(comb(n, k) for k in range(min(only_first, only_second) + 1))
    return min(1.0, 2 * tail / 2**n)
