"""How often a classifier is right: by window, by track, by genre.

``docs/reference/evaluation.md`` defines every measure; the tests compare them with scikit-learn's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.printable import printable_lines

from ..run.predictions import REJECTED, Predictions
from .calibration_error import calibration_error_by_chance, expected_calibration_error
from .significance import Interval, bootstrap_sums, percentile_interval


@dataclass(frozen=True)
class GenreScores:
    """Precision and recall of one genre, over tracks."""

    precision: float
    """0 where no track was labelled so, as in scikit-learn"""
    recall: float
    f1: float
    n_tracks: int
    """Tracks that are of the genre"""


@dataclass(frozen=True)
class Scores:
    """Accuracy over tracks and windows; the words are scikit-learn's."""

    labels: tuple[str, ...]
    """Genres; what a model has besides, to be rejected, is not among them"""
    n_tracks: int
    n_windows: int
    n_rejected: int
    """Tracks labelled with no genre; they count as wrong"""
    accuracy: float
    """Share of tracks that were labelled rightly"""
    accuracy_interval: Interval
    """95 %, bootstrap over tracks, as all intervals"""
    macro_recall: float
    """Mean recall of the genres that have tracks, each weighing the same"""
    macro_recall_interval: Interval
    top2_accuracy: float
    """Share of tracks whose genre is one of the two likeliest"""
    ece: float | None
    """Expected calibration error of the tracks' posteriors; None if all were silent"""
    ece_by_chance: Interval | None
    """What a perfectly calibrated model of these confidences shows: 95 %"""
    window_accuracy: float
    window_accuracy_interval: Interval
    """Windows are drawn with their tracks"""
    window_ece: float | None
    per_genre: dict[str, GenreScores]
    """The genres that have tracks"""
    confusion: npt.NDArray[np.int64]
    """(true genre, label), tracks; labels that are no genre are not in it"""
    answers: dict[str, int]
    """Tracks by what the device answers, genres first; only answers that there were"""
    window_answers: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "n_tracks": self.n_tracks,
            "n_segments": self.n_windows,
            "n_rejected": self.n_rejected,
            "track": {
                "accuracy": self.accuracy,
                "accuracy_ci95": list(self.accuracy_interval),
                "macro_recall": self.macro_recall,
                "macro_recall_ci95": list(self.macro_recall_interval),
                "top2_accuracy": self.top2_accuracy,
                "ece": self.ece,
                "ece_by_chance": self.ece_by_chance and list(self.ece_by_chance),
            },
            "segment": {
                "accuracy": self.window_accuracy,
                "accuracy_ci95": list(self.window_accuracy_interval),
                "ece": self.window_ece,
            },
            "per_genre": {label: vars(own) for label, own in self.per_genre.items()},
            "labels": list(self.labels),
            "confusion": self.confusion.tolist(),
            "answers": {"track": self.answers, "segment": self.window_answers},
        }


def score_predictions(predictions: Predictions) -> Scores:
    """Scores of a model's predictions; a track's label is that of its windows together."""
    true, labelled = predictions.track_labels, predictions.predicted_tracks
    posteriors = predictions.track_posteriors
    n = len(true)
    correct = labelled == true
    of_genre = true[:, np.newaxis] == np.arange(len(predictions.labels))
    by_genre = np.concatenate([of_genre & correct[:, np.newaxis], of_genre], axis=1)
    right = predictions.predicted_windows == predictions.window_labels
    windows = np.stack(
        [
            np.bincount(predictions.segment_tracks, weights=right, minlength=n),
            np.bincount(predictions.segment_tracks, minlength=n),
        ],
        axis=1,
    )
    sums = bootstrap_sums(np.concatenate([correct[:, np.newaxis], windows, by_genre], axis=1))
    likeliest = np.argsort(-posteriors, axis=1, kind="stable")[:, :2]
    in_top2 = (likeliest == true[:, np.newaxis]).any(axis=1) & (labelled != REJECTED)
    genres = np.flatnonzero(~np.isin(predictions.labels, predictions.rejected))
    labels = tuple(predictions.labels[index] for index in genres)
    confusion = _confusion(true, labelled, len(predictions.labels))[np.ix_(genres, genres)]
    return Scores(
        labels=labels,
        n_tracks=n,
        n_windows=len(right),
        n_rejected=int(np.sum(labelled == REJECTED)),
        accuracy=float(correct.mean()),
        accuracy_interval=percentile_interval(sums[:, 0] / n),
        macro_recall=float(_mean_recall(by_genre.sum(axis=0)[np.newaxis])[0]),
        macro_recall_interval=percentile_interval(_mean_recall(sums[:, 3:])),
        top2_accuracy=float(in_top2.mean()),
        ece=expected_calibration_error(posteriors, true),
        ece_by_chance=calibration_error_by_chance(posteriors),
        window_accuracy=float(right.mean()),
        window_accuracy_interval=percentile_interval(sums[:, 1] / sums[:, 2]),
        window_ece=expected_calibration_error(predictions.posteriors, predictions.window_labels),
        per_genre=_per_genre(labels, confusion, of_genre.sum(axis=0)[genres]),
        confusion=confusion,
        answers=_counts(labels, predictions.track_answers),
        window_answers=_counts(labels, predictions.window_answers),
    )


def _by_chance(scores: Scores) -> str:
    if scores.ece_by_chance is None:
        return ""
    low, high = scores.ece_by_chance
    return f" (by chance alone {low:.3f} to {high:.3f})"


def scores_text(scores: Scores) -> str:
    """A table of the scores, with what each genre was labelled as."""
    lines = [
        f"tracks   {scores.n_tracks:>5}   accuracy {_with_interval(scores, 'accuracy')}   "
        f"macro recall {_with_interval(scores, 'macro_recall')}",
        f"{'':14}   top-2 accuracy {scores.top2_accuracy:.3f}   "
        f"calibration error {three_digits(scores.ece)}{_by_chance(scores)}",
        f"windows  {scores.n_windows:>5}   "
        f"accuracy {_with_interval(scores, 'window_accuracy')}   "
        f"calibration error {three_digits(scores.window_ece)}",
        "(in brackets: 95 % intervals, bootstrap over tracks)",
    ]
    if scores.n_rejected:
        lines.append(
            f"{scores.n_rejected} of the tracks labelled with no genre "
            f"({no_genre_text(scores.labels, scores.answers)}): counted as wrong"
        )
    if without := no_genre_text(scores.labels, scores.window_answers):
        lines.append(f"windows labelled with no genre: {without}")
    width = max(map(len, (*scores.labels, "genre")))
    lines += ["", f"{'genre':<{width}}  tracks  precision  recall     f1   labelled as"]
    for label, own in scores.per_genre.items():
        lines.append(
            f"{label:<{width}}  {own.n_tracks:>6}  {own.precision:>9.3f}  {own.recall:>6.3f}"
            f"  {own.f1:>5.3f}   {labelled_text(scores, label)}"
        )
    return printable_lines("\n".join(lines))


def labelled_text(scores: Scores, label: str) -> str:
    """What the tracks of a genre were labelled as, most frequent first."""
    row = scores.confusion[scores.labels.index(label)]
    labels = [f"{scores.labels[i]} {row[i]}" for i in np.argsort(-row, kind="stable") if row[i]]
    if rejected := scores.per_genre[label].n_tracks - row.sum():
        labels.append(f"no genre {rejected}")
    return ", ".join(labels)


def no_genre_text(genres: Collection[str], answers: Mapping[str, int]) -> str:
    """How often each answer was given that is no genre: ``other 12, not music 3``."""
    return ", ".join(f"{name} {n}" for name, n in answers.items() if name not in genres)


def three_digits(value: float | None) -> str:
    """A share with three digits; a dash where there is none."""
    return "-" if value is None else f"{value:.3f}"


def _with_interval(scores: Scores, name: str) -> str:
    low, high = getattr(scores, f"{name}_interval")
    return f"{getattr(scores, name):.3f} ({low:.3f} to {high:.3f})"


def _counts(genres: Sequence[str], answers: Iterable[str]) -> dict[str, int]:
    counts = Counter(answers)
    others = sorted(counts.keys() - {*genres}, key=lambda name: (-counts[name], name))
    return {name: counts[name] for name in (*genres, *others) if counts[name]}


def _confusion(
    true: npt.NDArray[np.int64], labelled: npt.NDArray[np.int64], n_labels: int
) -> npt.NDArray[np.int64]:
    confusion = np.zeros((n_labels, n_labels), np.int64)
    given = labelled != REJECTED
    np.add.at(confusion, (true[given], labelled[given]), 1)
    return confusion


def _per_genre(
    labels: tuple[str, ...], confusion: npt.NDArray[np.int64], n_tracks: npt.NDArray[np.int64]
) -> dict[str, GenreScores]:
    hits, n_labelled = np.diag(confusion), confusion.sum(axis=0)
    return {
        label: GenreScores(
            precision=float(hits[i] / max(n_labelled[i], 1)),
            recall=float(hits[i] / n_tracks[i]),
            f1=float(2 * hits[i] / (n_labelled[i] + n_tracks[i])),
            n_tracks=int(n_tracks[i]),
        )
        for i, label in enumerate(labels)
        if n_tracks[i]
    }


def _mean_recall(sums: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """(n,) from (n, 2 * genres): right labels of each genre, then its tracks.

    A resample may lack a genre altogether; its mean is then over the others.
    """
    hits, tracks = np.split(sums.astype(np.float64), 2, axis=1)
    present = tracks > 0
    recall = np.divide(hits, tracks, out=np.zeros_like(hits), where=present)
    mean: npt.NDArray[np.float64] = recall.sum(axis=1) / present.sum(axis=1)
    return mean
