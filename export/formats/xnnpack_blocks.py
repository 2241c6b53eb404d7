"""A filter over few channels, as a wider one over blocks of neighbouring positions.

The kernels that run convolutions multiply several channels with 8 to 64 filters in one instruction
and do no less for one channel and three filters. With the input cut into blocks of P positions, C
channels become P * C; with the outputs of P positions computed at once, F filters become P * F. The
products that are added up are the same ones: a filter shifted by each of the P positions, with
zeros where it does not reach, is a (blocked) Toeplitz matrix.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_CHANNELS = 8
"""XNNPACK's kernels for eight bits take so many at a time, for each tap"""


def positions_per_block(channels: int) -> int:
    """How many positions make enough channels together: a power of two."""
    positions = 1
    while positions * channels < _CHANNELS:
        positions *= 2
    return positions


def blocks_per_filter(taps: int, block: int) -> int:
    """How many blocks a filter covers that is computed at every position of one.

    Parameters
    ----------
    taps : int
    block : int
        Positions of a block.
    """
    return -(-(taps + block - 1) // block)


def block_kernel(kernel: npt.NDArray[np.float32], block: int) -> npt.NDArray[np.float32]:
    """The kernel that computes filters at all positions of a block at once.

    Parameters
    ----------
    kernel : (taps, channels, filters)
    block : int
        Positions of a block.

    Returns
    -------
    (blocks, block * channels, block * filters)
        The position varies slowest, in channels and in filters.
    """
    taps, channels, filters = kernel.shape
    blocks = blocks_per_filter(taps, block)
    wide = np.zeros((blocks * block, channels, block, filters), np.float32)
    for position in range(block):
        wide[position : position + taps, :, position] = kernel
    return wide.reshape(blocks, block * channels, block * filters)
