"""Representative windows: a quantizer takes the ranges of all tensors from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataSetError

_STILL = 1e-4
"""A window whose coefficients vary less than this from frame to frame holds no sound."""

_COMMON = 99.99
"""Per cent of all feature values that the int8 input's range covers. The rare ones beyond it
saturate, so that all others get finer steps (docs/explanation/quantization.md)."""


@dataclass(frozen=True)
class Representative:
    """Training windows, stratified by genre."""

    features: npt.NDArray[np.float32]
    """(n, frames, coefficients), normalised"""
    per_genre: dict[str, int]
    """Windows of each genre"""
    seed: int
    """Of the draw among all training windows"""

    def clipped(self) -> npt.NDArray[np.float32]:
        """The windows without the rarest values on either side."""
        low, high = np.percentile(self.features, (100.0 - _COMMON, _COMMON))
        return np.clip(self.features, low, high).astype(np.float32)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form, for the manifest."""
        return {"windows": len(self.features), "per_genre": self.per_genre, "seed": self.seed}


def representative(
    features: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    genres: tuple[str, ...],
    *,
    seed: int,
    source: str,
) -> Representative:
    """Check the windows that a training chose for this.

    Parameters
    ----------
    features : (n, frames, coefficients) float32
    labels : (n,) int
    genres : tuple of str
    seed : int
    source : str
        What to call them in messages.

    Raises
    ------
    DataSetError
        If a genre is missing, or has silence only: int8 ranges would not fit its music.
    """
    sounding = np.ptp(features, axis=1).max(axis=1) > _STILL
    counts = np.bincount(labels, minlength=len(genres))
    sounding_counts = np.bincount(labels[sounding], minlength=len(genres))
    for genre, count, n_sounding in zip(genres, counts, sounding_counts, strict=True):
        if not n_sounding:
            what = "only silence" if count else "no window"
            raise DataSetError(
                f"{source}: the representative windows hold {what} of {genre!r}, so the ranges of "
                "a quantized network would not fit it; train again with clips of it"
            )
    return Representative(features, {g: int(c) for g, c in zip(genres, counts, strict=True)}, seed)
