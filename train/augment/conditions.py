"""The conditions that a model's robustness is reported for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .codec import Codec, at_level, band_limited, through_codec
from .noise import KINDS, cached_block, excerpt, with_noise
from .room import cached_response, in_room

Samples = npt.NDArray[np.float32]

_ROOMS = 12
"""Rooms of each reverberation time; training (`random_degradation`) draws from others."""
_BLOCKS = 4
"""Blocks of each kind of noise; training draws from others."""


@dataclass(frozen=True, kw_only=True)
class Degradation:
    """What happens to every clip; the same to the same clip each time.

    A clip's room and noise depend on the clip, not on the condition: 20, 10 and 5 dB have the
    same noise, louder and louder.
    """

    name: str
    text: str
    """In words"""
    codec: Codec | None = None
    source_rate: int | None = None
    """Sample rate of the source, hertz: nothing above half of it is left"""
    rt60_s: float | None = None
    """Reverberation time of the room, seconds"""
    snr_db: float | None = None
    """Sound above noise, dB"""
    level_db: float = 0.0
    """Gain, dB; below 0, the sound is also rounded to 16 bits"""

    def __call__(self, samples: Samples, rate: int, clip: str, seed: int = 0) -> Samples:
        """The sound in this condition, in the order of the fields.

        Parameters
        ----------
        samples : (n,) float32
        rate : int
            Hertz.
        clip : str
            Id of the clip, which decides what room and what noise it gets.
        seed : int
            Another seed draws other ones.

        Returns
        -------
        (n,) float32
        """
        if self.codec is not None:
            samples = through_codec(samples, rate, self.codec)
        if self.source_rate is not None:
            samples = band_limited(samples, rate, self.source_rate)
        if self.rt60_s is not None:
            number = int(_generator(seed, "room", clip).integers(_ROOMS))
            samples = in_room(samples, cached_response(self.rt60_s, rate, number))
        if self.snr_db is not None:
            generator = _generator(seed, "noise", clip)
            kind = KINDS[generator.integers(len(KINDS))]
            block = cached_block(kind, rate, int(generator.integers(_BLOCKS)))
            samples = with_noise(samples, excerpt(block, len(samples), generator), self.snr_db)
        if self.level_db:
            samples = at_level(samples, self.level_db)
        return samples


def _generator(seed: int, stage: str, clip: str) -> np.random.Generator:
    digest = hashlib.sha256(f"{stage}\0{clip}".encode("utf-8", "surrogateescape")).digest()
    return np.random.default_rng([seed, *digest])


GRID = (
    Degradation(name="clean", text="the clip as it is"),
    Degradation(name="level-20", text="20 dB softer, 16 bits", level_db=-20.0),
    Degradation(name="level-40", text="40 dB softer, 16 bits", level_db=-40.0),
    Degradation(name="level-50", text="50 dB softer, 16 bits", level_db=-50.0),
    Degradation(name="snr-20", text="noise 20 dB below", snr_db=20.0),
    Degradation(name="snr-10", text="noise 10 dB below", snr_db=10.0),
    Degradation(name="snr-5", text="noise 5 dB below", snr_db=5.0),
    Degradation(name="room-0.2", text="room of RT60 0.2 s", rt60_s=0.2),
    Degradation(name="room-0.4", text="room of RT60 0.4 s", rt60_s=0.4),
    Degradation(name="room-0.8", text="room of RT60 0.8 s", rt60_s=0.8),
    Degradation(
        name="room-0.4-snr-10", text="room of 0.4 s, noise 10 dB below", rt60_s=0.4, snr_db=10.0
    ),
    Degradation(name="source-8k", text="source of 8 kHz", source_rate=8_000),
    Degradation(name="mp3-32", text="MP3, 32 kbit/s", codec=Codec("mp3", 32)),
    Degradation(name="opus-24", text="Opus, 24 kbit/s", codec=Codec("opus", 24)),
)
"""The standard list; the first changes nothing."""
