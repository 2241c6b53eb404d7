"""Posteriors of every window that a model was examined on; all scores come from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.run_folder import WindowPosteriors, read_predictions

REJECTED = -1
"""Index of a label that is no genre: ``silence`` or ``unknown``"""


class Predictions(WindowPosteriors):
    """Posteriors of windows, the tracks they are of, and the labels that follow from them."""

    @property
    def window_labels(self) -> npt.NDArray[np.int64]:
        """(windows,) true genre of each window."""
        return self.track_labels[self.segment_tracks]

    @property
    def track_posteriors(self) -> npt.NDArray[np.float64]:
        """(tracks, labels): mean over the windows of each track that are not silent, or zeros."""
        sums = np.zeros((len(self.track_ids), len(self.labels)))
        np.add.at(sums, self.segment_tracks, self.posteriors.astype(np.float64))
        sounding = self.segment_tracks[self.posteriors.any(axis=1)]
        counts = np.bincount(sounding, minlength=len(self.track_ids))
        return sums / np.maximum(counts, 1)[:, np.newaxis]

    @property
    def predicted_windows(self) -> npt.NDArray[np.int64]:
        """(windows,) likeliest genre of each window.

        `REJECTED` where it is silent, or a rejected label is the likeliest.
        """
        return self._predicted(self.posteriors, self.posteriors.any(axis=1))

    @property
    def predicted_tracks(self) -> npt.NDArray[np.int64]:
        """(tracks,) likeliest genre of each.

        `REJECTED` where all is silent, a rejected label is the likeliest, or the likeliest genre
        is below the threshold.
        """
        posteriors = self.track_posteriors
        given = posteriors.any(axis=1) & (posteriors.max(axis=1) >= self.rejection_threshold)
        return self._predicted(posteriors, given)

    def _predicted(
        self, posteriors: npt.NDArray[np.floating[Any]], given: npt.NDArray[np.bool_] | np.bool_
    ) -> npt.NDArray[np.int64]:
        likeliest = posteriors.argmax(axis=1)
        no_genre = [index for index, label in enumerate(self.labels) if label in self.rejected]
        return np.where(given & ~np.isin(likeliest, no_genre), likeliest, REJECTED)


def load_predictions(path: Path, labels: tuple[str, ...] | None = None) -> Predictions:
    """Read a file of predictions; see `read_predictions`."""
    return Predictions(**vars(read_predictions(path, labels)))
