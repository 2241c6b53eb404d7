"""A resampler in numpy alone, for machines where soxr has no wheel (32-bit Pi OS)."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ..errors import AudioFormatError

PASSBAND = 0.9
"""Share of the lower Nyquist frequency that passes unharmed"""
_STOPBAND_DB = 110.0
_SHORTEST_BLOCK = 256
_LARGEST_MATRIX = 2_000_000


class PolyphaseResampler:
    """Kaiser-windowed sinc, evaluated at the output's instants only.

    Measured by ``tests/edge_runtime/audio/test_polyphase.py`` from 8, 16, 32, 44.1, 48, 96 and
    192 kHz to 22,050 Hz: flat to 0.01 dB up to 0.9 of the lower Nyquist frequency (9.9 kHz for
    44.1 and 48 kHz), and what would be an alias or an image is at least 100 dB down.

    The output comes in blocks that lie where they lie whatever the chunks are, each one product of
    the same matrix with the sound around it: stream and one-shot are equal, bit for bit.

    Design: J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function",
    1974; R. E. Crochiere and L. R. Rabiner, "Multirate Digital Signal Processing", 1983, ch. 3.

    Parameters
    ----------
    source_rate, target_rate : int
        Hertz.

    Raises
    ------
    AudioFormatError
        If the rates have so little in common that the matrix would be huge.
    """

    def __init__(self, source_rate: int, target_rate: int) -> None:
        common = math.gcd(source_rate, target_rate)
        up, down = target_rate // common, source_rate // common
        repeat = -(-_SHORTEST_BLOCK // max(up, down))
        self._outputs, self._inputs = repeat * up, repeat * down
        lower_nyquist = min(source_rate, target_rate) / 2.0
        self._half = _half_length((1.0 - PASSBAND) * lower_nyquist, source_rate)
        width = self._inputs + 2 * self._half
        if self._outputs * width > _LARGEST_MATRIX:
            raise AudioFormatError(
                f"audio at {source_rate} Hz needs soxr to become {target_rate} Hz and soxr is not "
                "installed: pip install soxr, or use a common rate such as 44100 or 48000 Hz"
            )
        cut_off = (1.0 + PASSBAND) / 2.0 * lower_nyquist
        centres = np.arange(self._outputs) * (source_rate / target_rate) + self._half
        offsets = np.arange(width)[np.newaxis, :] - centres[:, np.newaxis]
        self._matrix = _windowed_sinc(offsets, cut_off / source_rate, self._half)
        self._source_rate, self._target_rate = source_rate, target_rate
        self._buffer = np.zeros(self._half, np.float32)  # before the beginning there is silence
        self._taken = self._given = 0

    def push(
        self, samples: npt.NDArray[np.float32], *, last: bool = False
    ) -> npt.NDArray[np.float32]:
        """Resampled samples that are ready.

        Parameters
        ----------
        samples : (n,) float32
        last : bool
            Whether the stream ends here; hands out what the filter still holds.

        Returns
        -------
        (m,) float32
            n times the ratio of the rates, rounded, over the whole stream.
        """
        self._taken += len(samples)
        pieces = [self._buffer, samples]
        if last:
            pieces.append(np.zeros(self._inputs + 2 * self._half, np.float32))
        buffer = np.concatenate(pieces)
        width = self._matrix.shape[1]
        n_blocks = max(0, (len(buffer) - width) // self._inputs + 1)
        resampled = np.empty(n_blocks * self._outputs, np.float32)
        for block in range(n_blocks):
            begin = block * self._inputs
            piece = buffer[begin : begin + width]
            resampled[block * self._outputs :][: self._outputs] = self._matrix @ piece
        self._buffer = buffer[n_blocks * self._inputs :].copy()  # a view would keep all of it
        if last:
            total = round(self._taken * self._target_rate / self._source_rate)
            resampled = resampled[: max(0, total - self._given)]
        self._given += len(resampled)
        return resampled


def _half_length(transition_hz: float, rate: int) -> int:
    """Half the length of Kaiser's window for a transition band, samples."""
    width = 2.0 * math.pi * transition_hz / rate
    return math.ceil((_STOPBAND_DB - 7.95) / (2.285 * width) / 2.0)


def _windowed_sinc(
    offsets: npt.NDArray[np.float64], cut_off: float, half: int
) -> npt.NDArray[np.float32]:
    """Impulse response at the given distances (samples); `cut_off` in cycles per sample."""
    beta = 0.1102 * (_STOPBAND_DB - 8.7)
    inside = np.maximum(0.0, 1.0 - (offsets / half) ** 2)
    window = np.where(np.abs(offsets) <= half, np.i0(beta * np.sqrt(inside)) / np.i0(beta), 0.0)
    return (2.0 * cut_off * np.sinc(2.0 * cut_off * offsets) * window).astype(np.float32)
