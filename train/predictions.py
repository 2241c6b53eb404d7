"""What a model said of every window it was examined on; all scores come from this."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataSetError


@dataclass(frozen=True)
class Predictions:
    """Posteriors of windows, and the tracks they are of."""

    labels: tuple[str, ...]
    """Genres, in the order of the posteriors"""
    track_ids: tuple[str, ...]
    """Every track that was examined, once"""
    track_labels: npt.NDArray[np.int64]
    """(tracks,) true genre of each, an index into `labels`"""
    segment_tracks: npt.NDArray[np.int64]
    """(segments,) the track of each window, an index into `track_ids`"""
    posteriors: npt.NDArray[np.float32]
    """(segments, genres)"""

    @property
    def segment_labels(self) -> npt.NDArray[np.int64]:
        """(segments,) true genre of each window."""
        return self.track_labels[self.segment_tracks]

    @property
    def track_posteriors(self) -> npt.NDArray[np.float64]:
        """(tracks, genres): mean over the windows of each track."""
        sums = np.zeros((len(self.track_ids), len(self.labels)))
        np.add.at(sums, self.segment_tracks, self.posteriors.astype(np.float64))
        counts = np.bincount(self.segment_tracks, minlength=len(self.track_ids))
        return sums / counts[:, np.newaxis]

    def save(self, path: Path) -> None:
        """Write them as ``.npz``, without pickles."""
        np.savez_compressed(
            path,
            labels=np.array(self.labels),
            track_ids=np.array(self.track_ids),
            track_labels=self.track_labels,
            segment_tracks=self.segment_tracks,
            posteriors=self.posteriors,
        )


def load_predictions(path: Path) -> Predictions:
    """Read what `Predictions.save` wrote.

    Raises
    ------
    DataSetError
        If there is no such file, or it holds something else.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return Predictions(
                tuple(map(str, file["labels"])),
                tuple(map(str, file["track_ids"])),
                file["track_labels"],
                file["segment_tracks"],
                file["posteriors"],
            )
    except FileNotFoundError:
        raise DataSetError(f"{path}: no such file; the run has no predictions") from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        raise DataSetError(f"{path}: is not a predictions file; train or evaluate again") from None
