"""The offline front end: one window of sound to one matrix of coefficients."""

from __future__ import annotations

import math
import threading

import numpy as np
import numpy.typing as npt

from ..deprecation import renamed_parameter
from ..errors import ParameterError
from .log_mel import LogMelKernel, compressed
from .mel import dct_matrix
from .params import FrontEndParams


class FrontEnd:
    """MFCC or log-mel of one window; librosa's to 5e-4 (MFCC units).

    An instance may be used by several threads. It holds scratch memory, so that they take turns:
    where they are to compute at the same time, give each its own.

    Examples
    --------
    >>> import numpy as np
    >>> front_end = FrontEnd(FrontEndParams())
    >>> front_end(np.zeros(66150, dtype=np.float32)).shape
    (130, 13)
    """

    def __init__(self, params: FrontEndParams) -> None:
        self.params = params
        self._lock = threading.Lock()  # of all that is scratch memory below
        self.kernel = LogMelKernel(params)
        # The DCT runs in float64: in float32 its rounding alone costs 1.5e-3.
        self._dct = dct_matrix(params.n_mels, params.n_mfcc) if params.kind == "mfcc" else None
        self._edge = params.edge
        self._log_offset = None if params.log_offset is None else np.float32(params.log_offset)
        if params.level_db is not None:
            # What the kernel gives is scaled by this already.
            scale = params.log_gain or 1.0
            scale = scale if params.power == 2.0 else scale**2
            self._level = scale * 10.0 ** (params.level_db / 10.0)
        self._padded = np.zeros(params.window_samples + 2 * self._edge, np.float32)
        self._frames = np.lib.stride_tricks.sliding_window_view(self._padded, params.n_fft)[
            :: params.hop
        ][: params.n_frames]
        self._log_mel = np.zeros((params.n_frames, params.n_mels), np.float32)
        # These would be large enough for malloc to map and unmap them at every call.
        self._clipped = np.zeros((params.n_frames, params.n_mels), np.float32)
        if params.kind == "mfcc":
            self._wide = np.zeros((params.n_frames, params.n_mels), np.float64)
            self._cepstra = np.zeros((params.n_frames, params.n_mfcc), np.float64)

    @renamed_parameter("segment", "window")
    def __call__(self, window: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
        """Coefficients of one window.

        Parameters
        ----------
        window : (window_samples,) float or int16
            Samples at the front end's rate; floats in -1 to 1, int16 at full scale. Any byte
            order, any stride.

        Returns
        -------
        (frames, coefficients) float32
            A new array. Normalised where the parameters hold mean and std.

        Raises
        ------
        ParameterError
            If the window has another length or type, holds NaN or infinity, or is int16 that was
            cast to float and not divided: far louder than full scale, or whole numbers.
        """
        check_samples(window, "window")
        if window.shape != (self.params.window_samples,):
            raise ParameterError(
                f"window has shape {window.shape}; it must be ({self.params.window_samples},)"
            )
        with self._lock:
            samples = self._padded[self._edge : self._edge + len(window)]
            energy = take_samples(window, samples, "window")
            check_level(samples, energy, "window")
            if offset := self.offset(samples, energy):
                np.subtract(samples, np.float32(offset), out=samples)
            if self.params.padding == "reflect":
                self._reflect(samples)
            self.kernel(self._frames, self._log_mel)
            return self.finish(self._log_mel)

    def offset(self, samples: npt.NDArray[np.float32], energy: float) -> float:
        """The constant that is left out of a window; 0.0 for nearly all sound.

        Where windows are brought to one level (``level_db``), a microphone's offset would be a part
        of it and push the sound down. What is no more than the rest of a slow oscillation stays, so
        that ordinary sound keeps its features to the bit.

        Parameters
        ----------
        samples : (window_samples,) float32
        energy : float
            Sum of their squares.
        """
        if self.params.level_db is None:
            return 0.0
        mean = float(samples.mean(dtype=np.float64))
        varying = max(0.0, energy / len(samples) - mean**2)
        return mean if mean**2 > _OFFSET_TO_SOUND**2 * varying else 0.0

    def finish(self, log_mel: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """What depends on the whole window: clip to ``top_db``, level, DCT, normalise.

        Parameters
        ----------
        log_mel : (frames, n_mels) float32
            As the kernel gives it; left as it is.

        Returns
        -------
        (frames, coefficients) float32
        """
        top_db = self.params.top_db
        if self.params.level_db is not None:
            return self.params.normalise(self._levelled(log_mel))
        clipped = log_mel
        if top_db is not None:
            # An array: numpy's maximum with a number is three times slower.
            self._clipped.fill(log_mel.max() - np.float32(top_db))
            clipped = np.maximum(log_mel, self._clipped, out=self._clipped)
        if self._dct is None:
            return self.params.normalise(clipped.copy())
        np.copyto(self._wide, clipped)
        np.matmul(self._wide, self._dct, out=self._cepstra)
        return self.params.normalise(self._cepstra.astype(np.float32))

    def _levelled(self, mel: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        magnitudes = self.params.power == 1.0
        power = np.square(mel) if magnitudes else mel
        mean = float(power.mean(dtype=np.float64)) / self._level
        gain = 1.0 / max(mean, _SOFTEST)
        gain = math.sqrt(gain) if magnitudes else gain
        return compressed(mel * np.float32(gain), self._log_offset)

    def _reflect(self, samples: npt.NDArray[np.float32]) -> None:
        edge, padded = self._edge, self._padded
        padded[:edge] = samples[edge:0:-1]
        padded[-edge:] = samples[-2 : -edge - 2 : -1]


_SOFTEST = 1e-6
"""A window more than 60 dB below the level is raised by 60 dB only: it holds the noise of a
converter, or nothing at all"""

_OFFSET_TO_SOUND = 0.05
"""An offset counts as one from this share of the sound's root mean square on. One window of music
in fifteen has as much; of 1495 validation windows, one got another label by leaving it out. With
0.1, an offset of 1 % of full scale moved nine labels of 400; with 0.05 five, of no whole clip"""

LOUDEST_RMS = 10.0
"""Sound is never 20 dB above full scale."""


def check_samples(samples: npt.NDArray[np.generic], name: str) -> None:
    """Refuse what is neither float nor int16; messages call it `name`.

    Raises
    ------
    ParameterError
    """
    if not isinstance(samples, np.ndarray):
        raise ParameterError(f"{name} is a {type(samples).__name__}; it must be a numpy array")
    if samples.dtype.kind != "f" and samples.dtype.newbyteorder("=") != np.int16:
        raise ParameterError(
            f"{name} has dtype {samples.dtype}; it must be float (-1 to 1) or int16"
        )


def take_samples(
    samples: npt.NDArray[np.generic], out: npt.NDArray[np.float32], name: str
) -> float:
    """Write samples into `out` with full scale at 1, whatever their byte order and stride.

    Returns
    -------
    float
        Their energy.

    Raises
    ------
    ParameterError
        If one is NaN or infinite, or so large that its power is; `out` is filled nevertheless.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        np.copyto(out, samples, casting="same_kind")
        if samples.dtype.kind == "i":
            np.multiply(out, _INT16_STEP, out=out)
        energy = float(np.dot(out, out))
    if not math.isfinite(energy):
        raise ParameterError(
            f"{name} holds NaN or infinity, or values far outside -1 to 1; zero such samples first "
            "(edge_runtime.audio.conditioning does)"
        )
    return energy


def check_level(samples: npt.NDArray[np.float32], energy: float, name: str) -> None:
    """Refuse what is no sound with full scale at 1.

    Raises
    ------
    ParameterError
    """
    if is_unscaled(samples, energy):
        raise ParameterError(
            f"{name} reaches {np.abs(samples).max():.0f}; floats must have full scale at 1 (divide "
            "samples that were int16 by 32768)"
        )


def is_unscaled(samples: npt.NDArray[np.float32], energy: float) -> bool:
    """Whether samples are int16 that was cast to float and not divided.

    They are when they are far louder than sound can be, or whole numbers that reach beyond 1,
    however soft.

    Parameters
    ----------
    samples : (n,) float32
    energy : float
        Sum of their squares.
    """
    if energy > LOUDEST_RMS**2 * samples.size:
        return True
    # 64 of them suffice, nearly always, to see that not all are whole numbers.
    sample = samples[:: max(1, samples.size // 64)]
    if energy < 4.0 or not np.array_equal(sample, np.rint(sample)):
        return False
    return bool(np.abs(samples).max() >= 2.0) and np.array_equal(samples, np.rint(samples))


_INT16_STEP = np.float32(1.0 / 32768.0)
