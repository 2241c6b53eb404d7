"""Writes the run folder; `edge_runtime.model.run_folder` documents what is in it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataSetError
from edge_runtime.model.run_folder import (
    BASELINE,
    CURVES,
    HISTORY,
    MODEL,
    PREDICTIONS,
    RUN,
    SPLIT,
    WINDOWS,
    RunWindows,
)
from edge_runtime.output_file import check_writable

from ..experiment.prepare import Experiment
from ..features.files import storing
from .predictions import Predictions

_KEPT = "features are kept: make space and run the same command again"
RUN_BYTES = 32_000_000
"""Network, checkpoints and windows of a small data set; the least that must be free"""
CALIBRATION_PER_GENRE = 50
"""Most training windows of each genre that a quantization takes its ranges from"""


def check_free(folder: Path, *, overwrite: bool, option: str = "--out") -> None:
    """Refuse a folder that holds a run, unless it may be overwritten, or cannot hold one.

    Raises
    ------
    DataSetError
        If there is a run in it already.
    OutputFileError
        If it cannot be written to, or has too little space.
    """
    if (folder / RUN).exists() and not overwrite:
        raise DataSetError(
            f"{folder}: holds a training run already; name another folder with {option}, or add "
            "--overwrite"
        )
    check_writable(folder, option, folder=True, n_bytes=RUN_BYTES)


def save_network(
    folder: Path,
    model: Any,
    run: dict[str, Any],
    experiment: Experiment,
    predictions: Predictions,
    *,
    history: dict[str, list[float]],
    no_genre: tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]] | None = None,
    examined_elsewhere: bool = False,
) -> None:
    """Write everything but the report; ``run.json`` comes last: with it the run is whole.

    `no_genre` are windows of the labels that are no genre, and these labels. With
    `examined_elsewhere`, the predictions are by other models, which were not trained on these
    clips, and an export takes its calibration from them: temperature and window correlation.
    """
    with storing(folder, _KEPT):
        train, valid = experiment.train, experiment.valid
        _begin(folder)
        model.save(folder / MODEL)
        chosen = calibration_indices(train.labels, run["training"]["seed"])
        calibration, calibration_labels = train.batch(chosen), train.labels[chosen]
        if no_genre is not None:
            windows, labels = no_genre
            for label in np.unique(labels):
                own = np.flatnonzero(labels == label)
                own = own[:: -(-len(own) // CALIBRATION_PER_GENRE)]
                calibration = np.concatenate([calibration, windows[own]])
                calibration_labels = np.append(calibration_labels, [label] * len(own))
        RunWindows(
            valid.all(),
            valid.labels,
            valid.tracks,
            calibration,
            calibration_labels,
            predictions.posteriors if examined_elsewhere else None,
            predictions.window_labels if examined_elsewhere else None,
            predictions.segment_tracks if examined_elsewhere else None,
        ).save(folder / WINDOWS)
        with (folder / HISTORY).open(
            "w", newline="", encoding="utf-8", errors="surrogateescape"
        ) as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(["epoch", *history])
            rows.writerows(
                [epoch, *values]
                for epoch, values in enumerate(zip(*history.values(), strict=True), 1)
            )
        _finish(folder, run, experiment, predictions)


def save_baseline(
    folder: Path,
    baseline: Any,
    run: dict[str, Any],
    experiment: Experiment,
    predictions: Predictions,
) -> None:
    """Write a baseline's run: the same, with the fitted object in the place of a network."""
    import joblib

    with storing(folder, _KEPT):
        _begin(folder)
        joblib.dump(baseline, folder / BASELINE)
        _finish(folder, run, experiment, predictions)


def _begin(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in (RUN, MODEL, BASELINE, WINDOWS, HISTORY, CURVES):
        # A run that is half replaced has no run.json, and nothing of the one before.
        (folder / name).unlink(missing_ok=True)


def _finish(
    folder: Path, run: dict[str, Any], experiment: Experiment, predictions: Predictions
) -> None:
    predictions.save(folder / PREDICTIONS)
    with (folder / SPLIT).open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["id", "parts"])
        parts = experiment.split.parts
        rows.writerows([track, " ".join(own)] for track, own in sorted(parts.items()))
    (folder / RUN).write_text(
        json.dumps(run, indent=2) + "\n", encoding="utf-8", errors="surrogateescape"
    )


def calibration_indices(labels: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.int64]:
    """Training windows for a quantization's ranges, as many of each genre, drawn with a seed."""
    generator = np.random.default_rng(seed)
    chosen = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        size = min(CALIBRATION_PER_GENRE, len(members))
        chosen.append(np.sort(generator.choice(members, size, replace=False)))
    return np.concatenate(chosen)
