"""What an operation becomes when a model is loaded: fixed buffers, and the calls that fill them.

Buffers are never made or moved while a network runs, so every view of them (the patches under a
kernel, the taps of a pool) is made once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...errors import ParameterError

Array = npt.NDArray[np.float32]
Inputs = Sequence[Array]
Weights = Mapping[str, Array]
"""By their names in the layer"""
Step = Callable[[], object]
"""One call of a numpy function on fixed buffers"""

LARGEST_NETWORK = 2**26
"""Numbers in all buffers together (256 MiB): more is a damaged graph, or no network for a device"""


@dataclass(frozen=True)
class Plan:
    """A planned operation. Buffers are C-contiguous, and only their own steps write to them."""

    output: Array
    steps: tuple[Step, ...] = ()


class Memory:
    """Where a network's buffers come from."""

    def __init__(self, limit: int = LARGEST_NETWORK) -> None:
        self._left = limit

    def zeros(self, *shape: int) -> Array:
        """A buffer of zeros.

        Raises
        ------
        ParameterError
            If the network's buffers grow above the limit.
        """
        self._left -= math.prod(shape)
        if self._left < 0:
            raise ParameterError(
                f"needs a buffer of {' x '.join(map(str, shape))} numbers, which is more than a "
                "device has"
            )
        return np.zeros(shape, np.float32)
