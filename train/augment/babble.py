"""Several voices at once, synthetic: babble noise that needs no recordings and no licence."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_VOICES = 8
_VOWELS_HZ = (
    (270.0, 2290.0, 3010.0),
    (660.0, 1720.0, 2410.0),
    (730.0, 1090.0, 2440.0),
    (300.0, 870.0, 2240.0),
    (490.0, 1350.0, 1690.0),
)
"""Formants of men (G. Peterson and H. Barney, "Control methods used in a study of the vowels",
J. Acoust. Soc. Am. 24, 1952): heed, had, hod, who'd, heard."""
_BANDWIDTHS_HZ = (80.0, 110.0, 160.0)
_FRICATIVE_HZ = 2500.0
"""Hissed sounds lie above."""
_PAUSES = 0.25
"""Share of the syllables that are silent."""


def babble(length: int, rate: int, generator: np.random.Generator) -> npt.NDArray[np.float64]:
    """Voices with the spectrum and the rhythm of speech, without its words.

    Every syllable is a vowel or a hiss: harmonics of a wandering pitch, or noise, through three
    formants.

    Parameters
    ----------
    length : int
        Samples.
    rate : int
        Hertz.
    generator : numpy.random.Generator

    Returns
    -------
    (length,) float64
        Begins and ends in a pause of every voice.
    """
    return np.sum([_voice(length, rate, generator) for _ in range(_VOICES)], axis=0)


def _voice(length: int, rate: int, generator: np.random.Generator) -> npt.NDArray[np.float64]:
    pitch_hz = np.exp(generator.uniform(np.log(85.0), np.log(250.0)))
    tract = np.float64(1.0 if pitch_hz < 155.0 else 1.17)  # a shorter throat has higher formants
    frequencies = np.fft.rfftfreq(length, 1.0 / rate)
    voiced = np.fft.rfft(_pulses(pitch_hz, length, rate, generator))
    hiss = np.fft.rfft(0.1 * generator.standard_normal(length))
    sounds = [voiced * _formants(frequencies / tract, vowel) for vowel in _VOWELS_HZ]
    sounds.append(hiss * (frequencies > _FRICATIVE_HZ) / (1.0 + frequencies / 8000.0))
    gates = _syllables(len(sounds), length, rate, generator)
    spoken = sum(gate * np.fft.irfft(s, length) for gate, s in zip(gates, sounds, strict=True))
    return np.asarray(generator.uniform(0.4, 1.0) * spoken)


def _pulses(
    pitch_hz: float, length: int, rate: int, generator: np.random.Generator
) -> npt.NDArray[np.float64]:
    """A saw tooth, about the glottis's 6 dB an octave, whose pitch wanders by a few semitones."""
    knots = generator.normal(0.0, 0.12, 2 + 3 * length // rate)
    bend = np.interp(np.linspace(0, len(knots) - 1, length), np.arange(len(knots)), knots)
    phase = np.cumsum(pitch_hz * np.exp(bend)) / rate
    return 2.0 * (phase % 1.0) - 1.0


def _formants(
    frequencies: npt.NDArray[np.float64], vowel: tuple[float, ...]
) -> npt.NDArray[np.float64]:
    """Gain of three resonances, one behind the other."""
    gain = np.ones(len(frequencies))
    for centre, width in zip(vowel, _BANDWIDTHS_HZ, strict=True):
        x = (frequencies / centre) ** 2
        gain /= np.sqrt((1.0 - x) ** 2 + x * (width / centre) ** 2)
    return gain


def _syllables(
    n_sounds: int, length: int, rate: int, generator: np.random.Generator
) -> npt.NDArray[np.float64]:
    """(n_sounds, length): how loud each sound is when; one at a time."""
    gates = np.zeros((n_sounds, length))
    at = int(generator.uniform(0.0, 0.3) * rate)
    while True:
        n = int(generator.uniform(0.12, 0.3) * rate)
        if at + n > length:
            return gates
        if generator.uniform() > _PAUSES:
            sound = generator.integers(n_sounds)
            gates[sound, at : at + n] = generator.uniform(0.3, 1.0) * np.hanning(n)
        at += n
