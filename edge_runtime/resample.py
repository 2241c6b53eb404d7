"""Any sample rate to the model's, as a stream."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .errors import AudioFormatError, MissingDependencyError

LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000


class StreamResampler:
    """Mono resampler that takes chunks of any length.

    Uses soxr's high-quality setting (HQ). soxr's stream gives the same samples as its one-shot
    call, so a file and a stream of it are equal.

    Parameters
    ----------
    source_rate, target_rate : int
        Hertz. Equal rates pass samples through.

    Raises
    ------
    AudioFormatError
        If the source rate is outside 8 to 192 kHz.
    MissingDependencyError
        If soxr is needed and not installed.
    """

    def __init__(self, source_rate: int, target_rate: int) -> None:
        if not LOWEST_RATE <= source_rate <= HIGHEST_RATE:
            raise AudioFormatError(
                f"sample rate {source_rate} Hz; it must be from {LOWEST_RATE} to {HIGHEST_RATE} Hz"
            )
        self.source_rate, self.target_rate = source_rate, target_rate
        self._stream = None
        if source_rate != target_rate:
            try:
                import soxr
            except ImportError:
                raise MissingDependencyError(
                    f"audio at {source_rate} Hz needs soxr to become {target_rate} Hz and soxr is "
                    f"not installed: pip install soxr, or record at {target_rate} Hz"
                ) from None
            self._stream = soxr.ResampleStream(source_rate, target_rate, 1, dtype="float32")

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
        resampled: npt.NDArray[np.float32] = self._stream.resample_chunk(samples, last=last)
        return resampled
