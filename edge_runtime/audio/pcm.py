"""Raw PCM sample formats, under the names that ``arecord --format`` gives them."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import numpy.typing as npt


class PcmFormat(StrEnum):
    """How one sample is stored; little-endian where it matters."""

    U8 = "U8"
    S16_LE = "S16_LE"
    S24_3LE = "S24_3LE"
    S32_LE = "S32_LE"
    FLOAT_LE = "FLOAT_LE"
    FLOAT64_LE = "FLOAT64_LE"

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample of one channel."""
        return {"U8": 1, "S16_LE": 2, "S24_3LE": 3, "FLOAT64_LE": 8}.get(self.value, 4)

    def decode(self, data: bytes) -> npt.NDArray[np.float32]:
        """Samples with full scale at 1.

        Parameters
        ----------
        data : bytes
            Whole samples.

        Returns
        -------
        (n,) float32
        """
        if self is PcmFormat.U8:
            return (np.frombuffer(data, np.uint8).astype(np.float32) - 128.0) / np.float32(128.0)
        if self is PcmFormat.S16_LE:
            return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768.0)
        if self is PcmFormat.S24_3LE:
            # The three bytes become the upper ones of an int32, which keeps the sign.
            padded = np.zeros((len(data) // 3, 4), np.uint8)
            padded[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
            return padded.view("<i4")[:, 0].astype(np.float32) / np.float32(2147483648.0)
        if self is PcmFormat.S32_LE:
            return np.frombuffer(data, "<i4").astype(np.float32) / np.float32(2147483648.0)
        if self is PcmFormat.FLOAT_LE:
            return np.frombuffer(data, "<f4").astype(np.float32)
        # A double too large for float32 becomes inf, which conditioning zeroes and counts.
        with np.errstate(over="ignore"):
            return np.frombuffer(data, "<f8").astype(np.float32)
