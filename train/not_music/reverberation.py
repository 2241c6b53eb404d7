"""A room around a sound, as far as statistics describe one."""

from __future__ import annotations

import numpy as np

from .noise import Sound


def in_room(
    generator: np.random.Generator, sound: Sound, rate: int, *, distant: bool = False
) -> Sound:
    """The sound, and its reverberation.

    The tail is noise that decays exponentially (J. A. Moorer, "About this reverberation business",
    1979), darker than the sound as the air and the walls make it.

    Parameters
    ----------
    generator : numpy.random.Generator
        Draws a reverberation time from 0.15 to 0.9 s, and its share of the sound.
    sound : (n,) float64
    rate : int
        Hertz.
    distant : bool
        Whether the reverberation is stronger than the sound itself.

    Returns
    -------
    (n,) float64
    """
    seconds = float(generator.uniform(0.15, 0.9))
    tail = generator.standard_normal(round(seconds * rate))
    t = np.arange(len(tail)) / rate
    tail *= 10.0 ** (-3.0 * t / seconds)  # 60 dB
    tail = np.convolve(tail, np.full(3, 1 / 3), "same")
    tail /= np.sqrt(np.sum(tail**2))
    wet = generator.uniform(1.0, 3.0) if distant else generator.uniform(0.0, 0.8)
    size = len(sound) + len(tail) - 1
    reverberation = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(tail, size), size)
    return sound + wet * reverberation[: len(sound)]
