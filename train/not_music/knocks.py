"""Clicks, knocks, typing and footsteps: short strikes on things that do not ring long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .noise import Sound
from .reverberation import in_room


@dataclass(frozen=True)
class _Strike:
    """What a kind of strike sounds like, as ranges."""

    modes_hz: tuple[float, float]
    """Frequencies at which the struck thing rings"""
    decay_s: tuple[float, float]
    """Time in which that falls to 1/e"""
    per_second: tuple[float, float]
    regular: bool
    """Whether strikes keep a pace, as steps do"""


_STRIKES = {
    "train": (
        _Strike((1000.0, 8000.0), (0.0005, 0.004), (0.5, 6.0), regular=False),  # clicks
        _Strike((80.0, 700.0), (0.01, 0.06), (1.0, 5.0), regular=False),  # knocks on wood
        _Strike((400.0, 2500.0), (0.01, 0.05), (0.5, 3.0), regular=False),  # dishes
    ),
    "test": (
        _Strike((1500.0, 6000.0), (0.002, 0.008), (5.0, 11.0), regular=False),  # typing
        _Strike((50.0, 300.0), (0.015, 0.05), (1.5, 2.2), regular=True),  # footsteps
        _Strike((120.0, 900.0), (0.015, 0.05), (0.7, 4.0), regular=False),  # a door
    ),
}


def knocks(generator: np.random.Generator, n: int, rate: int, split: str) -> Sound:
    """Strikes of one kind in a room; other kinds for training than for the test."""
    kinds = _STRIKES[split]
    strike = kinds[int(generator.integers(len(kinds)))]
    pace = generator.uniform(*strike.per_second)
    count = max(2, round(pace * n / rate))
    if strike.regular:
        times = (np.arange(count) + generator.normal(0.0, 0.06, count)) / pace
    else:
        times = generator.uniform(0.0, n / rate, count)
    sound = np.zeros(n)
    modes = generator.uniform(*strike.modes_hz, size=4)
    for time in times:
        start = int(np.clip(time * rate, 0, n - 1))
        hit = _strike(generator, rate, modes, float(generator.uniform(*strike.decay_s)))
        hit = hit[: n - start] * generator.uniform(0.3, 1.0)
        sound[start : start + len(hit)] += hit
    return in_room(generator, sound, rate)


def _strike(generator: np.random.Generator, rate: int, modes: Sound, decay_s: float) -> Sound:
    t = np.arange(max(8, round(6 * decay_s * rate))) / rate
    rings = sum(
        generator.uniform(0.3, 1.0) * np.sin(2 * np.pi * mode * generator.uniform(0.97, 1.03) * t)
        for mode in modes
        if mode < 0.45 * rate
    )
    contact = generator.standard_normal(len(t)) * np.exp(-t / 0.001)
    return rings * np.exp(-t / decay_s) + contact
