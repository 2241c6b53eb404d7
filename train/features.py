"""Features of a data set, computed by the device's own front end and kept on disk."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_runtime.audio_file import open_audio
from edge_runtime.conditioning import level_dbfs
from edge_runtime.errors import AudioFormatError, EdgeGenreError
from edge_runtime.frontend import FrontEnd, FrontEndParams
from edge_runtime.manifest import DecoderSettings
from edge_runtime.segments import SoundPath, file_windows

from .progress import progress
from .tracks import Track

_CACHE_VERSION = 1
"""Raise it when the front end or the cutting into windows changes its results."""


@dataclass(frozen=True)
class TrackFeatures:
    """The windows of one track that are not silent."""

    track: Track
    features: npt.NDArray[np.float32]
    """(windows, frames, coefficients), before normalisation"""


@dataclass(frozen=True)
class Extraction:
    """Features of a data set."""

    tracks: tuple[TrackFeatures, ...]
    skipped: tuple[tuple[Track, str], ...]
    """Tracks that were left out, and why"""


def default_cache() -> Path:
    """Where features are kept if nothing else is said: ``$XDG_CACHE_HOME/edge-genre``."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "edge-genre" / "features"


def extract(tracks: Sequence[Track], params: FrontEndParams, cache: Path) -> Extraction:
    """Features of every track; what was computed before comes from the cache.

    Parameters
    ----------
    tracks : sequence of Track
    params : FrontEndParams
        Without normalisation: that comes from these very features.
    cache : Path
        Folder; made if missing. An entry is found by the content of the clip and the
        parameters, so a changed clip or setting never meets an old entry.

    Returns
    -------
    Extraction
        Clips that cannot be read, and those that hold nothing but silence, are in ``skipped``.
    """
    cache.mkdir(parents=True, exist_ok=True)
    found, skipped = [], []
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # decoding and the FFT release the GIL
        results = pool.map(lambda track: _track_features(track, params, cache), tracks)
        for track, result in progress(
            zip(tracks, results, strict=True), total=len(tracks), label="features"
        ):
            if isinstance(result, EdgeGenreError):
                skipped.append((track, str(result)))
            elif not len(result):
                skipped.append((track, f"{track.path}: nothing but silence"))
            else:
                found.append(TrackFeatures(track, result))
    return Extraction(tuple(found), tuple(skipped))


def _track_features(
    track: Track, params: FrontEndParams, cache: Path
) -> npt.NDArray[np.float32] | EdgeGenreError:
    try:
        entry = cache / f"{_key(track.path, params)}.npy"
        if entry.exists():
            try:
                return np.load(entry, allow_pickle=False)
            except (ValueError, EOFError, zipfile.BadZipFile):
                entry.unlink()  # a damaged entry is computed again
        features = _compute(track.path, params)
    except EdgeGenreError as error:
        return error
    except OSError as error:
        return AudioFormatError(f"{track.path}: cannot be read ({error.strerror})")
    with tempfile.NamedTemporaryFile(dir=cache, suffix=".tmp", delete=False) as file:
        np.save(file, features)
    Path(file.name).replace(entry)
    return features


def _compute(clip: Path, params: FrontEndParams) -> npt.NDArray[np.float32]:
    audio = open_audio(clip)
    front_end = FrontEnd(params)
    path = SoundPath(audio.rate, audio.channels, params)
    silence_dbfs = DecoderSettings().silence_dbfs
    rows = [
        front_end(window)
        for _, window in file_windows(audio, params, path)
        if level_dbfs(window) >= silence_dbfs
    ]
    return (
        np.stack(rows)
        if rows
        else np.zeros((0, params.n_frames, params.n_coefficients), np.float32)
    )


def _key(path: Path, params: FrontEndParams) -> str:
    digest = hashlib.sha256(json.dumps([_CACHE_VERSION, params.to_dict()]).encode())
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
