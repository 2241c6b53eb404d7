"""Synthetic speech: one voice, a voice over noise, and a crowd."""

from __future__ import annotations

import numpy as np

from .espeak import speak
from .noise import Sound, coloured_noise
from .reverberation import in_room
from .texts import TEXTS, VARIANTS

_POOL = 8
"""Utterances that a crowd is made of; each is used several times, shifted."""


def speech(generator: np.random.Generator, n: int, rate: int, split: str) -> Sound:
    """One voice that talks on, with pauses; every other time in a room."""
    sound = _talk(generator, n, rate, split)
    return in_room(generator, sound, rate) if generator.random() < 0.5 else sound


def speech_in_noise(generator: np.random.Generator, n: int, rate: int, split: str) -> Sound:
    """One voice in a room, 0 to 20 dB above noise."""
    voice = in_room(generator, _talk(generator, n, rate, split), rate)
    floor = coloured_noise(generator, n, rate, float(generator.uniform(-2.0, 0.0)))
    return voice / np.std(voice) + 10 ** (-generator.uniform(0.0, 20.0) / 20) * floor


def crowd(generator: np.random.Generator, n: int, rate: int, split: str) -> Sound:
    """Many voices at once, far away in a room."""
    pool = [_talk(generator, n, rate, split) for _ in range(_POOL)]
    sound = np.zeros(n)
    for _ in range(int(generator.integers(10, 40))):
        voice = pool[int(generator.integers(_POOL))]
        shifted = np.roll(voice, int(generator.integers(n)))
        sound += generator.uniform(0.2, 1.0) * shifted
    return in_room(generator, sound, rate, distant=True)


def _talk(generator: np.random.Generator, n: int, rate: int, split: str) -> Sound:
    """Sentences of one voice, of `n` samples in all; it may begin in the middle of a word."""
    languages = sorted(TEXTS[split])
    language = languages[int(generator.integers(len(languages)))]
    variants = VARIANTS[split]
    voice = f"{language}+{variants[int(generator.integers(len(variants)))]}"
    words_per_minute, pitch = int(generator.integers(120, 230)), int(generator.integers(15, 85))
    skipped = int(generator.integers(rate))
    pieces: list[Sound] = []
    have = 0
    while have < n + skipped:
        for place in generator.permutation(len(TEXTS[split][language])):
            utterance = speak(
                TEXTS[split][language][place],
                voice=voice,
                words_per_minute=words_per_minute,
                pitch=pitch,
                rate=rate,
            )
            pieces += [utterance, np.zeros(round(generator.uniform(0.05, 0.6) * rate))]
            have += len(pieces[-1]) + len(pieces[-2])
    return np.concatenate(pieces)[skipped : skipped + n]
