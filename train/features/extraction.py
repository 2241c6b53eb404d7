"""Features of a data set, computed by the device's own front end and cached on disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_runtime.audio.folder import header_seconds
from edge_runtime.errors import DataSetError
from edge_runtime.frontend import FrontEndParams
from edge_runtime.library.ray_engine import RayCluster

from ..augment.waveform import AudioAugmentation
from ..data.tracks import Track
from ..progress import progress
from .clip import Clip, sha256_of
from .store import FeatureStore, StoreSettings, is_store
from .workers import compute

_SAMPLE = 50
"""Clips whose length is looked up to know how much space all will take"""


@dataclass(frozen=True)
class TrackFeatures:
    """The windows of one track that are not silent."""

    track: Track
    features: npt.NDArray[np.float32]
    """(windows, frames, coefficients), before normalisation; on disk and mapped into memory, so
    that they cannot be written to and take no memory until they are read"""
    starts: tuple[float, ...] = ()
    """Start of each window in the track, seconds; empty if unknown"""
    audio_sha256: str = ""
    """Of the track's decoded sound: tracks that agree sound the same, whatever file they are in"""
    copy: int = 0
    """0 is the track itself; others are variations of it, for training alone"""


@dataclass(frozen=True)
class Extraction:
    """Features of a data set."""

    tracks: tuple[TrackFeatures, ...]
    """In the order of the data set; variations follow after all tracks"""
    skipped: tuple[tuple[Track, str], ...]
    """Tracks that were left out, and why"""


def default_cache() -> Path:
    """Where features are cached by default: ``$XDG_CACHE_HOME/edge-genre``.

    Raises
    ------
    DataSetError
        If there is no home folder.
    """
    root = os.environ.get("XDG_CACHE_HOME")
    try:
        folder = Path(root) if root else Path.home() / ".cache"
    except RuntimeError:
        raise DataSetError(
            "features cannot be kept, since there is no home folder ($HOME is not set); name a "
            "folder for them with --cache DIR"
        ) from None
    return folder / "edge-genre" / "features"


def store_folder(cache: Path, settings: StoreSettings) -> Path:
    """The folder in a cache that holds features of these settings.

    A cache that is a store itself (``edge-genre features --out``) holds the clips as they are;
    variations go into a folder of their own inside it.
    """
    if is_store(cache) and settings.augmentation is None:
        return cache
    return cache / settings.sha256[:16]


def extract(
    tracks: Sequence[Track],
    params: FrontEndParams,
    cache: Path,
    *,
    step: int | None = None,
    augmentation: AudioAugmentation | None = None,
    copies: int = 0,
    workers: int | None = None,
    second: FrontEndParams | None = None,
    cluster: RayCluster | None = None,
) -> Extraction:
    """Features of every track; what was computed before comes from the cache.

    Parameters
    ----------
    tracks : sequence of Track
    params : FrontEndParams
        Without normalisation: that comes from these very features.
    cache : Path
        Folder; made if missing. An entry is found by the content of the clip and the
        parameters, so a changed clip or setting never meets an old entry.
    step : int, optional
        Distance between windows, samples; a whole window if not given.
    augmentation : AudioAugmentation, optional
    copies : int
        How many variations of each track `augmentation` is to make. More of them later keep
        those that are there; and variations of any kind share the features of the originals.
    workers : int, optional
        Processes; as many as there are cores if not given.
    second : FrontEndParams, optional
        Of a second front end, whose values are further rows of each window.
    cluster : RayCluster, optional
        Does the work, whatever `workers` is. Its machines must see clips and cache by the same
        names as this one.

    Returns
    -------
    Extraction
        Clips that cannot be read, and those that hold nothing but silence, are in ``skipped``.

    Raises
    ------
    DataSetError
        If the cache cannot be written (a full disk) or has too little space, holds features of
        other settings, or a worker is killed again and again. All that was finished is kept.
    """
    step = params.window_samples if step is None else step
    settings = StoreSettings(params, step, second=second)
    workers = workers or os.cpu_count() or 1
    found: list[tuple[TrackFeatures, str]] = []
    skipped: list[tuple[Track, str]] = []
    hashed: list[tuple[Track, str]] = []
    for track, sha256, problem in _hashed(tracks):
        if problem is None:
            hashed.append((track, sha256))
        else:
            skipped.append((track, f"{track.path}: {problem}"))
    for copy in range(copies + 1):
        if copy:
            if augmentation is None:
                break
            settings = StoreSettings(params, step, augmentation, second)
            hashed = [(item.track, sha256) for item, sha256 in found if not item.copy]
        store = FeatureStore(store_folder(cache, settings), settings)
        good, bad = _from_store(store, hashed, copy, workers, cluster)
        found += good
        skipped += bad
    return Extraction(tuple(item for item, _ in found), tuple(skipped))


def _hashed(tracks: Sequence[Track]) -> Iterator[tuple[Track, str, str | None]]:
    """Each track, the hash of its content, and why there is none."""

    def attempt(track: Track) -> tuple[Track, str, str | None]:
        try:
            return track, sha256_of(track.path), None
        except OSError as error:
            return track, "", f"cannot be read ({error.strerror})"

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # hashing releases Python's lock
        yield from progress(
            pool.map(attempt, tracks), total=len(tracks), label="features: hashing clips"
        )


def _from_store(
    store: FeatureStore,
    hashed: list[tuple[Track, str]],
    copy: int,
    workers: int,
    cluster: RayCluster | None,
) -> tuple[list[tuple[TrackFeatures, str]], list[tuple[Track, str]]]:
    """Usable tracks with the hash of their content, and the others with the reason."""
    problems = _complete(store, hashed, copy, workers, cluster)
    good, bad = [], []
    for track, sha256 in hashed:
        if sha256 in problems:
            bad.append((track, f"{track.path}: {problems[sha256]}"))
            continue
        entry = store.entry(sha256, copy)
        if entry.skipped is not None:
            variation = f"variation {copy}: " if copy else ""
            bad.append((track, f"{track.path}: {variation}{entry.skipped}"))
            continue
        windows = store.windows(sha256, copy)
        item = TrackFeatures(track, windows, entry.starts, entry.audio_sha256, copy)
        good.append((item, sha256))
    return good, bad


def _complete(
    store: FeatureStore,
    hashed: list[tuple[Track, str]],
    copy: int,
    workers: int,
    cluster: RayCluster | None,
) -> dict[str, str]:
    """Compute what the store lacks; returns why something still lacks, by hash of the clip."""
    missing = {
        sha256: Clip(track.path, sha256, copy)
        for track, sha256 in hashed
        if (sha256, copy) not in store
    }
    problems: dict[str, str] = {}
    if not missing:
        return problems

    _check_space(store, list(missing.values()))

    def one_by_one() -> Iterator[None]:
        for finished in compute(store, list(missing.values()), workers, cluster):
            problems.update({clip.sha256: reason for clip, reason in finished.unreadable})
            yield from [None] * finished.n_clips

    label = f"features: variation {copy}" if copy else "features"
    for _ in progress(one_by_one(), total=len(missing), label=label):
        pass
    return problems


def _check_space(store: FeatureStore, clips: Sequence[Clip]) -> None:
    """Refuse to fill a disk that is too small, judged by the headers of some clips."""
    sample = clips[:: -(-len(clips) // _SAMPLE)]
    known = [s for clip in sample if (s := header_seconds(clip.path)) is not None]
    if not known:
        return
    settings = store.settings
    params = settings.params
    windows = sum(known) / len(known) * len(clips) * params.sample_rate / settings.step
    rows, coefficients = settings.shape
    needed = 4 * windows * rows * coefficients
    disk = shutil.disk_usage(store.folder)
    free = disk.free
    if free < int(needed) and disk.total:  # some network folders do not tell
        raise DataSetError(
            f"{store.folder}: {free / 1e6:.1f} MB are free there, and the features of {len(clips)} "
            f"clips take about {needed / 1e6:.1f} MB; make space, or name another folder (--cache "
            "or --out)"
        )
