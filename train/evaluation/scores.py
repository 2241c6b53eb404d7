"""How often a classifier is right: by segment, by track, by genre.

NumPy alone, because ``edge-genre evaluate`` runs on devices; the tests hold every measure against
scikit-learn's. ``docs/evaluation.md`` defines them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..run.predictions import REJECTED, Predictions
from .calibration_error import expected_calibration_error
from .significance import Interval, bootstrap_sums, percentile_interval


@dataclass(frozen=True)
class GenreScores:
    """How one genre fares, over tracks."""

    precision: float
    """0 where no track was answered so, as in scikit-learn"""
    recall: float
    f1: float
    n_tracks: int
    """Tracks that are of the genre"""


@dataclass(frozen=True)
class Scores:
    """Accuracy over tracks and segments; the words are scikit-learn's."""

    labels: tuple[str, ...]
    """Genres; what a model has besides, to be rejected, is not among them"""
    n_tracks: int
    n_segments: int
    n_rejected: int
    """Tracks whose answer was no genre; they count as wrong"""
    accuracy: float
    """Share of tracks that were answered rightly"""
    accuracy_interval: Interval
    """95 %, bootstrap over tracks, as all intervals"""
    macro_recall: float
    """Mean recall of the genres that have tracks, each weighing the same"""
    macro_recall_interval: Interval
    top2_accuracy: float
    """Share of tracks whose genre is one of the two likeliest"""
    ece: float | None
    """Expected calibration error of the tracks' mean posteriors; None if all were silent"""
    segment_accuracy: float
    segment_accuracy_interval: Interval
    """Segments are drawn with their tracks"""
    segment_ece: float | None
    per_genre: dict[str, GenreScores]
    """The genres that have tracks"""
    confusion: npt.NDArray[np.int64]
    """(true genre, answered genre), tracks; answers that are no genre are not in it"""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "n_tracks": self.n_tracks,
            "n_segments": self.n_segments,
            "n_rejected": self.n_rejected,
            "track": {
                "accuracy": self.accuracy,
                "accuracy_ci95": list(self.accuracy_interval),
                "macro_recall": self.macro_recall,
                "macro_recall_ci95": list(self.macro_recall_interval),
                "top2_accuracy": self.top2_accuracy,
                "ece": self.ece,
            },
            "segment": {
                "accuracy": self.segment_accuracy,
                "accuracy_ci95": list(self.segment_accuracy_interval),
                "ece": self.segment_ece,
            },
            "per_genre": {label: vars(own) for label, own in self.per_genre.items()},
            "labels": list(self.labels),
            "confusion": self.confusion.tolist(),
        }


def score_predictions(predictions: Predictions) -> Scores:
    """Scores of a model's predictions; a track's answer is the mean over its windows."""
    true, answered = predictions.track_labels, predictions.track_answers
    posteriors = predictions.track_posteriors
    n = len(true)
    correct = answered == true
    of_genre = true[:, np.newaxis] == np.arange(len(predictions.labels))
    by_genre = np.concatenate([of_genre & correct[:, np.newaxis], of_genre], axis=1)
    right = predictions.segment_answers == predictions.segment_labels
    segments = np.stack(
        [
            np.bincount(predictions.segment_tracks, weights=right, minlength=n),
            np.bincount(predictions.segment_tracks, minlength=n),
        ],
        axis=1,
    )
    sums = bootstrap_sums(np.concatenate([correct[:, np.newaxis], segments, by_genre], axis=1))
    likeliest = np.argsort(-posteriors, axis=1, kind="stable")[:, :2]
    in_top2 = (likeliest == true[:, np.newaxis]).any(axis=1) & (answered != REJECTED)
    genres = np.flatnonzero(~np.isin(predictions.labels, predictions.rejected))
    labels = tuple(predictions.labels[index] for index in genres)
    confusion = _confusion(true, answered, len(predictions.labels))[np.ix_(genres, genres)]
    return Scores(
        labels=labels,
        n_tracks=n,
        n_segments=len(right),
        n_rejected=int(np.sum(answered == REJECTED)),
        accuracy=float(correct.mean()),
        accuracy_interval=percentile_interval(sums[:, 0] / n),
        macro_recall=float(_mean_recall(by_genre.sum(axis=0)[np.newaxis])[0]),
        macro_recall_interval=percentile_interval(_mean_recall(sums[:, 3:])),
        top2_accuracy=float(in_top2.mean()),
        ece=expected_calibration_error(posteriors, true),
        segment_accuracy=float(right.mean()),
        segment_accuracy_interval=percentile_interval(sums[:, 1] / sums[:, 2]),
        segment_ece=expected_calibration_error(predictions.posteriors, predictions.segment_labels),
        per_genre=_per_genre(labels, confusion, of_genre.sum(axis=0)[genres]),
        confusion=confusion,
    )


def scores_text(scores: Scores) -> str:
    """A table of the scores, with what each genre was answered as."""
    lines = [
        f"tracks   {scores.n_tracks:>5}   accuracy {_with_interval(scores, 'accuracy')}   "
        f"macro recall {_with_interval(scores, 'macro_recall')}",
        f"{'':14}   top-2 accuracy {scores.top2_accuracy:.3f}   "
        f"calibration error {three_digits(scores.ece)}",
        f"segments {scores.n_segments:>5}   "
        f"accuracy {_with_interval(scores, 'segment_accuracy')}   "
        f"calibration error {three_digits(scores.segment_ece)}",
        "(in brackets: 95 % intervals, bootstrap over tracks)",
    ]
    if scores.n_rejected:
        lines.append(f"{scores.n_rejected} of the tracks answered with no genre: counted as wrong")
    width = max(map(len, (*scores.labels, "genre")))
    lines += ["", f"{'genre':<{width}}  tracks  precision  recall     f1   answered as"]
    for label, own in scores.per_genre.items():
        lines.append(
            f"{label:<{width}}  {own.n_tracks:>6}  {own.precision:>9.3f}  {own.recall:>6.3f}"
            f"  {own.f1:>5.3f}   {answers_text(scores, label)}"
        )
    return "\n".join(lines)


def answers_text(scores: Scores, label: str) -> str:
    """What the tracks of a genre were answered as, most frequent first."""
    row = scores.confusion[scores.labels.index(label)]
    answers = [f"{scores.labels[i]} {row[i]}" for i in np.argsort(-row, kind="stable") if row[i]]
    if rejected := scores.per_genre[label].n_tracks - row.sum():
        answers.append(f"no genre {rejected}")
    return ", ".join(answers)


def three_digits(value: float | None) -> str:
    """A share for people; a dash where there is none."""
    return "-" if value is None else f"{value:.3f}"


def _with_interval(scores: Scores, name: str) -> str:
    low, high = getattr(scores, f"{name}_interval")
    return f"{getattr(scores, name):.3f} ({low:.3f} to {high:.3f})"


def _confusion(
    true: npt.NDArray[np.int64], answered: npt.NDArray[np.int64], n_labels: int
) -> npt.NDArray[np.int64]:
    confusion = np.zeros((n_labels, n_labels), np.int64)
    given = answered != REJECTED
    np.add.at(confusion, (true[given], answered[given]), 1)
    return confusion


def _per_genre(
    labels: tuple[str, ...], confusion: npt.NDArray[np.int64], n_tracks: npt.NDArray[np.int64]
) -> dict[str, GenreScores]:
    hits, answers = np.diag(confusion), confusion.sum(axis=0)
    return {
        label: GenreScores(
            precision=float(hits[i] / max(answers[i], 1)),
            recall=float(hits[i] / n_tracks[i]),
            f1=float(2 * hits[i] / (answers[i] + n_tracks[i])),
            n_tracks=int(n_tracks[i]),
        )
        for i, label in enumerate(labels)
        if n_tracks[i]
    }


def _mean_recall(sums: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """(n,) from (n, 2 * genres): right answers of each genre, then its tracks.

    A resample may lack a genre altogether; its mean is then over the others.
    """
    hits, tracks = np.split(sums.astype(np.float64), 2, axis=1)
    present = tracks > 0
    recall = np.divide(hits, tracks, out=np.zeros_like(hits), where=present)
    mean: npt.NDArray[np.float64] = recall.sum(axis=1) / present.sum(axis=1)
    return mean
