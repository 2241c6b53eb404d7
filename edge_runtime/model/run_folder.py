"""The run folder: the files that a training leaves behind, what they hold, and how they are read.

``edge-genre train``, ``teach`` and ``refit`` write it; ``export``, ``compare``, ``evaluate`` and
``refit`` read it. ``run.json`` is written last: a folder without it is not finished.
"""

from __future__ import annotations

import dataclasses
import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ..errors import DataSetError, ModelFileError, ParameterError
from ..frontend import FrontEndParams, input_shape
from ..regular_file import check_regular, special_kind
from .from_json import dataclass_from_json
from .manifest import Tag, check_tags

RUN = "run.json"
"""A `RunRecord`: the draft of a model's manifest"""
MODEL = "model.keras"
"""The trained network; it takes normalised features and gives the posterior of the labels by a
softmax. It may have further outputs: logits of `RunRecord.tags`, by a layer ``tags``, and of
`RunRecord.styles`, by a layer ``styles``"""
BASELINE = "model.joblib"
"""In its place, a fitted baseline (a pickle: load it only if you trust where it came from)"""
WINDOWS = "windows.npz"
"""`RunWindows`; a baseline's run has none"""
PREDICTIONS = "predictions.npz"
"""`WindowPosteriors` of the validation windows"""
SPLIT, HISTORY, REPORT, CURVES = "split.csv", "history.csv", "report.md", "history.png"
"""For the user alone: nothing reads them"""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Training:
    """The part of ``training`` in ``run.json`` that is read again; there is more in it."""

    data: str
    """What the music is called"""
    split: str
    """What the split is called"""
    split_sha256: str
    """Of which track is in which part"""
    split_leaks: bool
    """Whether windows of one track are in several parts"""
    parameters: int
    """Numbers in the model that were fitted"""
    seed: int
    """Of every random choice"""
    seconds: float | None = None
    """Time that fitting took; ``teach`` does not write it"""
    fitted_to: tuple[str, ...] = ()
    """Parts of the split that its last layer was fitted to, where ``refit`` wrote the run"""


@dataclass(frozen=True)
class RunRecord:
    """What ``run.json`` says, with every type checked."""

    name: str
    """Of the model"""
    labels: tuple[str, ...]
    """In the order of the network's outputs"""
    front_end: dict[str, Any]
    """See `front_end_params`"""
    training: dict[str, Any]
    """JSON values, as they go into a model's manifest"""
    metrics: dict[str, Any]
    """JSON values, as they go into a model's manifest"""
    facts: Training
    """Those of `training` that are read again"""
    folder: Path
    rejected: tuple[str, ...] = ()
    """Those of `labels` that are no genre; absent in runs from before there were any"""
    tags: tuple[Tag, ...] = ()
    """What the network's second output is, as in a model's manifest; absent where it has none"""
    styles: tuple[Tag, ...] = ()
    """What its last output is; absent where it has none"""
    style_threshold: float = 0.3
    """As in a model's manifest"""
    second_front_end: dict[str, Any] | None = None
    """See `second_front_end_params`; absent where the network takes none"""
    window_correlation: float | None = None
    """As in a model's manifest; where it is absent, an export fits it"""

    def __post_init__(self) -> None:
        if len(set(self.labels)) < len(self.labels):
            raise ParameterError(f"labels are {list(self.labels)}; no two may be the same")
        unknown = set(self.rejected) - set(self.labels)
        if unknown:
            raise ParameterError(f"rejected has {sorted(unknown)}, which labels has not")
        check_tags(self.tags, self.styles, self.style_threshold)
        if self.window_correlation is not None and not 0.0 <= self.window_correlation <= 1.0:
            raise ParameterError(
                f"window_correlation is {self.window_correlation}; it must be from 0 to 1"
            )

    def to_dict(self) -> dict[str, Any]:
        """The contents of ``run.json``; what is optional and not set is left out."""
        names = ("name", "labels", "front_end", "training", "metrics", "rejected")
        values = {name: getattr(self, name) for name in names}
        for name in ("tags", "styles"):
            if found := getattr(self, name):
                values[name] = [dataclasses.asdict(tag) for tag in found]
        if self.styles:
            values["style_threshold"] = self.style_threshold
        for name in ("second_front_end", "window_correlation"):
            if (value := getattr(self, name)) is not None:
                values[name] = value
        return values

    def front_end_params(self) -> FrontEndParams:
        """The front end's parameters.

        Raises
        ------
        DataSetError
            If one is not known (each changes what the network is given), or makes no sense.
        """
        return self._params("front_end", self.front_end)

    def second_front_end_params(self) -> FrontEndParams | None:
        """The second front end's parameters, where there is one.

        Raises
        ------
        DataSetError
            If one is not known, or makes no sense, or they do not fit the first front end's.
        """
        if self.second_front_end is None:
            return None
        params = self._params("second_front_end", self.second_front_end)
        try:
            input_shape(self.front_end_params(), params)
        except ParameterError as error:
            raise DataSetError(f"{self.folder / RUN}: {error}; train it again") from None
        return params

    def _params(self, name: str, values: dict[str, Any]) -> FrontEndParams:
        where = f"{self.folder / RUN}: {name}"
        unknown = values.keys() - {item.name for item in dataclasses.fields(FrontEndParams)}
        if unknown:
            raise DataSetError(
                f"{where} has {', '.join(sorted(unknown))}, which this version does not know; use "
                "the version that trained it, or train it again"
            )
        return _checked(FrontEndParams, values, where)


@dataclass(frozen=True)
class RunWindows:
    """The arrays of ``windows.npz``, by their names in the file."""

    valid_features: npt.NDArray[np.float32]
    """(n, frames, coefficients) of the validation windows, normalised; with a second front end, its
    rows behind those of the first"""
    valid_labels: npt.NDArray[np.int64]
    """(n,) true label of each, an index into `RunRecord.labels`"""
    valid_tracks: npt.NDArray[np.int64]
    """(n,) a number for each track"""
    calibration_features: npt.NDArray[np.float32]
    """(m, frames, coefficients) of training windows, for the ranges of a quantized network"""
    calibration_labels: npt.NDArray[np.int64]
    """(m,) true label of each"""
    unheard_posteriors: npt.NDArray[np.float32] | None = None
    """(k, labels) of windows, by models that were not trained on them. Temperature and window
    correlation are taken from these where the model was trained on its validation windows, too;
    absent elsewhere"""
    unheard_labels: npt.NDArray[np.int64] | None = None
    """(k,) true label of each; absent with `unheard_posteriors`"""
    unheard_tracks: npt.NDArray[np.int64] | None = None
    """(k,) a number for each track; absent with `unheard_posteriors`, and in old runs"""

    def save(self, path: Path) -> None:
        """Write ``windows.npz``."""
        arrays = {name: array for name, array in vars(self).items() if array is not None}
        np.savez(path, **arrays)


@dataclass(frozen=True)
class WindowPosteriors:
    """The arrays of ``predictions.npz``, by their names in the file."""

    labels: tuple[str, ...]
    """Genres and rejected labels, in the order of the posteriors"""
    track_ids: tuple[str, ...]
    """Every track that was examined, once"""
    track_labels: npt.NDArray[np.int64]
    """(tracks,) true label of each, an index into `labels`"""
    segment_tracks: npt.NDArray[np.int64]
    """(windows,) the track of each window, an index into `track_ids`"""
    posteriors: npt.NDArray[np.float32]
    """(windows, labels); a row of zeros is a silent window, which the model was not given"""
    rejection_threshold: float = 0.0
    """A track whose likeliest label has less is ``unknown``; absent in old files"""
    rejected: tuple[str, ...] = ()
    """Those of `labels` that are no genre; absent in old files"""
    window_correlation: float | None = None
    """Of the model, for whole tracks; absent where a track is the mean of its windows"""

    def save(self, path: Path) -> None:
        """Write them as ``.npz``, without pickles."""
        arrays = {name: value for name, value in vars(self).items() if value is not None}
        arrays |= {name: np.array(getattr(self, name), np.str_) for name in _TEXTS}
        with path.open("wb") as file:  # given a name, NumPy would add an ending of its own
            np.savez_compressed(file, **arrays)

    def _fits(self) -> bool:
        """Whether the arrays fit each other; a file from elsewhere may hold anything."""
        return (
            _are_indices(self.track_labels, len(self.track_ids), len(self.labels))
            and _are_indices(self.segment_tracks, len(self.posteriors), len(self.track_ids))
            and set(self.rejected) <= set(self.labels)
            and self.posteriors.dtype.kind == "f"
            and self.posteriors.shape == (len(self.segment_tracks), len(self.labels))
            and bool(np.isfinite(self.posteriors).all())
            and (self.window_correlation is None or 0.0 <= self.window_correlation <= 1.0)
        )


_TEXTS = ("labels", "track_ids", "rejected")
_DAMAGED = (
    OSError, ValueError, KeyError, EOFError, TypeError, RuntimeError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What NumPy and zipfile raise of a file that NumPy did not write, or that was damaged"""


def read_run_record(folder: Path) -> RunRecord:
    """Read ``run.json``.

    Raises
    ------
    DataSetError
        If it is missing, is damaged, lacks a key, or has a value of another type.
    """
    path = folder / RUN
    try:
        check_regular(path)
        values = json.loads(path.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        raise not_finished(folder, RUN) from None
    except OSError as error:
        raise DataSetError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise DataSetError(f"{path}: is damaged ({error}); train it again") from None
    if not isinstance(values, dict):
        raise DataSetError(f"{path}: is damaged (it holds no object); train it again")
    facts = _checked(Training, values.get("training", {}), f"{path}: training")
    return _checked(RunRecord, {**values, "facts": facts, "folder": folder}, str(path))


def read_run_windows(record: RunRecord) -> RunWindows:
    """Read ``windows.npz``.

    Raises
    ------
    DataSetError
        If it is missing or damaged, lacks an array, or the arrays do not fit the labels and the
        front end of ``run.json``.
    """
    path = record.folder / WINDOWS
    try:
        check_regular(path)
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise not_finished(record.folder, WINDOWS) from None
    except _DAMAGED as error:
        raise DataSetError(f"{path}: cannot be read ({_line(error)}); train it again") from None
    names = [item.name for item in dataclasses.fields(RunWindows)]
    missing = [name for name in names[:5] if name not in arrays]
    if missing:
        raise DataSetError(f"{path}: lacks {missing[0]!r}; train it again")
    windows = RunWindows(**{name: arrays[name] for name in names if name in arrays})
    problem = _problem(windows, record)
    if problem:
        raise DataSetError(f"{path}: {problem}; train it again")
    return windows


def read_predictions(path: Path, labels: tuple[str, ...] | None = None) -> WindowPosteriors:
    """Read what `WindowPosteriors.save` wrote.

    Parameters
    ----------
    path : Path
        ``predictions.npz`` of a run folder, or such a file from elsewhere.
    labels : tuple of str, optional
        Those of ``run.json``, which the file must have.

    Raises
    ------
    DataSetError
        If there is no such file, or it holds something else.
    """
    names = {item.name for item in dataclasses.fields(WindowPosteriors)}
    if kind := special_kind(path):
        raise DataSetError(f"{path}: is {kind}, not a file; name a predictions file")
    try:
        with np.load(path, allow_pickle=False) as file:
            values: dict[str, Any] = {name: file[name] for name in names & {*file.files}}
        values |= {name: tuple(map(str, values[name])) for name in _TEXTS if name in values}
        for name in {"rejection_threshold", "window_correlation"} & values.keys():
            values[name] = float(values[name])
        found = WindowPosteriors(**values)
        fits = found._fits()
    except FileNotFoundError:
        raise DataSetError(f"{path}: no such file; the run has no predictions") from None
    except _DAMAGED:
        fits = False
    if not fits:
        raise DataSetError(f"{path}: is not a predictions file; train or evaluate again")
    if labels not in (None, found.labels):
        raise DataSetError(
            f"{path}: is of the labels {', '.join(found.labels)}, {RUN} has "
            f"{', '.join(labels or ())}; train it again"
        )
    return found


def not_finished(folder: Path, missing: str) -> DataSetError:
    """The error of a folder that lacks a file of a run."""
    return DataSetError(
        f"{folder}: is not a finished training run (there is no {missing}); name the folder that "
        "edge-genre train printed"
    )


def _checked(cls: type[_T], values: Any, where: str) -> _T:
    if not isinstance(values, dict):
        raise DataSetError(f"{where} is damaged ({values!r:.60} is no object); train it again")
    for item in dataclasses.fields(cls):  # type: ignore[arg-type]  # every cls is a dataclass
        if item.default is dataclasses.MISSING and item.name not in values:
            raise DataSetError(f"{where}: lacks {item.name!r}; train it again")
    try:
        return dataclass_from_json(cls, values, where)
    except ModelFileError as error:
        raise DataSetError(f"{error}; train it again") from None


def _problem(windows: RunWindows, record: RunRecord) -> str | None:
    """What is wrong with the arrays, in words."""
    n_labels = len(record.labels)
    shape = input_shape(record.front_end_params(), record.second_front_end_params())
    for part, features, labels, more in (
        ("valid", windows.valid_features, windows.valid_labels, [windows.valid_tracks]),
        ("calibration", windows.calibration_features, windows.calibration_labels, []),
    ):
        fits = all(
            array.shape == features.shape[:1] and array.dtype.kind in "iu"
            for array in (labels, *more)
        )
        if features.dtype.kind != "f" or features.shape[1:] != shape or not fits:
            return f"the {part} arrays do not fit each other"
        if not len(features):
            return f"there are no {part} windows"
        if not np.isfinite(features).all():
            return f"{part} features hold NaN or infinity"
        if not _are_indices(labels, len(labels), n_labels):
            return (
                f"{part} windows are of labels {labels.min()} to {labels.max()}, the network has 0 "
                f"to {n_labels - 1}"
            )
    posteriors, of_them = windows.unheard_posteriors, windows.unheard_labels
    tracks = windows.unheard_tracks
    if posteriors is not None and (
        posteriors.shape[1:] != (n_labels,)
        or of_them is None
        or not _are_indices(of_them, len(posteriors), n_labels)
        or (tracks is not None and (tracks.shape != of_them.shape or tracks.dtype.kind not in "iu"))
    ):
        return "the unheard arrays do not fit each other"
    return None


def _are_indices(array: npt.NDArray[Any], n: int, below: int) -> bool:
    """Whether an array is `n` whole numbers, one at least, from 0 to less than `below`."""
    return (
        array.shape == (n,)
        and n > 0
        and array.dtype.kind in "iu"
        and bool(0 <= array.min() <= array.max() < below)
    )


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
