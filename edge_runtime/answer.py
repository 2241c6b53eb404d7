"""From a posterior to a word."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .model.manifest import UNKNOWN


def genre_or_unknown(
    posterior: npt.NDArray[np.floating[Any]],
    labels: tuple[str, ...],
    rejected: tuple[str, ...],
    *,
    threshold: float = 0.0,
) -> str:
    """The likeliest label if it is a genre and convincing, else ``unknown``.

    Parameters
    ----------
    posterior : (labels,) float
    labels : tuple of str
    rejected : tuple of str
        Those of the labels that are no genre.
    threshold : float
        What has less is not convincing.
    """
    best = int(posterior.argmax())
    if labels[best] in rejected or posterior[best] < threshold:
        return UNKNOWN
    return labels[best]
