"""What a training left behind, read for export."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataSetError, EdgeGenreError
from edge_runtime.frontend import FrontEndParams
from edge_runtime.json_values import dataclass_from_json

from .representative import Representative, representative


@dataclass(frozen=True)
class Run:
    """A trained model and the windows that its exports are checked on."""

    folder: Path
    model: Any
    """Keras model; takes (n, frames, coefficients, 1), ends in a softmax"""
    name: str
    labels: tuple[str, ...]
    front_end: FrontEndParams
    training: dict[str, Any]
    metrics: dict[str, Any]
    valid_features: npt.NDArray[np.float32]
    """(n, frames, coefficients), normalised"""
    valid_labels: npt.NDArray[np.int64]
    valid_tracks: npt.NDArray[np.int64]
    representative: Representative
    """Training windows, for the ranges of a quantized network"""


def read_run(folder: Path) -> Run:
    """Read a run folder.

    Raises
    ------
    DataSetError
        If it is no run folder, is not finished, or its parts do not fit each other.
    """
    if (folder / "model.joblib").is_file():
        raise DataSetError(
            f"{folder}: {_name(folder)} is a baseline, which no device runs; export a network "
            "(edge-genre train --model seed-cnn)"
        )
    for name in ("run.json", "model.keras", "windows.npz"):
        if not (folder / name).is_file():
            raise DataSetError(
                f"{folder}: holds no {name}, so it is not a finished training run; name the "
                "folder that edge-genre train printed"
            )
    try:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        with np.load(folder / "windows.npz", allow_pickle=False) as windows:
            arrays = {name: windows[name] for name in windows.files}
        model = _load_model(folder / "model.keras")
        outputs = int(model.output_shape[-1])
        if outputs != len(run["labels"]):
            raise DataSetError(
                f"{folder}: the network has {outputs} outputs for {len(run['labels'])} labels; "
                "train it again"
            )
        found = Run(
            folder,
            model,
            run["name"],
            tuple(run["labels"]),
            dataclass_from_json(FrontEndParams, run["front_end"], f"{folder}: front_end"),
            run["training"],
            run["metrics"],
            arrays["valid_features"],
            arrays["valid_labels"],
            arrays["valid_tracks"],
            representative(
                arrays["calibration_features"],
                arrays["calibration_labels"],
                tuple(run["labels"]),
                seed=run["training"]["seed"],
                source=str(folder / "windows.npz"),
            ),
        )
    except (ValueError, KeyError, TypeError, OSError) as error:
        if isinstance(error, EdgeGenreError):
            raise
        raise DataSetError(
            f"{folder}: cannot be read ({type(error).__name__}: {' '.join(str(error).split())}); "
            "train it again"
        ) from None
    return found


def _name(folder: Path) -> str:
    try:
        return str(json.loads((folder / "run.json").read_text(encoding="utf-8"))["name"])
    except (ValueError, KeyError, TypeError, OSError):
        return "this"


def _load_model(path: Path) -> Any:
    import keras

    try:
        return keras.saving.load_model(path, compile=False)
    except Exception as error:  # Keras raises whatever the first layer it cannot build raises
        reason = " ".join(str(error).split())[:200]
        saved = _saved_by(path)
        remedy = "train it again"
        if saved and saved != keras.__version__:
            remedy = f"it was saved by Keras {saved}, this is {keras.__version__}: {remedy}"
        raise DataSetError(f"{path}: cannot be read ({reason}); {remedy}") from None


def _saved_by(path: Path) -> str | None:
    """The Keras that wrote a model, if the file still tells."""
    try:
        with zipfile.ZipFile(path) as archive:
            return str(json.loads(archive.read("metadata.json"))["keras_version"])
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return None
