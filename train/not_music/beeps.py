"""Beeps of household and telephone: made, not recorded.

Telephone tones are those of ITU-T Q.23 (keys) and E.180 (dial, ringing and busy tones); the smoke
alarm's rhythm is ISO 8201's.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .noise import Sound

Cadence = list[tuple[tuple[float, ...], float]]
"""Frequencies, hertz, that sound together (none is a pause), and for how long, seconds"""

_RISE_S = 0.004

_KEYS = [
    (low, high) for low in (697.0, 770.0, 852.0, 941.0) for high in (1209.0, 1336.0, 1477.0, 1633.0)
]


def beeps(generator: np.random.Generator, n: int, rate: int, split: str) -> Sound:
    """A device that beeps or a telephone; other devices for training than for the test."""
    makers = _DEVICES[split]
    cadence = makers[int(generator.integers(len(makers)))](generator)
    pieces: list[Sound] = []
    have = 0
    overtones = generator.uniform(0.0, 0.5, 3) if generator.random() < 0.5 else np.zeros(3)
    while have < n:
        for frequencies, seconds in cadence:
            piece = _beep(frequencies, max(1, round(seconds * rate)), rate, overtones)
            pieces.append(piece)
            have += len(piece)
    sound = np.concatenate(pieces)
    start = int(generator.integers(len(sound) - n + 1))
    return sound[start : start + n]


def _beep(frequencies: tuple[float, ...], n: int, rate: int, overtones: Sound) -> Sound:
    t = np.arange(n) / rate
    sound = np.zeros(n)
    for frequency in frequencies:
        for k, strength in enumerate((1.0, *overtones), start=1):
            if k * frequency < 0.5 * rate:
                sound += strength * np.sin(2 * np.pi * k * frequency * t)
    edge = np.minimum(np.arange(n), np.arange(n)[::-1]) / (_RISE_S * rate)
    return sound * np.minimum(1.0, edge)


def _alarm_clock(generator: np.random.Generator) -> Cadence:
    beep, pitch = generator.uniform(0.05, 0.12), generator.uniform(1500.0, 3000.0)
    return [*([((pitch,), beep), ((), beep)] * int(generator.integers(2, 5))), ((), 0.5)]


def _microwave(generator: np.random.Generator) -> Cadence:
    return [((generator.uniform(1800.0, 2400.0),), generator.uniform(0.4, 1.2)), ((), 1.0)]


def _reversing(generator: np.random.Generator) -> Cadence:
    beep = generator.uniform(0.3, 0.6)
    return [((generator.uniform(1000.0, 1400.0),), beep), ((), beep)]


def _dial_tone(generator: np.random.Generator) -> Cadence:
    return [(((350.0, 440.0), (425.0,))[int(generator.integers(2))], 4.0)]


def _ringing_tone(generator: np.random.Generator) -> Cadence:
    return [(((440.0, 480.0), (425.0,))[int(generator.integers(2))], 1.0), ((), 2.0)]


def _timer(generator: np.random.Generator) -> Cadence:
    beep, pitch = generator.uniform(0.06, 0.14), generator.uniform(2600.0, 4200.0)
    return [*([((pitch,), beep), ((), beep)] * int(generator.integers(3, 7))), ((), 0.8)]


def _smoke_alarm(generator: np.random.Generator) -> Cadence:
    return [*([((generator.uniform(2900.0, 3300.0),), 0.5), ((), 0.5)] * 3), ((), 1.0)]


def _keys(generator: np.random.Generator) -> Cadence:
    press, pause = generator.uniform(0.07, 0.25, 2)
    chosen = generator.integers(len(_KEYS), size=11)
    return [item for key in chosen for item in ((_KEYS[key], float(press)), ((), float(pause)))]


def _busy_tone(generator: np.random.Generator) -> Cadence:
    return [(((480.0, 620.0), (425.0,))[int(generator.integers(2))], 0.5), ((), 0.5)]


_DEVICES: dict[str, tuple[Callable[[np.random.Generator], Cadence], ...]] = {
    "train": (_alarm_clock, _microwave, _reversing, _dial_tone, _ringing_tone),
    "test": (_timer, _smoke_alarm, _keys, _busy_tone),
}
