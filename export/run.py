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
from edge_runtime.frontend import FrontEndParams, input_shape
from edge_runtime.model.manifest import Tag
from edge_runtime.model.run_folder import (
    BASELINE,
    MODEL,
    RUN,
    WINDOWS,
    RunRecord,
    not_finished,
    read_run_record,
    read_run_windows,
)

from .flat import flattened
from .quantize.last_layers import JOINED
from .quantize.representative import Representative, representative


@dataclass(frozen=True)
class Unheard:
    """Windows that a model was trained on, as models saw them that were not."""

    posteriors: npt.NDArray[np.float32]
    """(k, labels)"""
    labels: npt.NDArray[np.int64]
    """(k,) true label of each"""
    tracks: npt.NDArray[np.int64] | None
    """(k,) a number for each track; None in old runs"""


@dataclass(frozen=True)
class Run:
    """A trained model and the windows that its exports are checked on."""

    folder: Path
    model: Any
    """Keras model; takes (n, frames, coefficients, 1), its first output is a softmax"""
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
    unheard: Unheard | None = None
    """Where the model was trained on its validation windows"""
    tags: tuple[Tag, ...] = ()
    styles: tuple[Tag, ...] = ()
    style_threshold: float = 0.3
    second_front_end: FrontEndParams | None = None
    window_correlation: float | None = None
    """None where it is to be fitted"""


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
    front_end, second = record.front_end_params(), record.second_front_end_params()
    model = _load_model(folder / MODEL)
    _check_network(folder, model, record, input_shape(front_end, second))
    windows = read_run_windows(record)
    unheard = None
    if windows.unheard_posteriors is not None and windows.unheard_labels is not None:
        unheard = Unheard(
            windows.unheard_posteriors, windows.unheard_labels, windows.unheard_tracks
        )
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
        record.tags,
        record.styles,
        record.style_threshold,
        second,
        record.window_correlation,
    )


def logits_model(model: Any) -> Any:
    """The same network without its final softmax, and with one output.

    The runtime applies the softmax in float: an int8 softmax gives multiples of 1/256 only,
    and calibration by temperature needs logits.

    Parameters
    ----------
    model : keras.Model
        Its first output comes from a ``Softmax`` layer; it may have more, of tags and styles.

    Returns
    -------
    keras.Model
        A functional model (tf2onnx cannot convert a ``Sequential`` of Keras 3). What it gives are
        the labels' logits, then the tags', then the styles'.
    """
    import keras

    model = flattened(model)
    last = _maker(model.outputs[0])
    if not isinstance(last, keras.layers.Softmax):
        raise TypeError(f"the network ends in {type(last).__name__}, not in a Softmax layer")
    outputs = [last.input, *model.outputs[1:]]
    joined = outputs[0]
    if len(outputs) > 1:
        joined = keras.layers.Concatenate(name=JOINED)(outputs)
    return keras.Model(model.inputs, joined, name=model.name)


def _maker(tensor: Any) -> Any:
    """The layer that a tensor comes from."""
    return tensor._keras_history.operation


def _check_network(folder: Path, model: Any, record: RunRecord, made: tuple[int, int]) -> None:
    named = {"labels": record.labels, "tags": record.tags, "styles": record.styles}
    expected = [name for name, found in named.items() if found]
    if len(model.outputs) != len(expected):
        raise _unfit(
            folder,
            f"the network has {len(model.outputs)} outputs, {RUN} names {' and '.join(expected)}",
        )
    for name, tensor in zip(expected, model.outputs, strict=True):
        n_outputs = int(tensor.shape[-1])
        if n_outputs != len(named[name]):
            raise _unfit(
                folder, f"the network has {n_outputs} outputs for {len(named[name])} {name}"
            )
        ending = _maker(tensor)
        if name == "labels":
            if type(ending).__name__ != "Softmax":
                what = f"the network ends in {type(ending).__name__}, not in a Softmax layer"
                raise _unfit(folder, what)
        elif ending.name != name or not _is_linear(ending):
            raise _unfit(
                folder,
                f"the network's output of {name} comes from layer {ending.name!r} "
                f"({type(ending).__name__}), not from one without activation named {name!r}",
            )
    taken = tuple(model.input_shape[1:3])
    if taken != made:
        what = "the front end makes"
        if record.second_front_end is not None:
            what = "the front ends make"
        raise _unfit(folder, f"the network takes {taken}, {what} {made} (frames, coefficients)")


def _is_linear(layer: Any) -> bool:
    """Whether a layer has no activation of its own."""
    import keras

    return getattr(layer, "activation", None) in (None, keras.activations.linear)


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
