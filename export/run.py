"""What a training left behind, read for export."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataSetError, EdgeGenreError
from edge_runtime.frontend import FrontEndParams
from edge_runtime.model.from_json import dataclass_from_json

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
    """Where the model has heard the validation windows: posteriors and labels of windows by models
    that had not"""


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
        labels = _labels(folder, run["labels"])
        front_end = _front_end(folder, run["front_end"])
        _check_network(folder, model, labels, front_end)
        _check_windows(folder, arrays, labels, front_end)
        found = Run(
            folder,
            model,
            run["name"],
            labels,
            tuple(run.get("rejected", ())),
            front_end,
            run["training"],
            run["metrics"],
            arrays["valid_features"],
            arrays["valid_labels"],
            arrays["valid_tracks"],
            representative(
                arrays["calibration_features"],
                arrays["calibration_labels"],
                labels,
                seed=run["training"]["seed"],
                source=str(folder / "windows.npz"),
            ),
            (arrays["unheard_posteriors"], arrays["unheard_labels"])
            if "unheard_posteriors" in arrays
            else None,
        )
    except (ValueError, KeyError, TypeError, OSError) as error:
        if isinstance(error, EdgeGenreError):
            raise
        raise DataSetError(
            f"{folder}: cannot be read ({type(error).__name__}: {' '.join(str(error).split())}); "
            "train it again"
        ) from None
    return found


def logits_model(model: Any) -> Any:
    """The same network without its final softmax.

    The runtime applies the softmax in float: an int8 softmax can only say multiples of 1/256,
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


def _labels(folder: Path, names: list[str]) -> tuple[str, ...]:
    if len({*names}) < len(names):
        raise _unfit(folder, f"labels are {names}; no two may be the same")
    return tuple(names)


def _front_end(folder: Path, values: Any) -> FrontEndParams:
    """The front end's parameters, all of which must be known: each changes what a network hears."""
    if not isinstance(values, dict):
        raise _unfit(folder, f"front_end is {values!r}; it must be an object of parameters")
    unknown = values.keys() - {field.name for field in dataclasses.fields(FrontEndParams)}
    if unknown:
        raise DataSetError(
            f"{folder}: front_end has {', '.join(sorted(unknown))}, which this version does not "
            "know; export with the version that trained it, or train it again"
        )
    return dataclass_from_json(FrontEndParams, values, f"{folder}: front_end")


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


def _check_windows(
    folder: Path,
    arrays: dict[str, npt.NDArray[Any]],
    labels: tuple[str, ...],
    front_end: FrontEndParams,
) -> None:
    shape = (front_end.n_frames, front_end.n_coefficients)
    for part, others in (("valid", ("labels", "tracks")), ("calibration", ("labels",))):
        features, *rest = (arrays[f"{part}_{name}"] for name in ("features", *others))
        if features.shape[1:] != shape or any(each.shape != features.shape[:1] for each in rest):
            raise _unfit(folder, f"windows.npz: the {part} arrays do not fit each other")
        if not len(features):
            raise _unfit(folder, f"windows.npz: there are no {part} windows")
        if not np.isfinite(features).all():
            raise _unfit(folder, f"windows.npz: {part} features hold NaN or infinity")
        first, last = rest[0].min(), rest[0].max()
        if first < 0 or last >= len(labels):
            raise _unfit(
                folder,
                f"windows.npz: {part} windows are of labels {first} to {last}, the network has 0 "
                f"to {len(labels) - 1}",
            )


def _unfit(folder: Path, what: str) -> DataSetError:
    return DataSetError(f"{folder}: {what}; train it again")


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
