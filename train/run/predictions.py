"""What a model said of every window it was examined on; all scores come from this."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataSetError

PREDICTIONS = "predictions.npz"
"""Name of the file in a run folder."""

REJECTED = -1
"""Index of an answer that is no genre: ``silence`` or ``unknown``."""


@dataclass(frozen=True)
class Predictions:
    """Posteriors of windows, and the tracks they are of."""

    labels: tuple[str, ...]
    """Genres and rejected labels, in the order of the posteriors"""
    track_ids: tuple[str, ...]
    """Every track that was examined, once"""
    track_labels: npt.NDArray[np.int64]
    """(tracks,) true genre of each, an index into `labels`"""
    segment_tracks: npt.NDArray[np.int64]
    """(segments,) the track of each window, an index into `track_ids`"""
    posteriors: npt.NDArray[np.float32]
    """(segments, labels); a row of zeros is a silent window, of which the model said nothing"""
    rejection_threshold: float = 0.0
    """A track whose likeliest genre has less is answered ``unknown``"""
    rejected: tuple[str, ...] = ()
    """Those of `labels` that are no genre: answered ``unknown`` where they are the likeliest"""

    @property
    def segment_labels(self) -> npt.NDArray[np.int64]:
        """(segments,) true genre of each window."""
        return self.track_labels[self.segment_tracks]

    @property
    def track_posteriors(self) -> npt.NDArray[np.float64]:
        """(tracks, labels): mean over the windows of each track that are not silent, or zeros."""
        sums = np.zeros((len(self.track_ids), len(self.labels)))
        np.add.at(sums, self.segment_tracks, self.posteriors.astype(np.float64))
        heard = self.segment_tracks[self.posteriors.any(axis=1)]
        counts = np.bincount(heard, minlength=len(self.track_ids))
        return sums / np.maximum(counts, 1)[:, np.newaxis]

    @property
    def segment_answers(self) -> npt.NDArray[np.int64]:
        """(segments,) likeliest genre of each window.

        `REJECTED` where it is silent, or a rejected label is the likeliest.
        """
        return self._answers(self.posteriors, self.posteriors.any(axis=1))

    @property
    def track_answers(self) -> npt.NDArray[np.int64]:
        """(tracks,) likeliest genre of each.

        `REJECTED` where all is silent, a rejected label is the likeliest, or the likeliest genre
        is below the threshold.
        """
        posteriors = self.track_posteriors
        given = posteriors.any(axis=1) & (posteriors.max(axis=1) >= self.rejection_threshold)
        return self._answers(posteriors, given)

    def _answers(
        self, posteriors: npt.NDArray[np.floating[Any]], given: npt.NDArray[np.bool_] | np.bool_
    ) -> npt.NDArray[np.int64]:
        likeliest = posteriors.argmax(axis=1)
        no_genre = [index for index, label in enumerate(self.labels) if label in self.rejected]
        return np.where(given & ~np.isin(likeliest, no_genre), likeliest, REJECTED)

    def save(self, path: Path) -> None:
        """Write them as ``.npz``, without pickles."""
        with path.open("wb") as file:  # given a name, NumPy would add an ending of its own
            np.savez_compressed(
                file,
                labels=np.array(self.labels),
                track_ids=np.array(self.track_ids),
                track_labels=self.track_labels,
                segment_tracks=self.segment_tracks,
                posteriors=self.posteriors,
                rejection_threshold=np.array(self.rejection_threshold),
                rejected=np.array(self.rejected, np.str_),
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
            predictions = Predictions(
                tuple(map(str, file["labels"])),
                tuple(map(str, file["track_ids"])),
                file["track_labels"],
                file["segment_tracks"],
                file["posteriors"],
                float(file.get("rejection_threshold", 0.0)),
                tuple(map(str, file.get("rejected", ()))),
            )
    except FileNotFoundError:
        raise DataSetError(f"{path}: no such file; the run has no predictions") from None
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile):
        predictions = None
    if predictions is None or not _is_whole(predictions):
        raise DataSetError(f"{path}: is not a predictions file; train or evaluate again")
    return predictions


def _is_whole(found: Predictions) -> bool:
    """Whether the arrays fit each other; a file from elsewhere may hold anything."""
    indices = ((found.track_labels, found.labels), (found.segment_tracks, found.track_ids))
    return (
        all(
            array.ndim == 1
            and array.size > 0
            and array.dtype.kind in "iu"
            and 0 <= array.min() <= array.max() < len(names)
            for array, names in indices
        )
        and len(found.track_labels) == len(found.track_ids)
        and set(found.rejected) <= set(found.labels)
        and found.posteriors.dtype.kind == "f"
        and found.posteriors.shape == (len(found.segment_tracks), len(found.labels))
        and bool(np.isfinite(found.posteriors).all())
    )
