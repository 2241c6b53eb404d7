"""The student report's ``data.json``: genres, labels and MFCCs of every window in one file.

``{"mapping": [genre, ...], "labels": [index, ...], "mfcc": [[[coefficient, ...], ...], ...]}``, as
in V. Velardo's lessons "Deep Learning (for Audio) with Python". Notebooks written for it run on
what is written here.

The file does not say which track a window is of. A model that is trained on one can therefore
only be validated on windows of tracks that it may have been trained on: that split leaks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataSetError
from edge_runtime.frontend import FrontEndParams
from edge_runtime.regular_file import check_regular

from ..data.tracks import Track
from .extraction import Extraction, TrackFeatures
from .files import open_atomically, storing

Features = npt.NDArray[np.float32]

_KEYS = ("mapping", "labels", "mfcc")
_CHUNK = 1 << 20
_MADE_BY = "write one with edge-genre features --format json"


def write_seed_json(
    path: Path, mapping: Sequence[str], labels: Sequence[int], features: Iterable[Features]
) -> None:
    """Write windows as they come, in the memory of one; the file appears when it is whole.

    Parameters
    ----------
    path : Path
        Its folder is made if missing.
    mapping : sequence of str
        Genres.
    labels : sequence of int
        Index into `mapping`, one for each window.
    features : iterable of (frames, coefficients) float32
        One for each window. Nine digits are written: all that a float32 has.

    Raises
    ------
    DataSetError
        If the file cannot be written.
    """
    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with open_atomically(path) as file:
            file.write(f'{{"mapping": {json.dumps(list(mapping))},\n')
            file.write(f'"labels": {json.dumps([int(label) for label in labels])},\n"mfcc": [')
            for _, window, comma in zip(labels, features, _commas(), strict=False):
                file.write(f"{comma}\n[{', '.join(_frames(window))}]")
            file.write("\n]}\n")


def read_seed_json(path: Path) -> tuple[tuple[str, ...], npt.NDArray[np.int64], Features]:
    """Read such a file, whoever wrote it; the text is never in memory as a whole.

    Returns
    -------
    mapping : tuple of str
        Genres.
    labels : (n,) int64
        Index into `mapping` of each window.
    features : (n, frames, coefficients) float32

    Raises
    ------
    DataSetError
        If the file is no such file: a key is missing, windows differ in shape or hold something
        else than numbers, or a label has no genre.
    """
    found: dict[str, Any] = {}
    try:
        check_regular(path)
        with path.open(encoding="utf-8-sig") as file:
            for key, value in _members(_Text(file)):
                if key == "mfcc":
                    found[key] = _stack(path, value)
                else:
                    found[key] = value
    except OSError as error:
        raise DataSetError(f"{path}: cannot be read ({error.strerror}); {_MADE_BY}") from None
    except (ValueError, RecursionError) as error:  # of JSON or of UTF-8
        raise DataSetError(f"{path}: is not whole JSON ({error}); {_MADE_BY}") from None
    for key in _KEYS:
        if key not in found:
            raise DataSetError(f"{path}: has no {key!r}; {_MADE_BY}")
    mapping = _mapping(path, found["mapping"])
    labels = _labels(path, found["labels"], len(mapping))
    features: Features = found["mfcc"]
    if len(labels) != len(features):
        raise DataSetError(
            f"{path}: has {len(labels)} labels and {len(features)} windows; there must be one "
            f"label for each; {_MADE_BY}"
        )
    return mapping, labels, features


def extraction_from_json(path: Path, params: FrontEndParams) -> Extraction:
    """Segments of such a file as if each were a track of its own.

    That is what they are not: windows of one track stand beside each other under other names,
    and a split "by track" of these would leak without a warning. Only `random_window_split`,
    which says that it leaks, may be used.

    Raises
    ------
    DataSetError
        If the file cannot be used, or its windows do not have the front end's shape.
    """
    mapping, labels, features = read_seed_json(path)
    expected = (params.n_frames, params.n_coefficients)
    if features.shape[1:] != expected:
        raise DataSetError(
            f"{path}: windows have {features.shape[1]} frames of {features.shape[2]} "
            f"coefficients; the model's front end makes {expected[0]} of {expected[1]}: choose a "
            "model whose front end made this file"
        )
    features.flags.writeable = False
    return Extraction(
        tuple(
            TrackFeatures(
                Track(f"{mapping[label]}.segment{index:06}", path, mapping[label]),
                features[index : index + 1],
            )
            for index, label in enumerate(labels)
        ),
        skipped=(),
    )


def _commas() -> Iterator[str]:
    yield ""
    while True:
        yield ","


def _frames(window: Features) -> Iterator[str]:
    line = "[" + ", ".join(["%.9g"] * window.shape[1]) + "]"
    for frame in window.tolist():
        yield line % tuple(frame)


class _Text:
    """JSON from a file, of which a little is in memory at a time."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._decode = json.JSONDecoder(parse_constant=_no_number).raw_decode

    def next(self) -> str:
        """The next character that is no space, which stays; nothing at the end."""
        while True:
            space = re.compile(r"[ \t\r\n]*").match(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, wanted: str) -> None:
        """Pass over a character that has to come next."""
        if self.next() != wanted:
            raise ValueError(f"{wanted!r} is missing")
        self._at += 1

    def value(self) -> Any:
        """The next value, however long."""
        self.next()
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except ValueError:
                if not self._more():
                    raise
                continue
            # A number at the end of what is in memory may have more digits.
            if end < len(self._text) or not self._more():
                self._at = end
                return value

    def _more(self) -> bool:
        # Twice as much each time, so that a long value is not decoded again too often.
        chunk = self._file.read(max(_CHUNK, len(self._text) - self._at))
        self._text, self._at = self._text[self._at :] + chunk, 0
        return bool(chunk)


def _members(text: _Text) -> Iterator[tuple[str, Any]]:
    """Keys and values of the object; that of ``mfcc`` is an iterator over its windows."""
    text.take("{")
    while text.next() != "}":
        key = text.value()
        text.take(":")
        yield key, _elements(text) if key == "mfcc" else text.value()
        if text.next() != "}":
            text.take(",")


def _elements(text: _Text) -> Iterator[Any]:
    text.take("[")
    while text.next() != "]":
        yield text.value()
        if text.next() != "]":
            text.take(",")
    text.take("]")


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _stack(path: Path, windows: Iterator[Any]) -> Features:
    """All windows as one array, each turned into numbers as it comes."""
    rows: list[Features] = []
    for index, window in enumerate(windows):
        try:
            row = np.array(window)
        except ValueError:  # frames of different lengths
            row = np.zeros(0)
        if row.dtype.kind not in "if" or row.ndim != 2 or not row.size:
            raise DataSetError(
                f"{path}: window {index} of 'mfcc' is not a list of frames of equally many "
                f"numbers; {_MADE_BY}"
            )
        if rows and row.shape != rows[0].shape:
            raise DataSetError(
                f"{path}: window {index} of 'mfcc' has shape {row.shape}, those before it "
                f"{rows[0].shape}; leave out windows that are shorter than the others"
            )
        with np.errstate(over="ignore"):
            rows.append(row.astype(np.float32))
        if not np.isfinite(rows[-1]).all():
            raise DataSetError(f"{path}: window {index} of 'mfcc' holds what is no finite number")
    if not rows:
        raise DataSetError(f"{path}: 'mfcc' holds no windows; {_MADE_BY}")
    return np.stack(rows)


def _mapping(path: Path, value: Any) -> tuple[str, ...]:
    if not (isinstance(value, list) and value and all(isinstance(name, str) for name in value)):
        raise DataSetError(f"{path}: 'mapping' is not a list of genres; {_MADE_BY}")
    if len(set(value)) < len(value):
        raise DataSetError(f"{path}: 'mapping' names a genre twice; {_MADE_BY}")
    return tuple(value)


def _labels(path: Path, value: Any, n_genres: int) -> npt.NDArray[np.int64]:
    if not isinstance(value, list):
        raise DataSetError(f"{path}: 'labels' is not a list of numbers; {_MADE_BY}")
    for index, label in enumerate(value):
        whole = isinstance(label, int) and not isinstance(label, bool)
        if not (whole and 0 <= label < n_genres):
            raise DataSetError(
                f"{path}: label {index} is {label!r}; it must be the index of one of the "
                f"{n_genres} genres of 'mapping', from 0"
            )
    return np.array(value, np.int64)
