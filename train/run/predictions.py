"""Posteriors of every window that a model was examined on; all scores come from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.decoder import SILENCE, UNKNOWN, combined_posterior
from edge_runtime.model.run_folder import WindowPosteriors, read_predictions

REJECTED = -1
"""Index of an answer that is no genre: ``silence``, ``unknown``, ``other`` or ``not music``"""


class Predictions(WindowPosteriors):
    """Posteriors of windows, the tracks they are of, and the labels that follow from them."""

    @property
    def window_labels(self) -> npt.NDArray[np.int64]:
        """(windows,) true genre of each window."""
        return self.track_labels[self.segment_tracks]

    @property
    def track_posteriors(self) -> npt.NDArray[np.float64]:
        """(tracks, labels): of the windows of each track that are not silent, or zeros.

        As the device has it: see `edge_runtime.decoder.combined_posterior`.
        """
        sounding = self.posteriors.any(axis=1)
        order = np.argsort(self.segment_tracks[sounding], kind="stable")
        posteriors = self.posteriors[sounding][order].astype(np.float64)
        counts = np.bincount(self.segment_tracks[sounding], minlength=len(self.track_ids))
        tracks = np.split(posteriors, np.cumsum(counts)[:-1])
        return np.array([combined_posterior(own, self.window_correlation) for own in tracks])

    @property
    def window_answers(self) -> tuple[str, ...]:
        """(windows,) what the device answers: a label, or ``silence``."""
        return self._answers(self.posteriors, 0.0)

    @property
    def track_answers(self) -> tuple[str, ...]:
        """(tracks,) what the device answers: a label, ``silence`` or ``unknown``."""
        return self._answers(self.track_posteriors, self.rejection_threshold)

    def _answers(
        self, posteriors: npt.NDArray[np.floating[Any]], threshold: float
    ) -> tuple[str, ...]:
        names = np.array([*self.labels, SILENCE, UNKNOWN])
        found = posteriors.argmax(axis=1)
        found[posteriors.max(axis=1) < threshold] = len(names) - 1
        found[~posteriors.any(axis=1)] = len(names) - 2
        return tuple(map(str, names[found]))

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
