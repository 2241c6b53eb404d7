"""Frames to log-mel rows: the kernel that the offline and the streaming front end share.

Each row depends on its own frame only, to the bit: how many frames come in one call, and where
a frame stands among them, does not change its result. A stream can therefore compute rows as
sound arrives and hand out windows equal to the offline ones.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .mel import mel_filterbank
from .params import FrontEndParams

BLOCK_ROWS = 32
"""Frames per FFT call: enough to amortise the call, few enough to stay in the L2 cache."""

# numpy's SIMD FFT transforms groups of four rows and takes another path for the rest, which on
# ARM differs in the last bit; rows are therefore padded to whole groups.
_FFT_GROUP = 4

# One dense product with the mel matrix wastes 98 % of its multiplications on zeros; bands in
# groups of 16 touch their own bins only.
_BANDS_PER_GROUP = 16

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
        self._frame_window = (_periodic_window(params.window, n_fft) * n_fft).astype(np.float32)
        self._log_floor = np.float32(params.log_floor)
        self._frames = np.zeros((BLOCK_ROWS, n_fft), np.float32)
        self._spectrum = np.zeros((BLOCK_ROWS, n_bins), np.complex64)
        self._power = np.zeros((BLOCK_ROWS, n_bins), np.float32)
        self._groups = _band_groups(mel_filterbank(params))

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
            self._block(block, out[start : start + BLOCK_ROWS])

    def _block(self, block: npt.NDArray[np.float32], out: npt.NDArray[np.float32]) -> None:
        n = len(block)
        rows = -(-n // _FFT_GROUP) * _FFT_GROUP
        frames, spectrum, power = self._frames[:rows], self._spectrum[:rows], self._power[:rows]
        np.multiply(block, self._frame_window, out=frames[:n])
        frames[n:] = 0.0
        if _RFFT_HAS_OUT:
            np.fft.rfft(frames, norm="forward", out=spectrum)  # type: ignore[arg-type]
        else:
            spectrum[:] = np.fft.rfft(frames, norm="forward")
        parts = spectrum.view(np.float32)
        np.multiply(parts, parts, out=parts)
        np.add(parts[:, 0::2], parts[:, 1::2], out=power)
        # The products run over all BLOCK_ROWS rows: a matrix product of another height may take
        # another kernel and differ in the last bit. Rows past `rows` hold finite leftovers.
        for bins, bands, weights, product in self._groups:
            np.matmul(self._power[:, bins], weights, out=product)
            out[:, bands] = product[:n]
        np.maximum(out, self._log_floor, out=out)
        np.log10(out, out=out)
        np.multiply(out, np.float32(10.0), out=out)


_Group = tuple[slice, slice, npt.NDArray[np.float32], npt.NDArray[np.float32]]


def _band_groups(filterbank: npt.NDArray[np.float32]) -> list[_Group]:
    """Cut the filter bank into (bins, bands, weights, scratch) of neighbouring bands."""
    groups: list[_Group] = []
    for first in range(0, len(filterbank), _BANDS_PER_GROUP):
        part = filterbank[first : first + _BANDS_PER_GROUP]
        used = np.flatnonzero(part.any(axis=0))
        bins = slice(int(used[0]), int(used[-1]) + 1)
        bands = slice(first, first + len(part))
        weights = np.ascontiguousarray(part[:, bins].T)
        groups.append((bins, bands, weights, np.zeros((BLOCK_ROWS, len(part)), np.float32)))
    return groups


def _periodic_window(name: str, length: int) -> npt.NDArray[np.float64]:
    """Window as ``scipy.signal.get_window(name, length, fftbins=True)``."""
    if name == "boxcar":
        return np.ones(length)
    offset = 0.5 if name == "hann" else 0.54
    return np.asarray(offset - (1.0 - offset) * np.cos(2.0 * np.pi * np.arange(length) / length))
