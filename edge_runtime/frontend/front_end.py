"""The offline front end: one segment of sound to one matrix of coefficients."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import ParameterError
from .log_mel import LogMelKernel
from .mel import dct_matrix
from .params import FrontEndParams


class FrontEnd:
    """MFCC or log-mel of one segment, equal to librosa's to 5e-4 (MFCC units).

    An instance holds scratch memory: give each thread its own.

    Parameters
    ----------
    params : FrontEndParams

    Examples
    --------
    >>> import numpy as np
    >>> front_end = FrontEnd(FrontEndParams())
    >>> front_end(np.zeros(66150, dtype=np.float32)).shape
    (130, 13)
    """

    def __init__(self, params: FrontEndParams) -> None:
        self.params = params
        self._kernel = LogMelKernel(params)
        # The DCT runs in float64: in float32 its rounding alone costs 1.5e-3.
        self._dct = dct_matrix(params.n_mels, params.n_mfcc) if params.kind == "mfcc" else None
        self._edge = 0 if params.padding == "none" else params.n_fft // 2
        self._padded = np.zeros(params.window_samples + 2 * self._edge, np.float32)
        self._log_mel = np.zeros((params.n_frames, params.n_mels), np.float32)

    def __call__(self, segment: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
        """Coefficients of one segment.

        Parameters
        ----------
        segment : (window_samples,) float or int16
            Samples at the front end's rate; floats in -1 to 1, int16 at full scale. Any byte
            order, any stride.

        Returns
        -------
        (frames, coefficients) float32
            A new array. Normalised where the parameters hold mean and std.

        Raises
        ------
        ParameterError
            If the segment has another length or type, or holds NaN or infinity.
        """
        samples = _as_float32(segment)
        if samples.shape != (self.params.window_samples,):
            raise ParameterError(
                f"segment has shape {samples.shape}; it must be ({self.params.window_samples},)"
            )
        with np.errstate(over="ignore", invalid="ignore"):
            energy = np.dot(samples, samples)
        if not np.isfinite(energy):
            raise ParameterError(
                "segment holds NaN or infinity, or values far outside -1 to 1; zero such samples "
                "first (edge_runtime.conditioning does)"
            )
        self._pad(samples)
        frames = np.lib.stride_tricks.sliding_window_view(self._padded, self.params.n_fft)
        self._kernel(frames[:: self.params.hop][: self.params.n_frames], self._log_mel)
        return self.finish(self._log_mel)

    def finish(self, log_mel: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """What depends on the whole segment: clip to ``top_db``, DCT, normalise.

        Parameters
        ----------
        log_mel : (frames, n_mels) float32
            Unclipped, dB; left as it is.

        Returns
        -------
        (frames, coefficients) float32
        """
        if self.params.top_db is not None:
            log_mel = np.maximum(log_mel, log_mel.max() - np.float32(self.params.top_db))
        if self._dct is None:
            features = log_mel.copy()
        else:
            features = (log_mel.astype(np.float64) @ self._dct).astype(np.float32)
        return self.params.normalise(features)

    def _pad(self, samples: npt.NDArray[np.float32]) -> None:
        edge, padded = self._edge, self._padded
        padded[edge : edge + len(samples)] = samples
        if edge and self.params.padding == "reflect":
            padded[:edge] = samples[edge:0:-1]
            padded[-edge:] = samples[-2 : -edge - 2 : -1]


def _as_float32(samples: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
    if not isinstance(samples, np.ndarray):
        raise ParameterError(f"segment is a {type(samples).__name__}; it must be a numpy array")
    if samples.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return samples.astype(np.float32)
    if samples.dtype.kind == "i" and samples.dtype.itemsize == 2:
        return samples.astype(np.float32) / np.float32(32768.0)
    raise ParameterError(f"segment has dtype {samples.dtype}; it must be float (-1 to 1) or int16")
