"""All windows of a data set as arrays, ready for a network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.frontend import FrontEndParams

from .features import TrackFeatures
from .splits import Split


@dataclass(frozen=True)
class Windows:
    """Windows of one part of a split."""

    features: npt.NDArray[np.float32]
    """(n, frames, coefficients)"""
    labels: npt.NDArray[np.int64]
    """(n,) indices into the data set's genres"""
    tracks: npt.NDArray[np.int64]
    """(n,) which windows belong together"""

    def __len__(self) -> int:
        return len(self.labels)

    def normalised(self, params: FrontEndParams) -> Windows:
        """The same windows, normalised as the front end will."""
        return Windows(params.normalise(self.features), self.labels, self.tracks)


def select(
    extracted: tuple[TrackFeatures, ...], split: Split, part: str, genres: tuple[str, ...]
) -> Windows:
    """Windows that a split puts into one part."""
    features, labels, tracks = [], [], []
    for index, item in enumerate(extracted):
        mask = np.array([own == part for own in split.parts[item.track.id]])
        chosen = item.features[mask]
        features.append(chosen)
        labels += [genres.index(item.track.label)] * len(chosen)
        tracks += [index] * len(chosen)
    return Windows(np.concatenate(features), np.array(labels, np.int64), np.array(tracks, np.int64))


def normalisation(windows: Windows) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each coefficient over all frames of the windows."""
    mean = windows.features.mean(axis=(0, 1), dtype=np.float64)
    std = windows.features.std(axis=(0, 1), dtype=np.float64)
    return tuple(map(float, mean)), tuple(float(value) for value in np.maximum(std, 1e-6))
