"""A high-pass against the constant offset that cheap microphones add."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

_BLOCK = 256
"""Samples filtered at a time; about 12 ms at 22,050 Hz is the delay it costs"""


class DcBlocker:
    """First-order high-pass ``y[n] = x[n] - x[n-1] + r y[n-1]`` as a stream.

    ``r = exp(-2 pi cut-off / rate)``; after J. O. Smith, "Introduction to Digital Filters", 2007,
    "DC Blocker". Samples are filtered in blocks that lie where they lie whatever the chunks are, so
    that a file and a stream of it are equal, bit for bit.

    Parameters
    ----------
    cut_off : float
        Where the response is 3 dB down, hertz.
    rate : int
        Hertz.
    """

    def __init__(self, cut_off: float, rate: int) -> None:
        r = math.exp(-2.0 * math.pi * cut_off / rate)
        n = np.arange(_BLOCK)
        # Row n of the matrix is the response at n to each input of the block.
        lag = n[:, np.newaxis] - n[np.newaxis, :]
        decay = np.where(lag > 0, r ** np.maximum(lag - 1, 0), 0.0)
        self._response = np.where(lag == 0, 1.0, 0.0) + (r - 1.0) * decay
        self._from_output = r ** (n + 1.0)
        self._from_input = -(r**n)
        self._last_input = self._last_output = 0.0
        self._pending = np.zeros(0, np.float32)

    def push(
        self, samples: npt.NDArray[np.float32], *, last: bool = False
    ) -> npt.NDArray[np.float32]:
        """Filtered samples that are ready.

        Parameters
        ----------
        samples : (n,) float32
        last : bool
            Whether the stream ends here; hands out the block that is not full.

        Returns
        -------
        (m,) float32
        """
        pending = np.concatenate([self._pending, samples])
        ready = len(pending) if last else len(pending) - len(pending) % _BLOCK
        filtered = np.empty(ready, np.float32)
        for start in range(0, ready, _BLOCK):
            block = np.zeros(_BLOCK)
            here = pending[start : start + _BLOCK]
            block[: len(here)] = here
            filtered[start : start + _BLOCK] = self._filter(block)[: len(here)]
        self._pending = pending[ready:].copy()  # a view would keep the whole chunk
        return filtered

    def _filter(self, block: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        output = self._response @ block
        output += self._from_output * self._last_output
        output += self._from_input * self._last_input
        self._last_input, self._last_output = float(block[-1]), float(output[-1])
        return output
