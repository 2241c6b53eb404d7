"""Several training runs side by side, split by split, with the leak in the open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_runtime.errors import DataSetError
from edge_runtime.model.run_folder import PREDICTIONS, RUN, RunRecord, read_run_record

from ..run.predictions import Predictions, load_predictions
from .scores import Scores, score_predictions
from .track_results import Difference, compare_results, track_results


@dataclass(frozen=True)
class Run:
    """A run folder: how the model was trained, and its scores."""

    record: RunRecord
    predictions: Predictions
    """Of the validation part"""
    scores: Scores

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        facts = self.record.facts
        return {
            "model": self.record.name,
            "run": str(self.record.folder),
            "data": facts.data,
            "parameters": facts.parameters,
            "training_seconds": facts.seconds,
            **self.scores.to_dict(),
        }


@dataclass(frozen=True)
class SplitGroup:
    """Runs that were trained and validated on the very same split; best accuracy first."""

    split: str
    sha256: str
    leaks: bool
    has_namesake: bool
    """Whether another split of these runs has the same name and other contents"""
    runs: tuple[Run, ...]
    names: tuple[str, ...]
    """What to call each run: its model, and its folder where several are of that model"""
    against_best: tuple[Difference, ...]
    """The first run against each of the others"""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "split": self.split,
            "split_sha256": self.sha256,
            "leaks": self.leaks,
            "has_namesake": self.has_namesake,
            "runs": [
                {"name": name, **run.to_dict()}
                for name, run in zip(self.names, self.runs, strict=True)
            ],
            "against_best": [difference.to_dict() for difference in self.against_best],
        }


@dataclass(frozen=True)
class Leak:
    """One model on a leaky and on an honest split, track accuracies."""

    model: str
    leaky_split: str
    honest_split: str
    leaky: float
    honest: float
    """Where a split has several runs of the model, the best"""

    @property
    def points(self) -> int:
        """Percentage points between the two."""
        return round(100 * (self.leaky - self.honest))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {**vars(self), "points": self.points}


@dataclass(frozen=True)
class Comparison:
    """The table of models."""

    groups: tuple[SplitGroup, ...]
    """Honest splits first"""
    leaks: tuple[Leak, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "splits": [group.to_dict() for group in self.groups],
            "leaks": [leak.to_dict() for leak in self.leaks],
        }


def read_run(folder: Path) -> Run:
    """Read a run folder and score its predictions anew.

    Raises
    ------
    DataSetError
        If it is no run folder, is damaged, or has no predictions.
    """
    record = read_run_record(folder)
    predictions = load_predictions(folder / PREDICTIONS, record.labels)
    if record.facts.seconds is None:
        raise DataSetError(f"{folder / RUN}: training: lacks 'seconds'; train again")
    return Run(record, predictions, score_predictions(predictions))


def compare(runs: Sequence[Run]) -> Comparison:
    """Group runs by split, test each against the best of its split, and measure the leak."""
    by_split: dict[tuple[bool, str, str], list[Run]] = {}
    for run in runs:
        facts = run.record.facts
        key = (facts.split_leaks, facts.split, facts.split_sha256)
        by_split.setdefault(key, []).append(run)
    namesakes = Counter(split for _, split, _ in by_split)
    groups = tuple(
        _group(by_split[key], has_namesake=namesakes[key[1]] > 1)
        for key in sorted(by_split, key=lambda key: key[0])  # stable: else as they were named
    )
    return Comparison(groups, tuple(_leaks(groups)))


def _group(runs: list[Run], *, has_namesake: bool) -> SplitGroup:
    ranked = sorted(runs, key=lambda run: -run.scores.accuracy)
    records = [run.record for run in ranked]
    counts = Counter(record.name for record in records)
    names = tuple(
        record.name if counts[record.name] == 1 else f"{record.name} ({record.folder})"
        for record in records
    )
    results = [
        track_results(name, run.predictions) for name, run in zip(names, ranked, strict=True)
    ]
    return SplitGroup(
        split=records[0].facts.split,
        sha256=records[0].facts.split_sha256,
        leaks=records[0].facts.split_leaks,
        has_namesake=has_namesake,
        runs=tuple(ranked),
        names=names,
        against_best=tuple(compare_results(results[0], other) for other in results[1:]),
    )


def _leaks(groups: Sequence[SplitGroup]) -> list[Leak]:
    honest = [group for group in groups if not group.leaks]
    leaky = [group for group in groups if group.leaks]
    return [
        Leak(name, there.split, here.split, _best(there, name), _best(here, name))
        for there in leaky
        for name in dict.fromkeys(run.record.name for run in there.runs)
        for here in honest
        if any(run.record.name == name for run in here.runs)
    ]


def _best(group: SplitGroup, name: str) -> float:
    return max(run.scores.accuracy for run in group.runs if run.record.name == name)
