"""Frames to log-mel rows: the kernel that the offline and the streaming front end share.

Each row depends on its own frame only, to the bit: how many frames come in one call, and where
a frame stands among them, does not change its result. A stream can therefore compute rows as
sound arrives and hand out windows equal to the offline ones.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import numpy as np
import numpy.typing as npt

from .mel import mel_filterbank
from .params import FrontEndParams
from .precision import InexactRows, single_precision_may_do

BLOCK_ROWS = 44
"""Frames per FFT call: enough to amortise the calls, few enough to stay in the L2 cache (0.7 MB for
n_fft 2048); three blocks make the 130 frames of a 3 s window, with 2 rows to spare."""

# Height of the matrix products of a block with few frames, as a stream's are.
_SHORT_ROWS = 24

# numpy's SIMD FFT transforms groups of four rows and takes another path for the rest, which on
# ARM differs in the last bit; rows are therefore padded to whole groups.
_FFT_GROUP = 4

# One dense product with the mel matrix wastes 98 % of its multiplications on zeros; bands in
# groups of 16 touch their own bins only.
_BANDS_PER_GROUP = 16

_DECIBELS = np.float32(10.0)
_ONE = np.float32(1.0)

_RFFT_HAS_OUT = np.lib.NumpyVersion(np.__version__) >= "2.0.0"


_Array = npt.NDArray[np.float32]
_Group = tuple[_Array, _Array, _Array]
"""Spectrum, weights, bands: see `_band_groups`"""

_PRODUCT_ROWS = 4
"""Height of one matrix product where taller ones depend on where a row stands: one that no kernel
of a BLAS splits. Divides both heights of a block."""


class LogMelKernel:
    """Unclipped log-mel of frames, float32; holds its scratch memory, so one per thread.

    In decibels, or as ``log_gain`` or ``log_offset`` compresses it; where windows are brought to a
    level first, mel power (times ``log_gain``), since the gain of a window is not known before its
    last frame.
    """

    def __init__(self, params: FrontEndParams) -> None:
        n_fft, n_bins = params.n_fft, params.n_fft // 2 + 1
        filterbank = mel_filterbank(params)
        self._window = frame_window(params)
        # numpy's maximum of two arrays is three times as fast as that of an array and a number.
        self._log_floor = np.full((BLOCK_ROWS, params.n_mels), params.log_floor, np.float32)
        self._log_gain = None if params.log_gain is None else np.float32(params.log_gain)
        self._log_offset = None if params.log_offset is None else np.float32(params.log_offset)
        self._in_decibels = params.in_decibels
        self._compress = params.level_db is None
        self._loaded: list[tuple[int, npt.NDArray[np.float32]]] = []
        self._inexact: InexactRows | None = None
        self._single = single_precision_may_do(params)
        if self._single:
            if params.log_gain is None:
                self._inexact = InexactRows(params, filterbank, BLOCK_ROWS)
            # norm="forward" divides by n_fft, which the window multiplies back (exactly, as n_fft
            # is a power of two). It is what keeps numpy >= 2 in single precision: with the default
            # norm it computes a float32 rfft in double.
            self._single_window = (n_fft * self._window).astype(np.float32)
        precision = np.float32 if self._single else np.float64
        self._frames = np.zeros((BLOCK_ROWS, n_fft), precision)
        self._spectrum = np.zeros((BLOCK_ROWS, n_bins), np.complex64)
        self._parts = self._spectrum.view(np.float32)
        self._magnitudes: npt.NDArray[np.float32] | None = None
        if params.power == 1.0:
            self._magnitudes = np.zeros((BLOCK_ROWS, n_bins), np.float32)
        self._summed = self._parts if self._magnitudes is None else self._magnitudes
        self._log_mel = np.zeros((BLOCK_ROWS, params.n_mels), np.float32)
        self._groups = _band_groups(filterbank, self._summed, self._log_mel)
        self._short_groups = [
            (spectrum[:_SHORT_ROWS], weights, bands[:_SHORT_ROWS])
            for spectrum, weights, bands in self._groups
        ]
        if not self._products_ignore_position():
            self._groups = [_in_batches(group) for group in self._groups]
            self._short_groups = [_in_batches(group) for group in self._short_groups]

    def __call__(self, frames: npt.NDArray[np.float32], out: npt.NDArray[np.float32]) -> None:
        """Compute one log-mel row per frame.

        Parameters
        ----------
        frames : (n, n_fft) float32
            Unwindowed frames; a strided view of a signal will do.
        out : (n, n_mels) float32
            Receives ``10 log10(max(mel power, log_floor))``, dB, or
            ``log10(1 + log_gain * mel power)``, or ``ln(mel power + log_offset)``; where there is a
            ``level_db``, what `compressed` takes.
        """
        for start in range(0, len(frames), BLOCK_ROWS):
            block = frames[start : start + BLOCK_ROWS]
            self.load(block, 0)
            out[start : start + len(block)] = self.compute(len(block))

    def load(self, frames: npt.NDArray[np.float32], row: int) -> None:
        """Window frames and put them into rows of the next block, from `row` on.

        `compute` may read `frames` again: they must not change until then.
        """
        window = self._single_window if self._single else self._window
        np.multiply(frames, window, out=self._frames[row : row + len(frames)])
        self._loaded.append((row, frames))

    def compute(self, n: int) -> npt.NDArray[np.float32]:
        """Log-mel of the first `n` rows, all of which were loaded.

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
        if self._magnitudes is not None:
            # Not numpy's abs: each of these steps is rounded rightly, wherever a value stands.
            magnitudes = self._magnitudes[:rows]
            np.add(parts[:, ::2], parts[:, 1::2], out=magnitudes)
            np.sqrt(magnitudes, out=magnitudes)
        groups = self._short_groups if n <= _SHORT_ROWS else self._groups
        mel = self._mel(groups)
        if self._inexact is not None:
            inexact = self._inexact(mel, self._parts, n)
            if len(inexact):
                self._repeat_in_double(inexact)
                self._mel(groups)
        log_mel = mel[:n]
        self._loaded.clear()
        if self._in_decibels:
            np.log10(log_mel, out=log_mel)
            return np.multiply(log_mel, _DECIBELS, out=log_mel)
        if self._log_gain is not None:
            np.multiply(log_mel, self._log_gain, out=log_mel)
        return compressed(log_mel, self._log_offset) if self._compress else log_mel

    def _transform(
        self, frames: npt.NDArray[np.floating[Any]], spectrum: npt.NDArray[np.complex64]
    ) -> None:
        if not self._single:
            spectrum[:] = np.fft.rfft(frames)
        elif _RFFT_HAS_OUT:
            np.fft.rfft(frames, norm="forward", out=spectrum)  # type: ignore[arg-type]
        else:
            spectrum[:] = np.fft.rfft(frames, norm="forward")

    def _mel(self, groups: list[_Group]) -> npt.NDArray[np.float32]:
        """Mel powers of the spectrum, no less than the log floor where there is one.

        The products have one of two heights, whatever was loaded: a matrix product of another
        height may take another kernel and differ in the last bit. Rows past the loaded ones hold
        finite leftovers.
        """
        for spectrum, weights, bands in groups:
            np.matmul(spectrum, weights, out=bands)
        if not self._in_decibels:
            return self._log_mel
        return np.maximum(self._log_mel, self._log_floor, out=self._log_mel)

    def _products_ignore_position(self) -> bool:
        """Whether this machine's matrix products give a row the same bits wherever it stands.

        OpenBLAS does so with its AVX-512 and ARM kernels, at both heights. Its AVX2 kernel cuts a
        product into pieces of different sizes, which round differently.
        """
        row = np.arange(self._summed.shape[1], dtype=np.float32) * np.float32(0.618)
        self._summed[:] = row
        tall = self._mel(self._groups).copy()
        short = self._mel(self._short_groups)[:_SHORT_ROWS]
        return bool((tall == tall[0]).all() and (short == tall[0]).all())

    def _repeat_in_double(self, rows: npt.NDArray[np.intp]) -> None:
        """Put the squares of rows into place again, from a transform in double precision."""
        frames = np.zeros((-(-len(rows) // _FFT_GROUP) * _FFT_GROUP, self._frames.shape[1]))
        starts = [start for start, _ in self._loaded]
        for place, row in enumerate(rows):
            piece = bisect_right(starts, row) - 1
            start, loaded = self._loaded[piece]
            np.multiply(loaded[row - start], self._window, out=frames[place])
        spectrum = np.fft.rfft(frames)[: len(rows)].astype(np.complex64)
        parts = spectrum.view(np.float32)
        self._parts[rows] = parts * parts


def compressed(
    power: npt.NDArray[np.float32], log_offset: np.float32 | None
) -> npt.NDArray[np.float32]:
    """``log10(1 + power)``, or ``ln(power + log_offset)``, in place."""
    np.add(power, _ONE if log_offset is None else log_offset, out=power)
    return np.log10(power, out=power) if log_offset is None else np.log(power, out=power)


def _band_groups(filterbank: _Array, summed: _Array, log_mel: _Array) -> list[_Group]:
    """Cut the filter bank into neighbouring bands.

    Each group is (spectrum, weights, bands): a view of the squared real and imaginary parts of the
    group's own bins, or of their magnitudes, its weights, and a view of its bands in the result.
    Both parts of a bin have the bin's weight, so that the product adds them up on its way.
    """
    per_bin = 1 if summed.shape[1] == filterbank.shape[1] else 2
    groups: list[_Group] = []
    for first in range(0, len(filterbank), _BANDS_PER_GROUP):
        part = filterbank[first : first + _BANDS_PER_GROUP]
        used = np.flatnonzero(part.any(axis=0))
        low, high = int(used[0]), int(used[-1]) + 1
        weights = np.ascontiguousarray(np.repeat(part[:, low:high].T, per_bin, axis=0))
        bands = log_mel[:, first : first + len(part)]
        groups.append((summed[:, per_bin * low : per_bin * high], weights, bands))
    return groups


def _in_batches(group: _Group) -> _Group:
    """The same product as many of `_PRODUCT_ROWS` rows each; views of the same memory."""
    spectrum, weights, bands = group
    batches = len(spectrum) // _PRODUCT_ROWS
    return (
        spectrum.reshape(batches, _PRODUCT_ROWS, -1),
        weights,
        bands.reshape(batches, _PRODUCT_ROWS, -1),
    )


_COSINES = {
    "hann": (0.5, 0.5),
    "hamming": (0.54, 0.46),
    "blackman": (0.42, 0.5, 0.08),
    "boxcar": (1.0,),
}
"""Cosine-sum windows (Harris, 1978): factors of cos(0), -cos(x), cos(2x)"""


def frame_window(params: FrontEndParams) -> npt.NDArray[np.float64]:
    """Window as ``scipy.signal.get_window(..., fftbins=True)``, in the middle of the frame."""
    length = params.win_length or params.n_fft
    angle = 2.0 * np.pi * np.arange(length) / length
    window = np.zeros(params.n_fft)
    begin = (params.n_fft - length) // 2
    for k, factor in enumerate(_COSINES[params.window]):
        window[begin : begin + length] += (-1.0) ** k * factor * np.cos(k * angle)
    return window
