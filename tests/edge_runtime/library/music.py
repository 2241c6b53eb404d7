"""Small files of music for tests, one of each kind that can hold tags."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import soundfile

_RATE = 16_000
_WRITTEN = {
    "wav": ("WAV", "PCM_16"), "aiff": ("AIFF", "PCM_16"), "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"), "opus": ("OGG", "OPUS"), "mp3": ("MP3", "MPEG_LAYER_III"),
}  # fmt: skip
_TONES = Path(__file__).parent / "tones"
KINDS = (*_WRITTEN, *sorted(tone.suffix[1:] for tone in _TONES.glob("tone.*")))
DECODED = tuple(_WRITTEN)
"""Those that soundfile reads"""


def write_music(folder: Path, kind: str, *, name: str = "song", seconds: float = 0.5) -> Path:
    """A file of a kind, without tags."""
    path = folder / f"{name}.{kind}"
    if kind not in _WRITTEN:
        shutil.copy(_TONES / f"tone.{kind}", path)
        return path
    container, coding = _WRITTEN[kind]
    time = np.arange(round(seconds * _RATE)) / _RATE
    sound = 0.3 * np.sin(2 * np.pi * 440 * time) + 0.1 * np.sin(2 * np.pi * 1237 * time)
    soundfile.write(path, sound, _RATE, format=container, subtype=coding)
    return path
