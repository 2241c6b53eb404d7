"""Which tracks a model labels rightly, and how two models differ in that."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataSetError
from edge_runtime.printable import printable_lines
from edge_runtime.regular_file import check_regular

from ..run.predictions import Predictions, load_predictions
from .significance import Interval, McNemar, bootstrap_interval, mcnemar


@dataclass(frozen=True)
class TrackResults:
    """Right or wrong, track by track."""

    name: str
    """What the model is called where it is compared"""
    correct: dict[str, bool]
    """By track id"""
    genres: dict[str, str]
    """True genre by track id"""


@dataclass(frozen=True)
class Difference:
    """Two models on the tracks that both labelled."""

    names: tuple[str, str]
    accuracies: tuple[float, float]
    intervals: tuple[Interval, Interval]
    """95 %, bootstrap over tracks"""
    test: McNemar

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "models": list(self.names),
            "accuracy": list(self.accuracies),
            "accuracy_ci95": [list(interval) for interval in self.intervals],
            **self.test.to_dict(),
        }


def track_results(name: str, predictions: Predictions) -> TrackResults:
    """Results of a model's predictions."""
    ids = predictions.track_ids
    right = predictions.predicted_tracks == predictions.track_labels
    genres = [predictions.labels[label] for label in predictions.track_labels]
    return TrackResults(
        name, dict(zip(ids, map(bool, right), strict=True)), dict(zip(ids, genres, strict=True))
    )


def read_track_results(path: Path) -> TrackResults:
    """Results in a predictions file or in what ``evaluate --json`` wrote.

    Raises
    ------
    DataSetError
        If it is neither.
    """
    if path.suffix.lower() == ".json":
        return _from_json(path)
    return track_results(path.name, load_predictions(path))


def compare_results(first: TrackResults, second: TrackResults) -> Difference:
    """Accuracies and McNemar's test on the common tracks.

    Raises
    ------
    DataSetError
        If there are none, or their true genres differ.
    """
    common = [track for track in first.correct if track in second.correct]
    if not common:
        raise DataSetError(
            f"{second.name}: none of its {len(second.correct)} tracks (such as "
            f"{next(iter(second.correct), '-')!r}) is one of the {len(first.correct)} of "
            f"{first.name} (such as {next(iter(first.correct))!r}); evaluate both on the same clips"
        )
    for track in common:
        if _letters(first.genres[track]) != _letters(second.genres[track]):
            raise DataSetError(
                f"{second.name}: has {track!r} as {second.genres[track]}, {first.name} as "
                f"{first.genres[track]}; evaluate both with the same genres"
            )
    one, other = _in_order(first, common), _in_order(second, common)
    return Difference(
        (first.name, second.name),
        (float(one.mean()), float(other.mean())),
        (bootstrap_interval(one), bootstrap_interval(other)),
        mcnemar(one, other),
    )


def difference_text(difference: Difference) -> str:
    """Both accuracies and the test's verdict, in three lines."""
    test = difference.test
    width = max(map(len, difference.names))
    lines = [
        f"{name:<{width}}  accuracy {accuracy:.3f} ({low:.3f} to {high:.3f}), alone right on {n}"
        for name, accuracy, (low, high), n in zip(
            difference.names,
            difference.accuracies,
            difference.intervals,
            (test.b, test.c),
            strict=True,
        )
    ]
    lines.append(f"McNemar, exact, two-sided: {p_text(test.p)}; {_verdict(test)}")
    return printable_lines("\n".join(lines))


def p_text(p: float) -> str:
    """A p-value, as short as it may be."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def _verdict(test: McNemar) -> str:
    if test.p < 0.05:
        return "the difference is more than chance (5 % level)"
    return "chance alone can explain the difference (5 % level)"


def _in_order(results: TrackResults, tracks: list[str]) -> npt.NDArray[np.bool_]:
    return np.array([results.correct[track] for track in tracks], np.bool_)


def _letters(genre: str) -> str:
    """Models may spell a genre differently: ``Hip-Hop`` is ``hiphop``."""
    return "".join(filter(str.isalnum, genre.casefold()))


def _from_json(path: Path) -> TrackResults:
    try:
        check_regular(path)
        tracks = json.loads(path.read_text(encoding="utf-8-sig"))["tracks"]
        genres = {str(track["id"]): str(track["label"]) for track in tracks}
        correct = {str(track["id"]): track["answer"] == track["label"] for track in tracks}
    except OSError as error:
        raise DataSetError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError):
        raise DataSetError(
            f"{path}: lists no tracks with id, label and answer; write it with: "
            "edge-genre evaluate MODEL DATA --json FILE"
        ) from None
    return TrackResults(path.name, correct, genres)
