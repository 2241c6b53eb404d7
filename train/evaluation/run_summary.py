"""The contents of ``run.json``."""

from __future__ import annotations

from typing import Any

from ..data.splits import TRAIN, VALID
from ..experiment.prepare import Experiment
from ..run import provenance
from .scores import Scores


def run_summary(
    name: str,
    data: str,
    experiment: Experiment,
    scores: Scores,
    how: dict[str, Any],
    *,
    protocol: str | None = None,
) -> dict[str, Any]:
    """Name, labels, front end, how it was trained and what it scored; the draft of a manifest.

    Parameters
    ----------
    name : str
    data : str
        Name of the data set.
    experiment : Experiment
    scores : Scores
        Of the validation part.
    how : dict
        More of the training, JSON-ready.
    protocol : str, optional
        How the scores came about, if not on the validation part of the split.
    """
    split = experiment.split
    return {
        "name": name,
        "labels": list(experiment.genres),
        "front_end": experiment.params.to_dict(),
        "training": {
            "data": data,
            "split": split.name,
            "split_id": split.id,
            "split_sha256": split.sha256,
            "split_leaks": split.leaks,
            "n_tracks": experiment.n_tracks(),
            "n_windows": {TRAIN: len(experiment.train), VALID: len(experiment.valid)},
            "skipped": [
                f"{track.id}: {why.removeprefix(f'{track.path}: ')}"
                for track, why in experiment.extraction.skipped
            ],
            **how,
            "command": provenance.command(),
            "commit": provenance.commit(),
            "versions": provenance.versions(),
            "machine": provenance.machine(),
        },
        "metrics": {
            "validation": {
                "segment_accuracy": round(scores.window_accuracy, 4),
                "track_accuracy": round(scores.accuracy, 4),
                "track_macro_recall": round(scores.macro_recall, 4),
                "n_tracks": scores.n_tracks,
                "n_segments": scores.n_windows,
            },
            "protocol": protocol
            or f"float model on the validation part of split {split.name}"
            + (" (LEAKS)" if split.leaks else ""),
        },
    }
