"""A small data set of three made-up genres that any network can tell apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

RATE = 22_050
GENRES = ("beeps", "drone", "hiss")
CLIP_SECONDS = 6.5
SUFFIXES = (".wav", ".au", ".ogg", ".flac", ".mp3")


def clip(genre: str, seed: int, seconds: float = CLIP_SECONDS) -> npt.NDArray[np.float32]:
    """Sound of a genre, different for every seed."""
    generator = np.random.default_rng([GENRES.index(genre), seed])
    t = np.arange(round(seconds * RATE)) / RATE
    if genre == "hiss":
        # Softened at the top: MP3 cuts the highest band off, and white noise would become another
        # sound in that container alone.
        sound = np.convolve(generator.standard_normal(len(t)), np.hanning(12), "same")
    elif genre == "drone":
        base = generator.uniform(60, 120)
        sound = sum(np.sin(2 * np.pi * base * k * t) / k for k in range(1, 5))
    else:
        pitch = generator.uniform(1500, 2500)
        sound = np.sin(2 * np.pi * pitch * t) * (np.sin(2 * np.pi * 4 * t) > 0)
    noise = 0.002 * generator.standard_normal(len(t))
    return (generator.uniform(0.05, 0.3) * sound + noise).astype(np.float32)


def write_data_set(root: Path, clips_per_genre: int = 10) -> Path:
    """A folder of genre folders, in every container."""
    for genre in GENRES:
        folder = root / genre
        folder.mkdir(parents=True)
        for index in range(clips_per_genre):
            name = f"{genre}.{index:05}{SUFFIXES[index % len(SUFFIXES)]}"
            soundfile.write(folder / name, clip(genre, index), RATE)
    return root
