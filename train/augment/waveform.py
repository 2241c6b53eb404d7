"""Variations of sound that leave its genre as it is, made before the front end."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ParameterError

from .noise import shaped_noise, with_noise

Samples = npt.NDArray[np.float32]

_INAUDIBLE_SNR_DB = 40.0
"""Noise that is softer than this below the music is not worth adding."""
_SHORTEST = 2048
"""Samples that librosa's phase vocoder needs; shorter sound keeps its pitch and tempo."""
_NOISE_BLOCK = 1 << 20
"""Samples of pink noise that are made; longer sound has them again."""


@dataclass(frozen=True, kw_only=True)
class AudioAugmentation:
    """How far a variation may go; every value is drawn uniformly from its range.

    Raises
    ------
    ParameterError
        If a range makes no sense.
    """

    noise_snr_db: float | None = None
    """Least distance of added white or pink noise below the music, dB, drawn from here up to 40
    dB; None adds none"""
    eq_db: float = 0.0
    """Largest gain either way of a low shelf, a peak and a high shelf, dB"""
    gain_db: float = 0.0
    """Largest gain either way of everything, dB"""
    pitch_semitones: float = 0.0
    """Largest shift of pitch either way, semitones"""
    stretch: float = 0.0
    """Largest change of tempo either way, as a share: 0.1 is 10 % slower to 10 % faster"""
    seed: int = 0
    """Another seed draws other variations"""

    def __post_init__(self) -> None:
        for name, low, high in (
            ("noise_snr_db", -20.0, _INAUDIBLE_SNR_DB),
            ("eq_db", 0.0, 24.0),
            ("gain_db", 0.0, 60.0),
            ("pitch_semitones", 0.0, 12.0),
            ("stretch", 0.0, 0.5),
            ("seed", 0, 2**31 - 1),
        ):
            value = getattr(self, name)
            if not (value is None and name == "noise_snr_db") and not low <= value <= high:
                raise ParameterError(f"{name} is {value}; it must be from {low:g} to {high:g}")

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return dataclasses.asdict(self)

    def generator(self, sha256: str, copy: int) -> np.random.Generator:
        """Random numbers of one variation: the same for the same clip, number and seed.

        Parameters
        ----------
        sha256 : str
            Of the clip's content, so that its name and place do not matter.
        copy : int
            Which variation of the clip.
        """
        return np.random.default_rng([self.seed, int(sha256, 16), copy])


def augment(
    samples: Samples, rate: int, settings: AudioAugmentation, generator: np.random.Generator
) -> Samples:
    """A random variation of a sound.

    Parameters
    ----------
    samples : (n,) float32
    rate : int
        Hertz.
    settings : AudioAugmentation
    generator : numpy.random.Generator

    Returns
    -------
    (m,) float32
        Shorter or longer where the tempo changed. Nothing is clipped.
    """
    changed = change_sound(samples, rate, settings, generator)
    return add_noise(changed, settings, generator)


def change_sound(
    samples: Samples, rate: int, settings: AudioAugmentation, generator: np.random.Generator
) -> Samples:
    """All of `augment` but the noise: tempo, pitch, equaliser and gain."""
    if len(samples) >= _SHORTEST:
        samples = _change_tempo_and_pitch(samples, rate, settings, generator)
    if settings.eq_db and len(samples):
        from scipy.signal import sosfilt

        samples = sosfilt(random_equaliser(rate, settings.eq_db, generator), samples)
    gain = 10.0 ** (generator.uniform(-settings.gain_db, settings.gain_db) / 20.0)
    return np.asarray(samples * gain, np.float32)


def add_noise(
    samples: Samples, settings: AudioAugmentation, generator: np.random.Generator
) -> Samples:
    """White or pink noise below the sound, by the number of dB that is drawn."""
    if settings.noise_snr_db is None or not len(samples):
        return samples
    snr_db = generator.uniform(settings.noise_snr_db, _INAUDIBLE_SNR_DB)
    noise = _noise(len(samples), pink=bool(generator.integers(2)), generator=generator)
    return with_noise(samples, noise, snr_db)


def random_equaliser(
    rate: int, eq_db: float, generator: np.random.Generator
) -> npt.NDArray[np.float64]:
    """A low shelf, a peak and a high shelf, each anywhere in its part of the spectrum.

    Returns
    -------
    (3, 6) float64
        Second-order sections, for `scipy.signal.sosfilt`.
    """
    top = 0.45 * rate
    low, high = min(60.0, top / 8), min(8000.0, top)
    return np.array(
        [
            biquad(kind, rate, _log_uniform(generator, *span), generator.uniform(-eq_db, eq_db), q)
            for kind, span, q in (
                ("low_shelf", (low, high / 20), np.sqrt(0.5)),
                ("peak", (high / 20, high / 2), generator.uniform(0.5, 2.0)),
                ("high_shelf", (high / 4, high), np.sqrt(0.5)),
            )
        ]
    )


def biquad(kind: str, rate: int, frequency: float, gain_db: float, q: float) -> list[float]:
    """A second-order section of the Audio EQ Cookbook (R. Bristow-Johnson).

    Parameters
    ----------
    kind : str
        ``"low_shelf"``, ``"high_shelf"`` or ``"peak"``.
    rate : int
        Hertz.
    frequency : float
        Of the shelf's middle or of the peak, hertz.
    gain_db : float
        Of the shelf or of the peak, dB.
    q : float
        Quality; the square root of one half is the steepest shelf without overshoot.

    Returns
    -------
    list of float
        b0, b1, b2, 1, a1, a2.
    """
    a = 10.0 ** (gain_db / 40.0)
    omega = 2.0 * np.pi * frequency / rate
    cos, alpha = np.cos(omega), np.sin(omega) / (2.0 * q)
    if kind == "peak":
        b = (1 + alpha * a, -2 * cos, 1 - alpha * a)
        c = (1 + alpha / a, -2 * cos, 1 - alpha / a)
    else:
        sign = 1.0 if kind == "low_shelf" else -1.0  # a high shelf is a low one, mirrored
        more, less, root = a + 1, sign * (a - 1), 2 * np.sqrt(a) * alpha
        b = (
            a * (more - less * cos + root),
            sign * 2 * a * (a - 1 - sign * (a + 1) * cos),
            a * (more - less * cos - root),
        )
        c = (
            more + less * cos + root,
            -sign * 2 * (a - 1 + sign * (a + 1) * cos),
            more + less * cos - root,
        )
    return [float(value / c[0]) for value in (*b, *c)]


def _change_tempo_and_pitch(
    samples: Samples, rate: int, settings: AudioAugmentation, generator: np.random.Generator
) -> Samples:
    if settings.stretch:
        from librosa.effects import time_stretch

        tempo = generator.uniform(1.0 - settings.stretch, 1.0 + settings.stretch)
        samples = time_stretch(samples, rate=tempo)
    if settings.pitch_semitones:
        from librosa.effects import pitch_shift

        steps = generator.uniform(-settings.pitch_semitones, settings.pitch_semitones)
        samples = pitch_shift(samples, sr=rate, n_steps=steps)
    return samples


def _noise(length: int, *, pink: bool, generator: np.random.Generator) -> Samples:
    if not pink:
        return generator.standard_normal(length, np.float32)
    size = min(_NOISE_BLOCK, max(2, 1 << (length - 1).bit_length()))
    gain = np.zeros(size // 2 + 1)
    gain[1:] = 1.0 / np.sqrt(np.arange(1, len(gain)))  # power falls as 1 / frequency
    return np.resize(shaped_noise(gain, size, generator).astype(np.float32), length)


def _log_uniform(generator: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(generator.uniform(np.log(low), np.log(high))))
