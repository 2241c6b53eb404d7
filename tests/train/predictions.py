"""Predictions made by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge_runtime.frontend import FrontEndParams
from edge_runtime.model.run_folder import PREDICTIONS
from train.run.predictions import REJECTED, Predictions

LABELS = ("blues", "jazz", "rock")


def labelling(
    true: Sequence[int], labelled: Sequence[int], *, labels: tuple[str, ...] = LABELS
) -> Predictions:
    """One window a track, with all of the posterior on its label; silent for `REJECTED`."""
    posteriors = np.zeros((len(true), len(labels)), np.float32)
    for row, label in zip(posteriors, labelled, strict=True):
        if label != REJECTED:
            row[label] = 1.0
    ids = tuple(f"track {index}" for index in range(len(true)))
    return Predictions(labels, ids, np.array(true), np.arange(len(true)), posteriors)


def random_predictions(seed: int, n_tracks: int = 60, windows: int = 4) -> Predictions:
    """Posteriors that lean to the true genre, several windows a track."""
    generator = np.random.default_rng(seed)
    true = generator.integers(0, len(LABELS), n_tracks)
    tracks = np.repeat(np.arange(n_tracks), windows)
    logits = generator.normal(size=(len(tracks), len(LABELS)))
    logits[np.arange(len(tracks)), true[tracks]] += 0.7
    posteriors = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    ids = tuple(f"track {index}" for index in range(n_tracks))
    return Predictions(LABELS, ids, true, tracks, posteriors.astype(np.float32))


def write_run(
    folder: Path, predictions: Predictions, *, name: str = "seed-cnn", **training: Any
) -> Path:
    """A run folder, as far as a comparison reads it."""
    folder.mkdir(parents=True)
    facts = {
        "data": "gtzan",
        "split": "tracks.csv",
        "split_sha256": "a1" * 32,
        "split_leaks": False,
        "parameters": 45_514,
        "seed": 0,
        "seconds": 12.5,
    }
    run = {
        "name": name,
        "labels": list(predictions.labels),
        "front_end": FrontEndParams().to_dict(),
        "training": facts | training,
        "metrics": {},
    }
    (folder / "run.json").write_text(json.dumps(run))
    predictions.save(folder / PREDICTIONS)
    return folder
