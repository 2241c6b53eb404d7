"""Every kind of sound that is not music, by name and seed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ParameterError

from . import noise
from .beeps import beeps
from .knocks import knocks
from .recorded_speech import SOURCES, recorded_talk
from .speech import crowd, speech, speech_in_noise
from .tones import sweep, tone

SPLITS = ("train", "test")
"""They share neither seeds nor voices, and differ in devices that beep and things that knock."""

RECORDED_SPEECH = "recorded speech"


@dataclass(frozen=True)
class NotMusic:
    """One sound that is not music."""

    kind: str
    split: str
    seed: int
    samples: npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Kind:
    make: Callable[[np.random.Generator, int, int, str], noise.Sound]
    """From generator, samples, rate and split"""
    level_dbfs: tuple[float, float]
    """Range of the root-mean-square level"""
    needs_espeak: bool = False


_KINDS = {
    "noise": _Kind(noise.noise, (-40.0, -12.0)),
    "hum": _Kind(noise.hum, (-45.0, -15.0)),
    "room tone": _Kind(noise.room_tone, (-57.0, -46.0)),
    "silence": _Kind(noise.near_silence, (-95.0, -66.0)),
    "tone": _Kind(tone, (-40.0, -10.0)),
    "sweep": _Kind(sweep, (-40.0, -10.0)),
    "beeps": _Kind(beeps, (-40.0, -12.0)),
    "knocks": _Kind(knocks, (-45.0, -22.0)),
    "crowd": _Kind(crowd, (-40.0, -15.0), needs_espeak=True),
    "speech": _Kind(speech, (-38.0, -14.0), needs_espeak=True),
    "speech in noise": _Kind(speech_in_noise, (-38.0, -14.0), needs_espeak=True),
}

KINDS = tuple(_KINDS)
"""What can be made for either split"""
WITHOUT_SPEECH = tuple(name for name, kind in _KINDS.items() if not kind.needs_espeak)
"""What can be made without espeak-ng"""


def make_sound(kind: str, split: str, seed: int, *, rate: int, seconds: float) -> NotMusic:
    """One sound; the same for the same arguments.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    split : str
        ``"train"`` or ``"test"``.
    seed : int
        0 or more.
    rate : int
        Hertz.
    seconds : float

    Returns
    -------
    NotMusic
        Its samples, (round(seconds * rate),) float32, are within -1 and 1.

    Raises
    ------
    ParameterError
        If there is no such kind or split.
    MissingDependencyError
        If it is speech and espeak-ng is not installed.
    """
    if kind not in _KINDS:
        raise ParameterError(f"kind is {kind!r}; it must be one of {', '.join(KINDS)}")
    generator = _generator(kind, split, seed)
    n = round(seconds * rate)
    own = _KINDS[kind]
    sound = own.make(generator, n, rate, split)
    if kind != "silence" and generator.random() < 0.5:
        # A microphone's own noise, 20 to 60 dB below.
        floor = noise.coloured_noise(generator, n, rate, float(generator.uniform(-1.0, 0.0)))
        sound = sound + np.std(sound) * 10 ** (-generator.uniform(20.0, 60.0) / 20) * floor
    return NotMusic(kind, split, seed, _at_level(sound, float(generator.uniform(*own.level_dbfs))))


def make_sounds(
    split: str,
    *,
    rate: int,
    seconds: float,
    per_kind: int,
    kinds: Sequence[str] = KINDS,
    first_seed: int = 0,
) -> Iterator[NotMusic]:
    """`per_kind` sounds of each kind, kind after kind; see `make_sound`."""
    for kind in kinds:
        for seed in range(first_seed, first_seed + per_kind):
            yield make_sound(kind, split, seed, rate=rate, seconds=seconds)


def recorded_sounds(*, rate: int, seconds: float, per_source: int) -> Iterator[NotMusic]:
    """Real speech of the Debian packages that are installed, for tests.

    The kind is ``recorded speech (PACKAGE)``; nothing comes where none of `SOURCES` is installed.
    """
    for source in SOURCES:
        recordings = source.find()
        if not recordings:
            continue
        kind = f"{RECORDED_SPEECH} ({source.package})"
        for seed in range(per_source):
            generator = _generator(kind, "test", seed)
            talk = recorded_talk(generator, round(seconds * rate), rate, recordings)
            samples = _at_level(talk, float(generator.uniform(-38.0, -14.0)))
            yield NotMusic(kind, "test", seed, samples)


def _generator(kind: str, split: str, seed: int) -> np.random.Generator:
    """Independent of the order in which kinds are listed, and of the other split."""
    if split not in SPLITS:
        raise ParameterError(f"split is {split!r}; it must be one of {', '.join(SPLITS)}")
    if seed < 0:
        raise ParameterError(f"seed is {seed}; it must be 0 or more")
    return np.random.default_rng([zlib.crc32(kind.encode()), SPLITS.index(split), seed])


def _at_level(sound: noise.Sound, level_dbfs: float) -> npt.NDArray[np.float32]:
    """The sound at a level, or as loud as it goes without clipping."""
    rms = np.sqrt(np.mean(sound**2))
    if rms == 0.0:
        return np.zeros(len(sound), np.float32)
    scaled = sound * (10 ** (level_dbfs / 20) / rms)
    return (scaled / max(1.0, np.abs(scaled).max() / 0.99)).astype(np.float32)
