"""Where a single-precision FFT is enough, and how a frame is found for which it is not.

The rounding of a single-precision FFT is noise of the same power in every bin, about 140 dB below
the frame. Next to it, a band that is 70 dB below the rest is off by thousandths of a decibel, which
the MFCCs show. Let S be the energy of a band, and the sums run over the bands::

    squared error of a coefficient  ~  sum(S) * sum(1 / S) / (bands * bins)

times a constant: the noise follows the first sum, each band's relative error the root of 1 / S, and
the DCT adds the bands' errors up as independent ones. Bands that ``top_db`` clips do not count. The
ratio is small for noise, some hundreds to thousands for music, and beyond the limit for a tone in
near silence. ``python -m benchmarks.frontend.exactness`` measures what the limit buys
(docs/explanation/front-end.md).

``log_gain`` needs no such look: what lies below the knee of ``log10(1 + log_gain * S)`` is pressed
flat, rounding with it. An error of e in the amplitude of a bin shows most in a band right at the
knee, where it becomes ``e * sqrt(log_gain * height) / ln(10)`` under the highest triangle, and e
grows with the frame's root energy, so with the root of n_fft. For 3,000 synthetic signals at full
scale and as many random settings it was no more than ``2.1e-7 * sqrt(log_gain * height * n_fft)``:
1e-4 at the limit below, for square waves, whose rounding falls into few bins; noise was 25 times
closer.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .mel import band_gains
from .params import FrontEndParams

_LARGEST_RATIO = 3000.0
_LARGEST_TOP_DB = 80.0
_LARGEST_GAIN = 2e5
"""``log_gain * height * n_fft``; MusiCNN's setting has 1.65e5"""


def single_precision_may_do(params: FrontEndParams) -> bool:
    """Whether frames may be transformed in single precision; for MFCCs, `InexactRows` then checks.

    The frame must be a power of two, of which `numpy` undoes the scale exactly. For MFCCs the bands
    must cover the whole spectrum, or they would not see a loud sound beside them. Log-mel in
    decibels has no DCT that averages the errors of its bands, and is always computed in double, as
    are magnitudes, and all of ``log_offset``.
    """
    if params.power != 2.0 or params.log_offset is not None:
        return False
    if params.n_fft < 256 or params.n_fft.bit_count() != 1 or params.window == "boxcar":
        return False
    if params.log_gain is not None:
        height = float(band_gains(params).max())
        return params.log_gain * height * params.n_fft <= _LARGEST_GAIN
    return (
        params.kind == "mfcc"
        and params.fmin == 0.0
        and params.upper_hz == params.sample_rate / 2
        and params.top_db is not None
        and params.top_db <= _LARGEST_TOP_DB
    )


class InexactRows:
    """Finds the rows of a block of mel powers that single precision did not get right.

    Parameters
    ----------
    params : FrontEndParams
        For which `single_precision_may_do`; MFCCs.
    filterbank : (n_mels, bins) float32
    rows : int
        Height of the blocks.
    """

    def __init__(
        self, params: FrontEndParams, filterbank: npt.NDArray[np.float32], rows: int
    ) -> None:
        n_mels, n_bins = filterbank.shape
        # The energy of a band is its mel power over the gain that normalisation gave its filter.
        self._gain = band_gains(params).astype(np.float32)
        self._per_gain = 1.0 / self._gain
        assert params.top_db is not None
        self._range = np.float32(10.0 ** (-params.top_db / 10.0))
        self._limit = _LARGEST_RATIO * n_mels * n_bins
        self._ones = np.ones(2 * n_bins, np.float32)
        # Real and imaginary parts of the bins that only one side of one triangle covers.
        self._low = slice(0, 2 * int(filterbank[0].argmax()) + 2)
        self._high = slice(2 * int(filterbank[-1].argmax()), 2 * n_bins)
        self._inverse = np.zeros((rows, n_mels), np.float32)
        self._counts = np.zeros((rows, n_mels), bool)

    def __call__(
        self, mel: npt.NDArray[np.float32], squares: npt.NDArray[np.float32], n: int
    ) -> npt.NDArray[np.intp]:
        """Indices of inexact rows among the first `n`.

        Parameters
        ----------
        mel : (rows, n_mels) float32
            Mel powers, none of them below the log floor; of rows past `n`, any.
        squares : (rows, 2 * bins) float32
            Squares of the real and imaginary parts of the spectrum.
        n : int
        """
        inverse, counts = self._inverse, self._counts
        np.divide(self._gain, mel, out=inverse)
        # What is clipped by the frame's own maximum is clipped by the window's, too.
        np.greater(mel, self._range * mel.max(axis=1, keepdims=True), out=counts)
        np.multiply(inverse, counts, out=inverse)
        # Products over the same number of rows every time: see `LogMelKernel`.
        energy = np.matmul(mel, self._per_gain)
        for edge in (self._low, self._high):
            energy += np.matmul(squares[:, edge], self._ones[edge])
        ratio = energy * np.matmul(inverse, self._ones[: mel.shape[1]])
        inexact: npt.NDArray[np.intp] = np.flatnonzero(ratio[:n] > self._limit)
        return inexact
