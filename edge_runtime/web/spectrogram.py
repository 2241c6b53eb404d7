"""A coarse picture of the sound for the page: log-mel columns, a byte per band.

It is a picture and no recording: 64 bands, about 12 columns a second, no phase. It is made of the
sound itself and not of the input of the network, so that it looks the same for every model.
"""

from __future__ import annotations

import base64
from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

from ..frontend import FrontEndParams
from ..frontend.log_mel import LogMelKernel

COLUMNS_PER_SECOND = 12.0
BANDS = 64
FLOOR_DB, CEILING_DB = -60.0, 40.0
"""Mel power at the bytes 0 and 255, dB"""


class Grid:
    """Where the columns of a stream stand: column k begins at ``k * hop`` samples.

    Parameters
    ----------
    rate : int
        Hertz.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.hop = max(32, round(rate / COLUMNS_PER_SECOND))
        self.n_fft = 1 << (self.hop - 1).bit_length()

    def due(self, start: int, end: int, first: int) -> range:
        """Columns that lie in the samples from `start` to `end`, from column `first` on."""
        low = max(first, -(-start // self.hop))
        return range(low, max(low, (end - self.n_fft) // self.hop + 1))


class Spectrogram:
    """The columns of the last two minutes.

    Parameters
    ----------
    grid : Grid
    seconds : float
        How far back they go.
    """

    def __init__(self, grid: Grid, seconds: float) -> None:
        self.grid = grid
        params = FrontEndParams(
            kind="log_mel",
            sample_rate=grid.rate,
            window_samples=grid.n_fft,
            n_fft=grid.n_fft,
            hop=grid.hop,
            n_mels=min(BANDS, grid.n_fft // 4),
            top_db=None,
            padding="none",
        )
        self.bands = params.n_mels
        self._kernel = LogMelKernel(params)
        self._columns: deque[bytes] = deque(maxlen=round(seconds * grid.rate / grid.hop))
        self._next = 0

    def add(self, first: int, samples: npt.NDArray[np.float32]) -> dict[str, Any] | None:
        """Take the sound of some columns in.

        Parameters
        ----------
        first : int
            The first of them.
        samples : (n,) float32
            From where it begins.

        Returns
        -------
        dict or None
            The new columns as the page takes them; None if there are none.
        """
        grid = self.grid
        if len(samples) < grid.n_fft:
            return None
        frames = np.lib.stride_tricks.sliding_window_view(samples, grid.n_fft)[:: grid.hop]
        decibels = np.zeros((len(frames), self.bands), np.float32)
        self._kernel(frames, decibels)
        bytes_of = np.clip((decibels - FLOOR_DB) * (255.0 / (CEILING_DB - FLOOR_DB)), 0.0, 255.0)
        columns = np.rint(bytes_of).astype(np.uint8)
        if first != self._next:
            self._columns.clear()  # they have no gaps
        self._columns.extend(column.tobytes() for column in columns)
        self._next = first + len(columns)
        return self._message(first, columns.tobytes())

    def columns(self) -> dict[str, Any] | None:
        """All columns so far, as the page takes them; None if there are none."""
        if not self._columns:
            return None
        return self._message(self._next - len(self._columns), b"".join(self._columns))

    def _message(self, first: int, columns: bytes) -> dict[str, Any]:
        return {
            "first": first,
            "per_second": self.grid.rate / self.grid.hop,
            "bands": self.bands,
            "data": base64.b64encode(columns).decode(),
        }
