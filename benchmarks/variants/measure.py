"""What each variant of a network is worth, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime import Classifier
from edge_runtime.errors import DataSetError, ExportParityError
from export.artefact import Artefact, Description, Source, write
from export.formats import file_name
from export.run import Run, read_run
from export.variants import attempts
from train.evaluation.scores import score_predictions
from train.run.predictions import Predictions

from ..timing import interleaved

_CALLS = 3


def exported(folder: Path, files: Path, formats: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Export a run's variants into ``files/NAME`` and compare them with the float model.

    Returns
    -------
    str
        The run's name.
    dict
        JSON-ready: facts of the network, and a row for each variant.

    Raises
    ------
    DataSetError
        If it is no run folder, or its network was trained on the windows that it is measured on.
    """
    run = read_run(folder)
    if run.unheard is not None:
        raise DataSetError(
            f"{folder}: was fitted to its validation windows; name the run that was before "
            "edge-genre refit"
        )
    source = Source(run, Description(run.name, "benchmark", "not for distribution", ""))
    own = files / run.name
    own.mkdir(parents=True, exist_ok=True)
    rows = []
    for fmt in formats:
        for variant, result in attempts(source, fmt):
            row: dict[str, Any] = {
                "file": file_name(run.name, variant),
                "format": fmt,
                "quantization": variant.precision,
            }
            if isinstance(result, ExportParityError):
                rows.append({**row, "passed": False, "failures": [str(result)]})
                continue
            write(result, own / row["file"], force=True)
            rows.append({**row, **_worth(result, own / row["file"], run)})
    shape = [int(size) for size in run.valid_features.shape[1:]]
    return run.name, {
        "training": {key: run.training[key] for key in ("data", "split", "seed", "commit")},
        "n_tracks": len(np.unique(run.valid_tracks)),
        "n_windows": len(run.valid_labels),
        "parameters": int(run.model.count_params()),
        "macs": source.macs,
        "input": shape,
        "float": _scores(source.posteriors, run),
        "variants": rows,
    }


def timed(models: dict[str, Any], files: Path, rounds: int) -> None:
    """Add ``backend`` and ``latency_ms`` to every row; all networks in turn, on one thread.

    With more, the threads of those whose turn is over still wait for work, and take it from the
    next; ``edge-genre bench`` measures threads, one network at a time.
    """
    calls: dict[str, Callable[[], object]] = {}
    rows = {}
    for name, model in models.items():
        window = np.random.default_rng(0).standard_normal((1, *model["input"]))
        for row in model["variants"]:
            if "bytes" not in row:
                continue
            backend = Classifier(files / name / row["file"]).backend
            calls[row["file"]] = partial(backend.run, window.astype(np.float32))
            row["backend"] = backend.name
            rows[row["file"]] = row
    for file, seconds in interleaved(calls, rounds=rounds, calls=_CALLS).items():
        rows[file]["latency_ms"] = round(1e3 * seconds, 4)


def _worth(artefact: Artefact, path: Path, run: Run) -> dict[str, Any]:
    posteriors = Classifier(path).posteriors(run.valid_features)
    return {
        "passed": not artefact.failures,
        "failures": list(artefact.failures),
        "bytes": artefact.bytes,
        "agreement": round(artefact.parity.agreement, 5),
        "max_posterior_error": float(f"{artefact.parity.max_posterior_error:.3g}"),
        **_scores(posteriors, run),
    }


def _scores(posteriors: npt.NDArray[np.float32], run: Run) -> dict[str, Any]:
    tracks, firsts, indices = np.unique(run.valid_tracks, return_index=True, return_inverse=True)
    scores = score_predictions(
        Predictions(
            run.labels,
            tuple(map(str, tracks)),
            run.valid_labels[firsts],
            indices,
            posteriors,
            rejected=run.rejected,
        )
    )
    return {
        "track_accuracy": round(scores.accuracy, 4),
        "track_accuracy_ci95": [round(value, 4) for value in scores.accuracy_interval],
        "macro_recall": round(scores.macro_recall, 4),
    }
