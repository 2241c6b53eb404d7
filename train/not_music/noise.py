"""Noise of every colour, mains hum, and the tone of a quiet room."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..augment.noise import shaped_noise

Sound = npt.NDArray[np.float64]

COLOURS = {"white": 0.0, "pink": -1.0, "brown": -2.0, "blue": 1.0, "violet": 2.0}
"""Exponent of the frequency in the power spectrum"""

_LOWEST_HZ = 20.0
"""The spectrum is flat below: brown noise would be all inaudible drift."""


def coloured_noise(
    generator: np.random.Generator,
    n: int,
    rate: int,
    exponent: float,
    band: tuple[float, float] | None = None,
) -> Sound:
    """Gaussian noise whose power goes with a power of the frequency.

    Parameters
    ----------
    generator : numpy.random.Generator
    n : int
        Samples.
    rate : int
        Hertz.
    exponent : float
        See `COLOURS`.
    band : (low, high), optional
        Hertz; outside, power falls by 24 dB an octave.

    Returns
    -------
    (n,) float64
        Root mean square 1.
    """
    frequencies = np.maximum(np.fft.rfftfreq(n, 1 / rate), _LOWEST_HZ)
    gain = (frequencies / 1000.0) ** (exponent / 2)
    if band is not None:
        low, high = band
        gain *= np.minimum(1.0, (frequencies / low) ** 4) * np.minimum(
            1.0, (high / frequencies) ** 4
        )
    sound = shaped_noise(gain, n, generator)
    return sound / np.sqrt(np.mean(sound**2))


def noise(generator: np.random.Generator, n: int, rate: int, split: str) -> Sound:
    """Noise of some colour, whole or of a band, steady or swelling as wind and traffic do.

    The test split has the five named colours; training, any exponent from -2.5 to 1.5, so that
    violet noise is in the test alone.
    """
    if split == "test":
        exponent = float(generator.choice(list(COLOURS.values())))
    else:
        exponent = float(generator.uniform(-2.5, 1.5))
    band = None
    if generator.random() < 0.4:
        low = float(np.exp(generator.uniform(np.log(50.0), np.log(0.2 * rate))))
        band = (low, low * float(generator.uniform(1.3, 8.0)))
    sound = coloured_noise(generator, n, rate, exponent, band)
    if generator.random() < 0.3:
        slow = coloured_noise(generator, n, rate, 0.0, (0.05, float(generator.uniform(0.1, 1.0))))
        sound = sound * np.exp(0.6 * slow)
    return sound


def hum(generator: np.random.Generator, n: int, rate: int, split: str) -> Sound:
    """Mains hum: 50 or 60 Hz, its harmonics, and some hiss."""
    del split
    t = np.arange(n) / rate
    mains = generator.choice([50.0, 60.0]) * generator.uniform(0.999, 1.001)
    fall = generator.uniform(0.3, 2.0)
    sound = np.zeros(n)
    for k in range(1, int(generator.integers(4, 30))):
        # Rectifiers make even harmonics, saturated cores odd ones: each has its own strength.
        strength = generator.uniform(0.1, 1.0) / k**fall
        sound += strength * np.sin(2 * np.pi * (k * mains * t + generator.random()))
    hiss = coloured_noise(generator, n, rate, float(generator.uniform(-1.5, 0.0)))
    return sound + generator.uniform(0.0, 0.2) * np.std(sound) * hiss


def room_tone(generator: np.random.Generator, n: int, rate: int, split: str) -> Sound:
    """A quiet room: low rumble, ventilation, and a little of the mains."""
    air = coloured_noise(generator, n, rate, float(generator.uniform(-2.5, -1.0)))
    vent = coloured_noise(generator, n, rate, -1.0, (100.0, float(generator.uniform(300, 1500))))
    mains = hum(generator, n, rate, split)
    return air + generator.uniform(0, 1) * vent + generator.uniform(0, 0.5) * mains / np.std(mains)


def near_silence(generator: np.random.Generator, n: int, rate: int, split: str) -> Sound:
    """Digital silence, or the last bit of a converter flickering."""
    del rate, split
    if generator.random() < 0.3:
        return np.zeros(n)
    return generator.standard_normal(n)
