"""What each condition costs a model."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_runtime.printable import printable_lines

from ..augment.conditions import GRID, Degradation
from ..data.tracks import Track
from .classify import Evaluation, evaluate
from .degraded_classifier import DegradedClassifier
from .track_results import Difference, compare_results, p_text, track_results


@dataclass(frozen=True)
class InCondition:
    """A model in one condition, against itself on the clips as they are."""

    condition: Degradation
    evaluation: Evaluation
    to_clean: Difference
    """Clean first; on the tracks that could be used in both"""

    @property
    def points(self) -> float:
        """Track accuracy above that on the clean clips, percentage points."""
        clean, here = self.to_clean.accuracies
        return 100.0 * (here - clean)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "condition": self.condition.name,
            "text": self.condition.text,
            "points_to_clean": self.points,
            "p_to_clean": self.to_clean.test.p,
            "lost": self.to_clean.test.b,
            "gained": self.to_clean.test.c,
            **self.evaluation.to_dict(),
        }


@dataclass(frozen=True)
class Robustness:
    """A model in every condition measured; clean first."""

    model: str
    rows: tuple[InCondition, ...]


def measure(
    model: Path,
    name: str,
    tracks: Sequence[Track],
    conditions: Sequence[Degradation],
    *,
    threads: int = 1,
) -> Robustness:
    """Evaluate a model through the device's runtime, condition by condition.

    Parameters
    ----------
    model : Path
    name : str
        What to call it.
    tracks : sequence of Track
        Each with a label of the model.
    conditions : sequence of Degradation
        The clips as they are come first, whether they are among them or not.
    threads : int
        Inference threads.

    Raises
    ------
    DataSetError
        If no track can be read.
    """
    clean = GRID[0]
    clips = {track.path: track.id for track in tracks}
    rows: list[InCondition] = []
    for condition in (clean, *(c for c in conditions if c.name != clean.name)):
        print(f"{name}: {condition.name} ({condition.text})", file=sys.stderr, flush=True)
        evaluation = evaluate(DegradedClassifier(model, condition, clips, threads=threads), tracks)
        results = track_results(condition.name, evaluation.predictions)
        first = track_results(clean.name, rows[0].evaluation.predictions) if rows else results
        rows.append(InCondition(condition, evaluation, compare_results(first, results)))
    return Robustness(name, tuple(rows))


def robustness_text(robustness: Robustness) -> str:
    """The table of one model."""
    width = max(len(row.condition.text) for row in robustness.rows)
    name = max(len("condition"), *(len(row.condition.name) for row in robustness.rows))
    lines = [
        f"{'condition':<{name}}  {'':<{width}}  tracks (95 % interval)  macro recall   windows  "
        "no genre  to clean (points)"
    ]
    for row in robustness.rows:
        scores = row.evaluation.scores
        low, high = scores.accuracy_interval
        to_clean = f"{row.points:+.1f}, {p_text(row.to_clean.test.p)}"
        lines.append(
            f"{row.condition.name:<{name}}  {row.condition.text:<{width}}  "
            f"{scores.accuracy:.3f} ({low:.3f} to {high:.3f})  {scores.macro_recall:>12.3f}  "
            f"{scores.window_accuracy:>8.3f}  {scores.n_rejected:>8}  "
            f"{'' if row is robustness.rows[0] else to_clean}".rstrip()
        )
    return printable_lines("\n".join(lines))
