"""Features on disk: a folder of arrays that are mapped into memory, never loaded whole.

``store.json``
    The settings that made the features, and their hash.
``shard-NAME.npy``
    Windows of several clips, one behind the other: (windows, frames, coefficients) float32.
``shard-NAME.json``
    Which clips those are. It is written last, and a shard without it is never read; so whatever
    ends a run, power included, the store is whole, and the next run goes on from there.

A shard is never changed and has a name that no other process makes, so several may add to one
store at once.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.audio.windows import check_step
from edge_runtime.errors import DataSetError
from edge_runtime.frontend import FrontEndParams
from edge_runtime.frontend.model_input import input_shape

from ..augment.waveform import AudioAugmentation
from .clip import SILENCE_DBFS
from .files import open_atomically, storing, temporary_name

STORE = "store.json"

_VERSION = 3
"""Raise it when the front end, the cutting into windows or the files here change."""
_FILES = re.compile(r"(shard-[0-9a-f]{32}\.(npy|json)|store\.json)(-[0-9a-f]{32}\.tmp)?")
_ABANDONED_SECONDS = 3600.0
"""A file that is not finished and was not touched for so long is left from a killed run."""
_HEADER_BYTES = 128

Features = npt.NDArray[np.float32]


@dataclass(frozen=True)
class StoreSettings:
    """All that the features of a store depend on, but for the clips.

    Raises
    ------
    ParameterError
        If the step is out of range.
    """

    params: FrontEndParams
    step: int
    """Distance between windows, samples"""
    augmentation: AudioAugmentation | None = None
    """None in a store of clips as they are"""
    second: FrontEndParams | None = None
    """Of a second front end, whose values are further rows of each window"""

    def __post_init__(self) -> None:
        check_step(self.step, self.params)

    @property
    def shape(self) -> tuple[int, int]:
        """Of the features of one window: (rows, coefficients)."""
        return input_shape(self.params, self.second)

    @property
    def sha256(self) -> str:
        """Fingerprint; stores of other settings have another one."""
        return _fingerprint(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        values = {
            "version": _VERSION,
            "front_end": self.params.to_dict(),
            "step": self.step,
            "silence_dbfs": SILENCE_DBFS,
            "augmentation": self.augmentation.to_dict() if self.augmentation else None,
        }
        if self.second is not None:
            values["second_front_end"] = self.second.to_dict()
        return values


@dataclass(frozen=True)
class Entry:
    """A clip in a store."""

    sha256: str
    """Of the file's content: the same clip elsewhere is found, too"""
    copy: int
    """0 is the clip as it is; others are variations of it"""
    audio_sha256: str
    """Of the decoded sound; empty where it could not be decoded"""
    starts: tuple[float, ...]
    """Start of each window, seconds"""
    offset: int
    """Its first window in the shard"""
    skipped: str | None
    """Why it cannot be used; None if it can"""


class FeatureStore:
    """The features that were computed with some settings.

    Parameters
    ----------
    folder : Path
        Made if missing.
    settings : StoreSettings
    rebuild : bool
        Throw away what is there; else a store of other settings is refused.

    Raises
    ------
    DataSetError
        If the folder holds a store of other settings, or cannot be written.
    """

    def __init__(self, folder: Path, settings: StoreSettings, *, rebuild: bool = False) -> None:
        self.folder = folder
        self.settings = settings
        self._shape = settings.shape
        self._entries: dict[tuple[str, int], tuple[Entry, Path]] = {}
        self._mapped: dict[Path, Features] = {}
        with storing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            _sweep(folder, everything=rebuild)
            if not (folder / STORE).exists():
                content = {"sha256": settings.sha256, "settings": settings.to_dict()}
                with open_atomically(folder / STORE) as file:
                    file.write(json.dumps(content, indent=2) + "\n")
        _check_same(folder, settings)
        self.read_shards()

    def __contains__(self, key: tuple[str, int]) -> bool:
        return key in self._entries

    def read_shards(self) -> None:
        """Take up all shards that are whole; damaged ones are removed, to be computed again."""
        for index in sorted(self.folder.glob("shard-*.json")):
            if self.add(index):
                continue
            with storing(self.folder):
                index.unlink(missing_ok=True)
                index.with_suffix(".npy").unlink(missing_ok=True)

    def add(self, index: Path) -> bool:
        """Take up a shard; False if it is damaged."""
        try:
            content = json.loads(index.read_bytes())
            if content["settings_sha256"] != self.settings.sha256:
                return True  # of a process that raced this one with other settings
            entries = [_entry(values) for values in content["clips"]]
        except (ValueError, KeyError, TypeError):
            return False
        n = sum(len(entry.starts) for entry in entries)
        array = index.with_suffix(".npy")
        if not _is_whole(array, (n, *self._shape)):
            return False
        for entry in entries:
            self._entries.setdefault((entry.sha256, entry.copy), (entry, array))
        return True

    def entry(self, sha256: str, copy: int = 0) -> Entry:
        """The entry of a clip that is in the store."""
        return self._entries[sha256, copy][0]

    def windows(self, sha256: str, copy: int = 0) -> Features:
        """Features of a clip that is in the store: (windows, frames, coefficients), read-only.

        Raises
        ------
        DataSetError
            If the shard has vanished since the store was opened.
        """
        entry, array = self._entries[sha256, copy]
        if array not in self._mapped:
            try:
                self._mapped[array] = np.load(array, mmap_mode="r")
            except (OSError, ValueError) as error:
                raise DataSetError(
                    f"{array}: cannot be read any more ({error}); run the same command again"
                ) from None
        return self._mapped[array][entry.offset : entry.offset + len(entry.starts)]

    def n_bytes(self) -> int:
        """Size of the store on disk, bytes."""
        return sum(file.stat().st_size for file in _files(self.folder))


class ShardWriter:
    """Writes one shard, window by window; with ``with``.

    The shard becomes part of the store when the block ends. It does so after Ctrl-C, too, with the
    clips that were complete; after an error, nothing is left of it.
    """

    def __init__(self, folder: Path, settings: StoreSettings) -> None:
        self._folder = folder
        self._settings = settings
        self._shape = settings.shape
        self._array = folder / f"shard-{uuid.uuid4().hex}.npy"
        self._temporary = temporary_name(self._array)
        self._entries: list[Entry] = []
        self._windows = 0
        """Of complete clips"""
        with storing(folder):
            self._file = self._temporary.open("wb")
            self._file.write(_header((0, *self._shape)))

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if self._entries and (kind is None or kind is KeyboardInterrupt):
                self._finish()
        finally:
            with contextlib.suppress(OSError):  # a full disk may fail once more
                self._file.close()
            self._temporary.unlink(missing_ok=True)

    @property
    def index(self) -> Path | None:
        """What `FeatureStore.add` takes when the block has ended; None for an empty shard."""
        return self._array.with_suffix(".json") if self._entries else None

    def write(self, features: Features) -> None:
        """Add a window of the clip that is being read."""
        with storing(self._folder):
            self._file.write(np.ascontiguousarray(features, "<f4").tobytes())

    def end_clip(self, sha256: str, copy: int, audio_sha256: str, starts: list[float]) -> None:
        """The clip is complete; `starts` has one value for each of its windows."""
        reason = None if starts else "nothing but silence"
        self._entries.append(
            Entry(sha256, copy, audio_sha256, tuple(starts), self._windows, reason)
        )
        self._windows += len(starts)

    def drop_clip(self, sha256: str, copy: int, reason: str) -> None:
        """The clip cannot be used; what was written of it is removed."""
        self._remove_windows()
        self._entries.append(Entry(sha256, copy, "", (), self._windows, reason))

    def forget_clip(self) -> None:
        """Remove what was written of the clip, and store no entry for it."""
        self._remove_windows()

    def _remove_windows(self) -> None:
        n_bytes = _HEADER_BYTES + 4 * self._windows * self._shape[0] * self._shape[1]
        with storing(self._folder):
            self._file.seek(n_bytes)
            self._file.truncate()

    def _finish(self) -> None:
        self._remove_windows()  # Ctrl-C may have come within a clip
        content = {
            "settings_sha256": self._settings.sha256,
            "clips": [vars(entry) for entry in self._entries],
        }
        with storing(self._folder):
            self._file.seek(0)
            self._file.write(_header((self._windows, *self._shape)))
            self._file.flush()
            os.fsync(self._file.fileno())
            self._temporary.replace(self._array)
            index = self._array.with_suffix(".json")
            try:
                with open_atomically(index) as file:
                    file.write(json.dumps(content) + "\n")
            except BaseException:
                if not index.exists():
                    self._array.unlink()
                raise


def is_store(folder: Path) -> bool:
    """Whether there is a store in a folder."""
    return (folder / STORE).is_file()


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.iterdir() if _FILES.fullmatch(file.name)]


def _sweep(folder: Path, *, everything: bool) -> None:
    """Remove what killed runs left, or the whole store; nothing else in the folder."""
    for file in _files(folder):
        unfinished = file.suffix == ".tmp" or (
            file.suffix == ".npy" and not file.with_suffix(".json").exists()
        )
        with contextlib.suppress(FileNotFoundError):  # another process swept, too
            age = time.time() - file.stat().st_mtime
            if everything or (unfinished and age > _ABANDONED_SECONDS):
                file.unlink()


def _check_same(folder: Path, settings: StoreSettings) -> None:
    path = folder / STORE
    try:
        content = json.loads(path.read_bytes())
        there, sha256 = content["settings"], content["sha256"]
        if sha256 != _fingerprint(there):
            raise ValueError("its hash is wrong")
    except OSError as error:
        raise DataSetError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError) as error:
        raise DataSetError(
            f"{path}: is damaged ({error}); compute the features again with --rebuild"
        ) from None
    if sha256 == settings.sha256:
        return
    old, new = _flat(there), _flat(json.loads(json.dumps(settings.to_dict())))
    changes = [
        f"{name} is {old.get(name)} there and {new.get(name)} now"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
    raise DataSetError(
        f"{folder}: holds features that were made with other settings ({'; '.join(changes)}); "
        "name another folder, or replace them with edge-genre features --rebuild"
    )


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat.update(_flat(value) if isinstance(value, dict) else {name: value})
    return flat


def _fingerprint(values: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _entry(values: dict[str, Any]) -> Entry:
    return Entry(**{**values, "starts": tuple(map(float, values["starts"]))})


def _header(shape: tuple[int, ...]) -> bytes:
    """Of a .npy file, always of the same length: the number of windows is known at the end."""
    text = repr({"descr": "<f4", "fortran_order": False, "shape": shape}).encode()
    magic = b"\x93NUMPY\x01\x00" + (_HEADER_BYTES - 10).to_bytes(2, "little")
    return magic + text.ljust(_HEADER_BYTES - 11) + b"\n"


def _is_whole(array: Path, shape: tuple[int, ...]) -> bool:
    try:
        with array.open("rb") as file:
            header = file.read(_HEADER_BYTES)
        size = array.stat().st_size
    except FileNotFoundError:
        return False
    return header == _header(shape) and size == _HEADER_BYTES + 4 * int(np.prod(shape))
