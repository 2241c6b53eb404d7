"""Sound that is in memory already, in the form in which files are read."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import AudioFormatError, ParameterError
from .conditioning import MAX_CHANNELS
from .file import BLOCK_SECONDS, AudioFile
from .resample import HIGHEST_RATE, LOWEST_RATE

_MISSING_SHARE, _MISSING_SECONDS = 0.02, 0.5
"""A file that lacks no more than the smaller of them is whole: decoders differ by that."""


@dataclass(frozen=True)
class AudioSamples:
    """Samples in memory; read block by block, as those of a file are."""

    samples: npt.NDArray[np.generic]
    """(n,) or (n, channels), float with full scale at 1, or int16"""
    rate: int
    """Hertz"""
    path: str | Path = "samples"
    """What messages call it"""
    warning: str | None = None
    """What was odd about where it comes from; None if nothing was"""

    @property
    def channels(self) -> int:
        """Channels, interleaved in the second axis."""
        return 1 if self.samples.ndim == 1 else self.samples.shape[1]

    @property
    def frames(self) -> int:
        """Samples per channel."""
        return len(self.samples)

    @property
    def seconds(self) -> float:
        """Duration, seconds."""
        return self.frames / self.rate

    def blocks(
        self,
        block_seconds: float = BLOCK_SECONDS,
        *,
        start_s: float = 0.0,
        seconds: float | None = None,
    ) -> Iterator[npt.NDArray[np.generic]]:
        """Samples as they are; those of an excerpt, if one is named as for a file."""
        step = max(1, round(block_seconds * self.rate))
        first = round(start_s * self.rate)
        stop = self.frames
        if seconds is not None:
            stop = min(stop, first + round(seconds * self.rate))
        for start in range(first, stop, step):
            yield self.samples[start : min(stop, start + step)]


Audio = AudioFile | AudioSamples
"""What windows are cut from"""


def shortfall(audio: Audio, frames: int, wanted: int | None = None) -> str | None:
    """What to say of a file of which less could be decoded than it holds; None if all could be.

    Parameters
    ----------
    audio : Audio
    frames : int
        Samples per channel that were decoded.
    wanted : int, optional
        Those that were to be; all of the file where it is not given.
    """
    promised = audio.frames if wanted is None else wanted
    missing = promised - frames
    little = min(_MISSING_SHARE * promised, _MISSING_SECONDS * audio.rate)
    if audio.warning is not None or missing <= little:
        return None
    return (
        f"{audio.path}: truncated: {promised / audio.rate:.1f} s are promised, "
        f"{frames / audio.rate:.1f} s can be decoded and are used; copy it again"
    )


def audio_samples(samples: object, rate: int | None) -> AudioSamples:
    """Check samples that a program gives, and their rate.

    Parameters
    ----------
    samples : (n,) or (n, channels), float or int16
    rate : int
        Hertz.

    Raises
    ------
    AudioFormatError
        If the samples are no numpy array, or of another shape.
    ParameterError
        If the rate is missing, is no whole number, or is out of range.
    """
    if not isinstance(samples, np.ndarray):
        raise AudioFormatError(
            f"audio is a {type(samples).__name__}; give the path of a file, or a numpy array"
        )
    if samples.ndim not in (1, 2) or (samples.ndim == 2 and samples.shape[1] > MAX_CHANNELS):
        raise AudioFormatError(
            f"samples have shape {samples.shape}; give (n,) or (n, channels), with "
            f"{MAX_CHANNELS} channels at most"
        )
    if not samples.size:
        raise AudioFormatError(f"samples have shape {samples.shape}; there is no sound in them")
    try:
        hertz = operator.index(rate)  # type: ignore[arg-type]  # None is refused as floats are
    except TypeError:
        raise ParameterError(
            f"rate is {rate}; beside samples it must be their rate in hertz, a whole number"
        ) from None
    if not LOWEST_RATE <= hertz <= HIGHEST_RATE:
        raise ParameterError(f"rate is {hertz}; it must be from {LOWEST_RATE} to {HIGHEST_RATE} Hz")
    return AudioSamples(samples, hertz)
