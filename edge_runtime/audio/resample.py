"""Any sample rate to the model's, as a stream."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import AudioFormatError
from ..frontend import FrontEndParams

LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000

_ENOUGH_OF_THE_BAND = 0.95
"""A source that reaches this share of the model's highest frequency is not worth a warning."""


class StreamResampler:
    """Mono resampler that takes chunks of any length.

    soxr's high-quality setting (HQ) where soxr is installed, else `PolyphaseResampler`. A stream
    gives the same samples as one call, bit for bit, with either.

    Parameters
    ----------
    source_rate, target_rate : int
        Hertz. Equal rates pass samples through.

    Raises
    ------
    AudioFormatError
        If the source rate is outside 8 to 192 kHz, or is an odd one and soxr is not installed.
    """

    def __init__(self, source_rate: int, target_rate: int) -> None:
        if not LOWEST_RATE <= source_rate <= HIGHEST_RATE:
            raise AudioFormatError(
                f"sample rate {source_rate} Hz; it must be from {LOWEST_RATE} to {HIGHEST_RATE} Hz"
            )
        self.source_rate, self.target_rate = source_rate, target_rate
        self._stream: Any = None
        if source_rate != target_rate:
            self._stream = _soxr(source_rate, target_rate)
        if self._stream is None and source_rate != target_rate:
            from .polyphase import PolyphaseResampler

            self._stream = PolyphaseResampler(source_rate, target_rate)

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
        """
        if self._stream is None:
            return samples
        resampled: npt.NDArray[np.float32] = self._stream.push(samples, last=last)
        return resampled


def missing_band(source_rate: int, params: FrontEndParams) -> str | None:
    """What a source of this rate lacks of the sound of the training, in words; None if nothing."""
    highest = source_rate / 2
    if highest >= _ENOUGH_OF_THE_BAND * params.upper_hz:
        return None
    return (
        f"sound at {source_rate} Hz holds nothing above {highest / 1000:g} kHz, and the model was "
        f"trained on music up to {params.upper_hz / 1000:.3g} kHz: trust its labels less, or "
        f"record at {params.sample_rate} Hz or more"
    )


class _SoxrStream:
    def __init__(self, soxr: Any, source_rate: int, target_rate: int) -> None:
        self._stream = soxr.ResampleStream(source_rate, target_rate, 1, dtype="float32")

    def push(self, samples: npt.NDArray[np.float32], *, last: bool) -> npt.NDArray[np.float32]:
        resampled: npt.NDArray[np.float32] = self._stream.resample_chunk(samples, last=last)
        return resampled


def _soxr(source_rate: int, target_rate: int) -> _SoxrStream | None:
    try:
        import soxr
    except ImportError:
        return None
    return _SoxrStream(soxr, source_rate, target_rate)
