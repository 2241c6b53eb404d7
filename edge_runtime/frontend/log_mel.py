"""Frames to log-mel rows: the kernel that the offline and the streaming front end share.

Each row depends on its own frame only, to the bit: how many frames come in one call, and where
a frame stands among them, does not change its result. A stream can therefore compute rows as
sound arrives and hand out windows equal to the offline ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .mel import mel_filterbank
from .params import FrontEndParams

BLOCK_ROWS = 44
"""Frames per FFT call: enough to amortise the calls, few enough to stay in the L2 cache (0.7 MB for
n_fft 2048); three blocks make the 130 frames of a 3 s window, with 2 rows to spare."""

# numpy's SIMD FFT transforms groups of four rows and takes another path for the rest, which on
# ARM differs in the last bit; rows are therefore padded to whole groups.
_FFT_GROUP = 4

# One dense product with the mel matrix wastes 98 % of its multiplications on zeros; bands in
# groups of 16 touch their own bins only.
_BANDS_PER_GROUP = 16

_SINGLE_PRECISION_DB = 90.0

_DECIBELS = np.float32(10.0)

_RFFT_HAS_OUT = np.lib.NumpyVersion(np.__version__) >= "2.0.0"


class LogMelKernel:
    """Unclipped log-mel of frames, float32; holds its scratch memory, so one per thread.

    Parameters
    ----------
    params : FrontEndParams
    """

    def __init__(self, params: FrontEndParams) -> None:
        n_fft, n_bins = params.n_fft, params.n_fft // 2 + 1
        # norm="forward" divides by n_fft, which the window multiplies back (exactly, where n_fft
        # is a power of two). It is what keeps numpy >= 2 in single precision: with the default
        # norm it computes a float32 rfft in double, at a quarter of the speed.
        # It holds 90 dB below the segment's maximum; where more than that is kept, the noise floor
        # of single precision would be seen, and double it is.
        self._double = params.top_db is None or params.top_db > _SINGLE_PRECISION_DB
        frame_window = _periodic_window(params.window, n_fft)
        precision = np.float64 if self._double else np.float32
        if not self._double:
            frame_window *= n_fft
        self._frame_window = frame_window.astype(precision)
        self._log_floor = np.float32(params.log_floor)
        self._frames = np.zeros((BLOCK_ROWS, n_fft), precision)
        self._spectrum = np.zeros((BLOCK_ROWS, n_bins), np.complex64)
        self._parts = self._spectrum.view(np.float32)
        self._log_mel = np.zeros((BLOCK_ROWS, params.n_mels), np.float32)
        self._groups = _band_groups(mel_filterbank(params), self._parts, self._log_mel)

    def __call__(self, frames: npt.NDArray[np.float32], out: npt.NDArray[np.float32]) -> None:
        """Compute one log-mel row per frame.

        Parameters
        ----------
        frames : (n, n_fft) float32
            Unwindowed frames; a strided view of a signal will do.
        out : (n, n_mels) float32
            Receives ``10 log10(max(mel power, log_floor))``, dB.
        """
        for start in range(0, len(frames), BLOCK_ROWS):
            block = frames[start : start + BLOCK_ROWS]
            self.load(block, 0)
            out[start : start + len(block)] = self.compute(len(block))

    def load(self, frames: npt.NDArray[np.float32], row: int) -> None:
        """Window frames and put them into rows of the next block, from `row` on."""
        np.multiply(frames, self._frame_window, out=self._frames[row : row + len(frames)])

    def compute(self, n: int) -> npt.NDArray[np.float32]:
        """Log-mel of the first `n` rows that were loaded.

        Returns
        -------
        (n, n_mels) float32
            A view of scratch memory, valid until the next call.
        """
        rows = -(-n // _FFT_GROUP) * _FFT_GROUP
        frames, spectrum, parts = self._frames[:rows], self._spectrum[:rows], self._parts[:rows]
        frames[n:] = 0.0
        self._transform(frames, spectrum)
        np.multiply(parts, parts, out=parts)
        # The products run over all BLOCK_ROWS rows: a matrix product of another height may take
        # another kernel and differ in the last bit. Rows past `rows` hold finite leftovers.
        for squares, weights, bands in self._groups:
            np.matmul(squares, weights, out=bands)
        log_mel = self._log_mel[:n]
        np.maximum(log_mel, self._log_floor, out=log_mel)
        np.log10(log_mel, out=log_mel)
        np.multiply(log_mel, _DECIBELS, out=log_mel)
        return log_mel

    def _transform(
        self, frames: npt.NDArray[np.floating[Any]], spectrum: npt.NDArray[np.complex64]
    ) -> None:
        if self._double:
            spectrum[:] = np.fft.rfft(frames)
        elif _RFFT_HAS_OUT:
            np.fft.rfft(frames, norm="forward", out=spectrum)  # type: ignore[arg-type]
        else:
            spectrum[:] = np.fft.rfft(frames, norm="forward")


_Array = npt.NDArray[np.float32]
_Group = tuple[_Array, _Array, _Array]


def _band_groups(filterbank: _Array, parts: _Array, log_mel: _Array) -> list[_Group]:
    """Cut the filter bank into neighbouring bands.

    Each group is (squares, weights, bands): a view of the squared real and imaginary parts of the
    group's own bins, its weights, and a view of its bands in the result. Both parts of a bin have
    the bin's weight, so that the product adds them up on its way.
    """
    groups: list[_Group] = []
    for first in range(0, len(filterbank), _BANDS_PER_GROUP):
        part = filterbank[first : first + _BANDS_PER_GROUP]
        used = np.flatnonzero(part.any(axis=0))
        low, high = int(used[0]), int(used[-1]) + 1
        weights = np.ascontiguousarray(np.repeat(part[:, low:high].T, 2, axis=0))
        bands = log_mel[:, first : first + len(part)]
        groups.append((parts[:, 2 * low : 2 * high], weights, bands))
    return groups


def _periodic_window(name: str, length: int) -> npt.NDArray[np.float64]:
    """Window as ``scipy.signal.get_window(name, length, fftbins=True)``."""
    if name == "boxcar":
        return np.ones(length)
    offset = 0.5 if name == "hann" else 0.54
    return np.asarray(offset - (1.0 - offset) * np.cos(2.0 * np.pi * np.arange(length) / length))
