"""All windows of a part of a split, handed out in batches; nothing is copied before it is used."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.frontend import FrontEndParams

from ..data.splits import VALID, Split
from ..features.extraction import TrackFeatures

_AT_ONCE = 256


@dataclass(frozen=True)
class Windows:
    """Windows of one part of a split."""

    arrays: tuple[npt.NDArray[np.float32], ...]
    """(windows, frames, coefficients) of each track, before normalisation; may be memory-mapped"""
    places: npt.NDArray[np.int64]
    """(n, 2): index into `arrays`, and row there, of each window"""
    labels: npt.NDArray[np.int64]
    """(n,) indices into the data set's genres"""
    tracks: npt.NDArray[np.int64]
    """(n,) index of each window's track in the extraction"""
    params: FrontEndParams | None = None
    """Whose normalisation `batch` applies; None applies none"""

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, indices: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Windows of these indices, (len(indices), frames, coefficients), normalised."""
        rows = np.stack([self.arrays[array][row] for array, row in self.places[indices]])
        return rows if self.params is None else normalised(rows, self.params)

    def all(self) -> npt.NDArray[np.float32]:
        """Every window, (n, frames, coefficients), normalised."""
        return self.batch(np.arange(len(self)))

    def normalised(self, params: FrontEndParams) -> Windows:
        """The same windows, normalised as the front end will."""
        return dataclasses.replace(self, params=params)

    def predict(
        self, model: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]
    ) -> npt.NDArray[np.float32]:
        """Posteriors (n, classes) of a model, some windows at a time."""
        blocks = [
            model(self.batch(np.arange(start, min(start + _AT_ONCE, len(self)))))
            for start in range(0, len(self), _AT_ONCE)
        ]
        return np.concatenate(blocks)


def select(
    extracted: Sequence[TrackFeatures],
    split: Split,
    part: str,
    genres: tuple[str, ...],
    window_seconds: float,
) -> Windows:
    """Windows that a split puts into one part.

    Training windows overlap. Validation windows do not (but in a split that leaks anyway), as on
    the device, and are never augmented.
    """
    validates = part == VALID and not split.leaks
    places, labels, tracks = [], [], []
    for index, item in enumerate(extracted):
        if item.copy and part == VALID:
            continue
        parts = split.parts[item.track.id]
        if split.leaks:
            rows = [
                row
                for row, own in zip(range(len(item.features)), parts, strict=False)
                if own == part
            ]
        else:  # a copy that was stretched has another number of windows
            rows = list(range(len(item.features))) if part in parts else []
        if not rows:  # its genre may have no clip in the split at all
            continue
        if validates:
            rows = _apart(rows, item.starts, window_seconds)
        places += [(index, row) for row in rows]
        labels += [genres.index(item.track.label)] * len(rows)
        tracks += [index] * len(rows)
    return Windows(
        tuple(item.features for item in extracted),
        np.array(places, np.int64).reshape(-1, 2),
        np.array(labels, np.int64),
        np.array(tracks, np.int64),
    )


def _apart(rows: list[int], starts: Sequence[float], window_seconds: float) -> list[int]:
    """Rows that do not overlap; the last one may reach back, as the end of a file does."""
    if not starts:  # a file without times holds windows that do not overlap
        return rows
    chosen: list[int] = []
    for row in rows:
        if not chosen or starts[row] >= starts[chosen[-1]] + window_seconds - 1e-3:
            chosen.append(row)
    last = rows[-1] if rows else None
    if last is not None and last != chosen[-1]:
        fresh = starts[last] - starts[chosen[-1]]
        if fresh >= 0.5 * window_seconds - 1e-3:
            chosen.append(last)
    return chosen


def normalised(rows: npt.NDArray[np.float32], params: FrontEndParams) -> npt.NDArray[np.float32]:
    """Windows as the front end normalises them; the rows of a second one stay as they are.

    Parameters
    ----------
    rows : (n, rows, coefficients) float32
    params : FrontEndParams
        Of the first front end.
    """
    first = params.normalise(rows[:, : params.n_frames])
    if rows.shape[1] == params.n_frames:
        return first
    return np.concatenate([first, rows[:, params.n_frames :]], axis=1)


def normalisation(windows: Windows) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each coefficient over all frames of the windows."""
    n, total, squares = 0, 0.0, 0.0
    shift = windows.batch(np.arange(1))[0].mean(axis=0, dtype=np.float64)
    for start in range(0, len(windows), _AT_ONCE):
        block = windows.batch(np.arange(start, min(start + _AT_ONCE, len(windows))))
        # About one window's mean, or the squares would lose what the large first coefficients vary.
        frames = block.reshape(-1, block.shape[-1]).astype(np.float64) - shift
        n += len(frames)
        total = total + frames.sum(axis=0)
        squares = squares + (frames**2).sum(axis=0)
    mean = np.asarray(total) / n
    std = np.sqrt(np.maximum(np.asarray(squares) / n - mean**2, 1e-12))
    return tuple(map(float, mean + shift)), tuple(float(value) for value in std)
