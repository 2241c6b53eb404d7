"""Background noise: pink, brown, babble and mains hum."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ParameterError

from .babble import babble

Samples = npt.NDArray[np.float32]

BLOCK_SECONDS = 12
"""Noise is made in blocks of this length, whose end fits their beginning."""
_LOWEST_HZ = 20.0
"""Below is inaudible, and brown noise would have most of its power there."""
_HARMONICS = 20
"""Of the mains"""


def noise_block(kind: str, rate: int, generator: np.random.Generator) -> Samples:
    """A block of noise that can be repeated without a seam.

    Parameters
    ----------
    kind : str
        ``"pink"`` (power falls with 1/f: rain, a fan), ``"brown"`` (1/f²: traffic behind a
        window), ``"babble"`` (several voices, synthetic) or ``"hum"`` (of the mains, 50 or 60 Hz,
        with harmonics).
    rate : int
        Hertz.
    generator : numpy.random.Generator

    Returns
    -------
    (12 * rate,) float32
        With a mean square of 1.

    Raises
    ------
    ParameterError
        If there is no such kind.
    """
    if kind not in _KINDS:
        raise ParameterError(f"noise {kind!r}: must be {', '.join(_KINDS)}")
    block = _KINDS[kind](BLOCK_SECONDS * rate, rate, generator)
    return np.asarray(block / np.sqrt(np.mean(np.square(block))), np.float32)


@functools.lru_cache(maxsize=64)
def cached_block(kind: str, rate: int, number: int) -> Samples:
    """A numbered block, made once: the same in every process, read-only."""
    seed = [number, *kind.encode()]
    block = noise_block(kind, rate, np.random.default_rng(seed))
    block.flags.writeable = False
    return block


def excerpt(block: Samples, length: int, generator: np.random.Generator) -> Samples:
    """`length` samples of a block that is repeated without end, from a random one on."""
    return np.resize(np.roll(block, -int(generator.integers(len(block)))), length)


def shaped_noise(
    gain: npt.NDArray[np.float64], length: int, generator: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Gaussian noise of any spectrum.

    Parameters
    ----------
    gain : (length // 2 + 1,) float64
        Of the amplitude, at the frequencies of ``numpy.fft.rfftfreq``; 1 everywhere is white noise.
    length : int
        Samples.
    generator : numpy.random.Generator

    Returns
    -------
    (length,) float64
        Its end fits its beginning.
    """
    return np.fft.irfft(np.fft.rfft(generator.standard_normal(length)) * gain, length)


def with_noise(samples: Samples, noise: Samples, snr_db: float) -> Samples:
    """Sound with noise below it.

    Parameters
    ----------
    samples, noise : (n,) float32
    snr_db : float
        Mean power of the sound above that of the noise, dB, over the whole length. Silence gets
        none.

    Returns
    -------
    (n,) float32
        May exceed full scale: a microphone would be turned down.
    """
    noise_power = float(np.mean(np.square(noise, dtype=np.float64))) if len(noise) else 0.0
    if not noise_power:
        return samples
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    factor = np.sqrt(power / noise_power / 10.0 ** (snr_db / 10.0))
    return np.asarray(samples + np.float32(factor) * noise, np.float32)


def _pink(length: int, rate: int, generator: np.random.Generator) -> npt.NDArray[np.float64]:
    return _falling(0.5, length, rate, generator)


def _brown(length: int, rate: int, generator: np.random.Generator) -> npt.NDArray[np.float64]:
    return _falling(1.0, length, rate, generator)


def _falling(
    exponent: float, length: int, rate: int, generator: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Noise whose amplitude falls with this power of the frequency."""
    frequencies = np.fft.rfftfreq(length, 1.0 / rate)
    audible = frequencies >= _LOWEST_HZ
    gain = np.zeros(len(frequencies))
    gain[audible] = frequencies[audible] ** -exponent
    return shaped_noise(gain, length, generator)


def _hum(length: int, rate: int, generator: np.random.Generator) -> npt.NDArray[np.float64]:
    mains_hz = generator.choice((50.0, 60.0))
    orders = np.arange(1, 1 + min(_HARMONICS, int(0.45 * rate / mains_hz)))
    gains = generator.uniform(0.3, 1.0, len(orders)) / orders
    phases = generator.uniform(0.0, 2.0 * np.pi, len(orders))
    t = np.arange(length) / rate
    sound = np.zeros(length)
    for order, gain, phase in zip(orders, gains, phases, strict=True):
        sound += gain * np.sin(2.0 * np.pi * order * mains_hz * t + phase)
    return sound


_KINDS: dict[str, Callable[[int, int, np.random.Generator], npt.NDArray[np.float64]]] = {
    "pink": _pink,
    "brown": _brown,
    "babble": babble,
    "hum": _hum,
}
KINDS = tuple(_KINDS)
