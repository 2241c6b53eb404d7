"""A finished training run, read for export."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataSetError
from edge_runtime.frontend import FrontEndParams
from edge_runtime.model.run_folder import (
    BASELINE,
    MODEL,
    WINDOWS,
    not_finished,
    read_run_record,
    read_run_windows,
)

from .quantize.representative import Representative, representative


@dataclass(frozen=True)
class Run:
    """A trained model and the windows that its exports are checked on."""

    folder: Path
    model: Any
    """Keras model; takes (n, frames, coefficients, 1), ends in a softmax"""
    name: str
    labels: tuple[str, ...]
    rejected: tuple[str, ...]
    """Those of the labels that are no genre"""
    front_end: FrontEndParams
    training: dict[str, Any]
    metrics: dict[str, Any]
    valid_features: npt.NDArray[np.float32]
    """(n, frames, coefficients), normalised"""
    valid_labels: npt.NDArray[np.int64]
    valid_tracks: npt.NDArray[np.int64]
    representative: Representative
    """Training windows, for the ranges of a quantized network"""
    unheard: tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]] | None = None
    """Where the model was trained on its validation windows: posteriors, by models that were not,
    and true labels of windows"""


def read_run(folder: Path) -> Run:
    """Read a run folder.

    Raises
    ------
    DataSetError
        If it is no run folder, is not finished, or its parts do not fit each other.
    """
    record = read_run_record(folder)
    if (folder / BASELINE).is_file():
        raise DataSetError(
            f"{folder}: {record.name} is a baseline, which no device runs; export a network "
            "(edge-genre train --model seed-cnn)"
        )
    if not (folder / MODEL).is_file():
        raise not_finished(folder, MODEL)
    front_end = record.front_end_params()
    model = _load_model(folder / MODEL)
    _check_network(folder, model, record.labels, front_end)
    windows = read_run_windows(record)
    unheard = None
    if windows.unheard_posteriors is not None and windows.unheard_labels is not None:
        unheard = (windows.unheard_posteriors, windows.unheard_labels)
    return Run(
        folder,
        model,
        record.name,
        record.labels,
        record.rejected,
        front_end,
        record.training,
        record.metrics,
        windows.valid_features,
        windows.valid_labels,
        windows.valid_tracks,
        representative(
            windows.calibration_features,
            windows.calibration_labels,
            record.labels,
            seed=record.facts.seed,
            source=str(folder / WINDOWS),
        ),
        unheard,
    )


def logits_model(model: Any) -> Any:
    """The same network without its final softmax.

    The runtime applies the softmax in float: an int8 softmax gives multiples of 1/256 only,
    and calibration by temperature needs logits.

    Parameters
    ----------
    model : keras.Model
        Ends in a ``Softmax`` layer.

    Returns
    -------
    keras.Model
        A functional model (tf2onnx cannot convert a ``Sequential`` of Keras 3).
    """
    import keras

    last = model.layers[-1]
    if not isinstance(last, keras.layers.Softmax):
        raise TypeError(f"the network ends in {type(last).__name__}, not in a Softmax layer")
    return keras.Model(model.inputs, last.input, name=model.name)


def _check_network(
    folder: Path, model: Any, labels: tuple[str, ...], front_end: FrontEndParams
) -> None:
    outputs = int(model.output_shape[-1])
    if outputs != len(labels):
        raise _unfit(folder, f"the network has {outputs} outputs for {len(labels)} labels")
    ending = type(model.layers[-1]).__name__
    if ending != "Softmax":
        raise _unfit(folder, f"the network ends in {ending}, not in a Softmax layer")
    taken, made = model.input_shape[1:3], (front_end.n_frames, front_end.n_coefficients)
    if taken != made:
        raise _unfit(
            folder, f"the network takes {taken}, the front end makes {made} (frames, coefficients)"
        )


def _unfit(folder: Path, what: str) -> DataSetError:
    return DataSetError(f"{folder}: {what}; train it again")


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
    """The version of Keras that wrote a model, if the file can be read that far."""
    try:
        with zipfile.ZipFile(path) as archive:
            return str(json.loads(archive.read("metadata.json"))["keras_version"])
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return None
