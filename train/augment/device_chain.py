"""A random chain from the record to the microphone's samples, for training."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .codec import at_level, band_limited
from .noise import KINDS, cached_block, excerpt, with_noise
from .room import cached_response, in_room
from .waveform import random_equaliser

Samples = npt.NDArray[np.float32]

_RT60_S = (0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8)
_ROOMS = range(1000, 1008)
"""Of each reverberation time; none is among those that models are tested in."""
_BLOCKS = range(1000, 1008)
"""Of each kind of noise; the same holds for them."""
_EQUALISER_DB = 6.0
_SOURCE_RATES = (8_000, 11_025, 16_000)


def random_degradation(samples: Samples, rate: int, generator: np.random.Generator) -> Samples:
    """Sound degraded by a random chain.

    One in seven sources is narrow (8, 11.025 or 16 kHz); half of them play in a room of 0.15 to
    0.8 s; loudspeaker and microphone colour everything by up to 6 dB either way; four in five have
    noise 5 to 30 dB below; and the level falls by 0 to 40 dB, with the rounding of 16 bits.

    Parameters
    ----------
    samples : (n,) float32
    rate : int
        Hertz.
    generator : numpy.random.Generator

    Returns
    -------
    (n,) float32
    """
    from scipy.signal import sosfilt

    if not len(samples):
        return samples
    if generator.uniform() < 1 / 7:
        samples = band_limited(samples, rate, int(generator.choice(_SOURCE_RATES)))
    if generator.uniform() < 0.5:
        rt60_s, number = float(generator.choice(_RT60_S)), int(generator.choice(_ROOMS))
        samples = in_room(samples, cached_response(rt60_s, rate, number))
    sections = random_equaliser(rate, _EQUALISER_DB, generator)
    samples = np.asarray(sosfilt(sections, samples), np.float32)
    if generator.uniform() < 0.8:
        kind = KINDS[generator.integers(len(KINDS))]
        block = cached_block(kind, rate, int(generator.choice(_BLOCKS)))
        noise = excerpt(block, len(samples), generator)
        samples = with_noise(samples, noise, generator.uniform(5.0, 30.0))
    return at_level(samples, generator.uniform(-40.0, 0.0))
