"""Real speech that Debian packages ship: for tests alone, never for training, never copied."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_runtime.audio.conditioning import Conditioner
from edge_runtime.audio.file import open_audio
from edge_runtime.audio.resample import StreamResampler

from .noise import Sound


@dataclass(frozen=True)
class SpeechSource:
    """Recordings of speech, and their licence."""

    package: str
    """Debian's name"""
    licence: str
    files: str
    """Glob below the root of the file system"""
    content: str
    """What is said"""

    def find(self, root: Path = Path("/")) -> list[Path]:
        """The recordings, in a fixed order; none where the package is not installed."""
        return sorted(root.glob(self.files))


SOURCES = (
    SpeechSource(
        "pocketsphinx-testdata",
        "BSD-2-Clause; read for LibriVox, public domain",
        "usr/share/pocketsphinx/test/data/librivox/*.wav",
        "a novel read aloud in English, 16 kHz",
    ),
    SpeechSource(
        "asterisk-core-sounds-en-wav",
        "CC-BY-SA-3.0, Allison Smith",
        "usr/share/asterisk/sounds/en_US_f_Allison/vm-*.wav",
        "telephone prompts in English, 8 kHz",
    ),
    SpeechSource(
        "asterisk-core-sounds-fr-wav",
        "CC-BY-SA-3.0, June Wallack",
        "usr/share/asterisk/sounds/fr_CA_f_June/vm-*.wav",
        "telephone prompts in French, 8 kHz",
    ),
    SpeechSource(
        "asterisk-core-sounds-ru-wav",
        "CC-BY-3.0, Maxim Topal",
        "usr/share/asterisk/sounds/ru_RU_f_IvrvoiceRU/vm-*.wav",
        "telephone prompts in Russian, 8 kHz",
    ),
    SpeechSource(
        "alsa-utils",
        "GPL-2",
        "usr/share/sounds/alsa/*_*.wav",
        "names of loudspeakers in English, 48 kHz",
    ),
)


def recorded_talk(
    generator: np.random.Generator, n: int, rate: int, recordings: list[Path]
) -> Sound:
    """Recordings one after the other, in random order, as many as fill `n` samples.

    Parameters
    ----------
    generator : numpy.random.Generator
    n : int
        Samples.
    rate : int
        Hertz.
    recordings : list of Path
        At least one.

    Returns
    -------
    (n,) float64
    """
    pieces: list[Sound] = []
    have = 0
    while have < n:
        for place in generator.permutation(len(recordings)):
            speech = _read(recordings[place], rate)
            pieces += [speech, np.zeros(round(generator.uniform(0.05, 0.4) * rate))]
            have += len(pieces[-1]) + len(pieces[-2])
            if have >= n:
                break
    return np.concatenate(pieces)[:n]


def _read(path: Path, rate: int) -> Sound:
    audio = open_audio(path)
    conditioner, resampler = Conditioner(audio.channels), StreamResampler(audio.rate, rate)
    blocks = [resampler.push(conditioner(block)) for block in audio.blocks()]
    blocks.append(resampler.push(np.zeros(0, np.float32), last=True))
    return np.concatenate(blocks).astype(np.float64)
