"""Cutting a file into the windows that a model hears: the same for training and device."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from .audio_file import AudioFile
from .conditioning import Conditioner
from .frontend import FrontEndParams
from .resample import StreamResampler

Samples = npt.NDArray[np.float32]


def fill_window(samples: Samples, length: int) -> Samples:
    """Repeat sound that is shorter than a window until it fills one.

    Repeating keeps the statistics of the music; zeros would make most frames silence, which no
    training window has.
    """
    return np.resize(samples, length) if len(samples) else np.zeros(length, np.float32)


def mono_blocks(audio: AudioFile, rate: int, conditioner: Conditioner) -> Iterator[Samples]:
    """A file's sound as mono float32 blocks at the given rate (hertz)."""
    resampler = StreamResampler(audio.rate, rate)
    for block in audio.blocks():
        yield resampler.push(conditioner(block))
    yield resampler.push(np.zeros(0, np.float32), last=True)


def file_windows(
    audio: AudioFile, params: FrontEndParams, conditioner: Conditioner
) -> Iterator[tuple[float, Samples]]:
    """Windows of a file, one after the other, in memory of a few windows.

    What is left over at the end makes one more window, reaching back into the one before, if it
    is at least half a window long. A file shorter than one window is repeated to fill one.

    Parameters
    ----------
    audio : AudioFile
    params : FrontEndParams
    conditioner : Conditioner
        Counts the file's faulty samples.

    Yields
    ------
    start : float
        Seconds from the start of the file.
    window : (window_samples,) float32
    """
    length, rate = params.window_samples, params.sample_rate
    kept = np.zeros(0, np.float32)  # the previous window, then samples that are not yet handed out
    start, previous = 0, 0
    for block in mono_blocks(audio, rate, conditioner):
        kept = np.concatenate([kept, block])
        while len(kept) - previous >= length:
            kept = kept[previous:]
            yield start / rate, kept[:length]
            previous, start = length, start + length
    rest = len(kept) - previous
    if not previous and rest:
        yield 0.0, fill_window(kept, length)
    elif rest >= length / 2:
        yield (start + rest - length) / rate, kept[-length:]
