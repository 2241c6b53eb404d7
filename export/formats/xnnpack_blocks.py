"""A filter that hears few channels, as a wider one that hears neighbouring places at once.

The kernels that run convolutions multiply several channels with 8 to 64 filters in one instruction
and do no less for one channel and three filters. Cut into blocks of P places, C channels become
P * C; P places answered at once, F filters become P * F. The products that are added up are the
same ones: a filter shifted by each of the P places, with zeros where it does not reach, is a
(blocked) Toeplitz matrix.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_CHANNELS = 8
"""XNNPACK's kernels for eight bits take so many at a time, for each tap"""


def places_at_once(channels: int) -> int:
    """How many places make enough channels together: a power of two."""
    places = 1
    while places * channels < _CHANNELS:
        places *= 2
    return places


def blocks_under(taps: int, at_once: int) -> int:
    """How many blocks a filter needs that answers at every place of one."""
    return -(-(taps + at_once - 1) // at_once)


def blocked(kernel: npt.NDArray[np.float32], at_once: int) -> npt.NDArray[np.float32]:
    """Filters that answer at several places at once.

    Parameters
    ----------
    kernel : (taps, channels, filters)
    at_once : int
        Places of a block.

    Returns
    -------
    (blocks, at_once * channels, at_once * filters)
        Of both, the place varies slowest.
    """
    taps, channels, filters = kernel.shape
    blocks = blocks_under(taps, at_once)
    wide = np.zeros((blocks * at_once, channels, at_once, filters), np.float32)
    for place in range(at_once):
        wide[place : place + taps, :, place] = kernel
    return wide.reshape(blocks, at_once * channels, at_once * filters)
