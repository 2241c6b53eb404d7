"""How often a classifier is right: by segment, by track, by genre."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

REJECTED = -1
"""Index of an answer that is no genre: ``silence`` or ``unknown``."""


@dataclass(frozen=True)
class Scores:
    """Accuracy over tracks and segments; the words are scikit-learn's."""

    labels: tuple[str, ...]
    confusion: npt.NDArray[np.int64]
    """(true genre, answered genre), tracks; answers that are no genre are not in it"""
    n_per_genre: npt.NDArray[np.int64]
    """Tracks of each true genre"""
    n_segments: int
    segment_accuracy: float

    @property
    def n_tracks(self) -> int:
        """Tracks examined."""
        return int(self.n_per_genre.sum())

    @property
    def accuracy(self) -> float:
        """Share of tracks that were answered rightly."""
        return float(np.trace(self.confusion) / self.n_tracks)

    @property
    def recall(self) -> dict[str, float]:
        """By genre that has tracks: share of them answered rightly."""
        return {
            label: float(self.confusion[index, index] / n)
            for index, (label, n) in enumerate(zip(self.labels, self.n_per_genre, strict=True))
            if n
        }

    @property
    def macro_recall(self) -> float:
        """Mean recall of the genres that have tracks, each weighing the same."""
        return float(np.mean(list(self.recall.values())))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        counts = dict(zip(self.labels, self.n_per_genre, strict=True))
        return {
            "n_tracks": self.n_tracks,
            "n_segments": self.n_segments,
            "track": {"accuracy": self.accuracy, "macro_recall": self.macro_recall},
            "segment": {"accuracy": self.segment_accuracy},
            "per_genre": {
                label: {"recall": recall, "n_tracks": int(counts[label])}
                for label, recall in self.recall.items()
            },
            "labels": list(self.labels),
            "confusion": self.confusion.tolist(),
        }


def score(
    labels: tuple[str, ...],
    true_tracks: npt.NDArray[np.int64],
    answered_tracks: npt.NDArray[np.int64],
    true_segments: npt.NDArray[np.int64],
    answered_segments: npt.NDArray[np.int64],
) -> Scores:
    """Scores of answers, given as indices into `labels` (`REJECTED` where there was none)."""
    confusion = np.zeros((len(labels), len(labels)), np.int64)
    given = answered_tracks != REJECTED
    np.add.at(confusion, (true_tracks[given], answered_tracks[given]), 1)
    return Scores(
        labels,
        confusion,
        np.bincount(true_tracks, minlength=len(labels)),
        len(true_segments),
        float(np.mean(true_segments == answered_segments)),
    )


def score_windows(
    labels: tuple[str, ...],
    posteriors: npt.NDArray[np.float32],
    true: npt.NDArray[np.int64],
    tracks: npt.NDArray[np.int64],
) -> Scores:
    """Scores of windows' posteriors; a track's answer is the mean over its windows.

    Parameters
    ----------
    labels : tuple of str
    posteriors : (n, classes)
    true, tracks : (n,) int
        Genre of each window, and which windows belong together.
    """
    ids, first = np.unique(tracks, return_index=True)
    answered = [posteriors[tracks == track].mean(axis=0).argmax() for track in ids]
    segments = posteriors.argmax(axis=1)
    return score(labels, true[first], np.array(answered, np.int64), true, segments)


def scores_text(scores: Scores) -> str:
    """A table of the scores, with the confusion matrix."""
    width = max(map(len, (*scores.labels, "genre")))
    lines = [
        f"tracks   {scores.n_tracks:>5}   accuracy {scores.accuracy:.3f}   "
        f"macro recall {scores.macro_recall:.3f}",
        f"segments {scores.n_segments:>5}   accuracy {scores.segment_accuracy:.3f}",
        "",
        f"{'genre':<{width}}  tracks  recall   answered as",
    ]
    recall = scores.recall
    for index, label in enumerate(scores.labels):
        if label not in recall:
            continue
        row = scores.confusion[index]
        ranked = [(int(row[i]), scores.labels[i]) for i in np.argsort(-row, kind="stable")]
        answers = ", ".join(f"{name} {n}" for n, name in ranked if n)
        n_tracks = scores.n_per_genre[index]
        lines.append(f"{label:<{width}}  {n_tracks:>6}  {recall[label]:>6.3f}   {answers}")
    return "\n".join(lines)
