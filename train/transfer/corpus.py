"""Windows of any music, clean and degraded as by a room and a microphone, to train a network on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from edge_runtime.audio.conditioning import level_dbfs
from edge_runtime.audio.file import naming, open_audio
from edge_runtime.audio.windows import SoundPath, fill_window, sound_blocks
from edge_runtime.cli import warn
from edge_runtime.errors import AudioFormatError, DataSetError
from edge_runtime.frontend import FrontEnd, FrontEndParams
from edge_runtime.frontend.model_input import ModelInput

from ..features.clip import SILENCE_DBFS
from ..features.workers import no_processes
from ..not_music.sounds import KINDS, make_sound
from ..progress import progress

Samples = npt.NDArray[np.float32]
_T = TypeVar("_T")
Degrade = Callable[[Samples, int, np.random.Generator], Samples]
"""Samples, rate, generator -> degraded samples"""

UNLABELLED = -1
_FASTEST = 1.12
"""Music is played up to this much faster or slower, which changes its pitch as well"""


@dataclass(frozen=True)
class FrontEnds:
    """What makes the windows of a corpus, and what the models' input is."""

    first: FrontEndParams
    """Without normalisation"""
    second: FrontEndParams | None = None
    """Its values are further rows of each window"""

    def build(self) -> ModelInput:
        """Ready to use, in one process."""
        second = None if self.second is None else FrontEnd(self.second)
        return ModelInput(FrontEnd(self.first), second)


@dataclass(frozen=True)
class Source:
    """A file to draw windows from."""

    path: Path
    label: int
    """Its genre, or `UNLABELLED`"""
    windows: int
    """How many to draw"""


@dataclass(frozen=True)
class Corpus:
    """Windows for a teacher and its student."""

    clean: npt.NDArray[np.float16]
    """(n, rows, bands), before normalisation"""
    degraded: npt.NDArray[np.float16]
    """(n, rows, bands): the same windows behind a random device chain"""
    labels: npt.NDArray[np.int64]
    """(n,)"""
    sources: npt.NDArray[np.int64]
    """(n,) index of the file"""
    skipped: tuple[str, ...]
    """Files that cannot be read, and why"""

    def __len__(self) -> int:
        return len(self.labels)


def make_corpus(
    sources: Sequence[Source], front_ends: FrontEnds, degrade: Degrade, seed: int
) -> Corpus:
    """Draw windows at random places of every file; files that cannot be read are left out.

    Parameters
    ----------
    sources : sequence of Source
    front_ends : FrontEnds
    degrade : callable
        A function of a module: other processes call it.
    seed : int
        The same seed and files give the same windows, on any number of cores.
    """
    clean, degraded, labels, indices, skipped = [], [], [], [], []
    drawn = _in_processes(
        _draw,
        sources,
        [front_ends] * len(sources),
        [degrade] * len(sources),
        [(seed, index) for index in range(len(sources))],
        chunksize=4,
    )
    listed = progress(drawn, total=len(sources), label="corpus")
    for index, (source, found) in enumerate(zip(sources, listed, strict=True)):
        if isinstance(found, str):
            skipped.append(found)
            continue
        clean.append(found[0])
        degraded.append(found[1])
        labels += [source.label] * len(found[0])
        indices += [index] * len(found[0])
    return Corpus(
        np.concatenate(clean),
        np.concatenate(degraded),
        np.array(labels, np.int64),
        np.array(indices, np.int64),
        tuple(skipped),
    )


def draw_not_music(
    front_ends: FrontEnds, degrade: Degrade, kinds: Mapping[str, int], label: int
) -> Corpus:
    """Windows of sounds that are not music (`train.not_music`), every one a source of its own.

    Parameters
    ----------
    front_ends : FrontEnds
    degrade : callable
        A function of a module: other processes call it.
    kinds : mapping of str to int
        How many sounds of each kind.
    label : int
        Of all of them.

    Raises
    ------
    MissingDependencyError
        If espeak-ng is not installed.
    """
    sounds = [(kind, seed) for kind, n in kinds.items() for seed in range(n)]
    columns = (sounds, [front_ends] * len(sounds), [degrade] * len(sounds))
    found = _in_processes(_draw_sound, *columns, chunksize=16)
    drawn = list(progress(found, total=len(sounds), label="sounds that are not music"))
    clean, degraded = (np.stack(part) for part in zip(*drawn, strict=True))
    n = len(sounds)
    return Corpus(clean, degraded, np.full(n, label), np.arange(n), ())


def _in_processes(
    function: Callable[..., _T], *columns: Sequence[Any], chunksize: int
) -> Iterator[_T]:
    """What `map` gives, on all cores where processes can share the work."""
    try:
        pool = ProcessPoolExecutor(os.cpu_count())
    except (OSError, ImportError) as error:
        warn(no_processes(error))
        yield from map(function, *columns)
        return
    with pool:
        try:
            yield from pool.map(function, *columns, chunksize=chunksize)
        except BrokenProcessPool:
            raise DataSetError(
                "a process that draws windows of sound was killed (out of memory?); close other "
                "programs, and run the same command again"
            ) from None


def _draw_sound(
    sounds: tuple[str, int], front_ends: FrontEnds, degrade: Degrade
) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.float16]]:
    kind, seed = sounds
    params = front_ends.first
    rate = params.sample_rate
    made = make_sound(kind, "train", seed, rate=rate, seconds=params.window_seconds)
    front_end = front_ends.build()
    samples = made.samples[: params.window_samples]
    changed = degrade(samples, rate, np.random.default_rng([seed, KINDS.index(kind)]))
    return front_end(samples).astype(np.float16), front_end(changed).astype(np.float16)


def _draw(
    source: Source, front_ends: FrontEnds, degrade: Degrade, seed: tuple[int, int]
) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.float16]] | str:
    params = front_ends.first
    try:
        audio = open_audio(source.path)
        with naming(audio.path):
            path = SoundPath(audio.rate, audio.channels, params)
            samples = np.concatenate(list(sound_blocks(audio, path)))
    except AudioFormatError as error:
        return str(error)
    generator = np.random.default_rng(seed)
    front_end = front_ends.build()
    shape = front_end.shape
    clean, degraded = [np.zeros((0, *shape), np.float16)], [np.zeros((0, *shape), np.float16)]
    for _ in range(source.windows):
        window = _window(samples, params.window_samples, generator)
        if level_dbfs(window) < SILENCE_DBFS:
            continue
        changed = degrade(window, params.sample_rate, generator)
        clean.append(front_end(window)[np.newaxis].astype(np.float16))
        degraded.append(front_end(changed)[np.newaxis].astype(np.float16))
    return np.concatenate(clean), np.concatenate(degraded)


def _window(samples: Samples, length: int, generator: np.random.Generator) -> Samples:
    """A random stretch of sound, played a little faster or slower."""
    speed = float(np.exp(generator.uniform(-1, 1) * np.log(_FASTEST)))
    needed = round(length * speed) + 2
    if len(samples) < needed:
        samples = fill_window(samples, needed)
    start = int(generator.integers(0, len(samples) - needed + 1))
    import soxr

    stretch: Samples = soxr.resample(samples[start : start + needed], speed, 1.0, quality="MQ")
    return fill_window(stretch, length) if len(stretch) < length else stretch[:length].copy()
