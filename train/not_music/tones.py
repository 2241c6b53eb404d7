"""Single tones, and tones that slide."""

from __future__ import annotations

import numpy as np

from .noise import Sound


def tone(generator: np.random.Generator, n: int, rate: int, split: str) -> Sound:
    """One steady tone from 50 Hz up: a sine, or with harmonics as a whistle or a fan has."""
    del split
    frequency = float(np.exp(generator.uniform(np.log(50.0), np.log(0.4 * rate))))
    return _with_harmonics(generator, np.full(n, frequency), rate)


def sweep(generator: np.random.Generator, n: int, rate: int, split: str) -> Sound:
    """A tone that slides, over octaves or by a little, once or back and forth."""
    del split
    top = 0.4 * rate
    start, end = np.exp(generator.uniform(np.log(50.0), np.log(top), 2))
    period = n / rate * generator.uniform(0.3, 2.0)
    t = np.arange(n) / rate
    if generator.random() < 0.5:
        way = np.clip(t / period, 0.0, 1.0)
    else:
        way = 0.5 - 0.5 * np.cos(2 * np.pi * t / period)
    return _with_harmonics(generator, start * (end / start) ** way, rate)


def _with_harmonics(generator: np.random.Generator, frequencies: Sound, rate: int) -> Sound:
    """A tone of these frequencies, (n,) hertz, without what would alias."""
    phase = 2 * np.pi * np.cumsum(frequencies) / rate
    sound = np.sin(phase)
    if generator.random() < 0.5:
        for k in range(2, int(generator.integers(3, 9))):
            audible = frequencies * k < 0.5 * rate
            sound += generator.uniform(0.0, 1.0) / k * np.sin(k * phase) * audible
    return sound
