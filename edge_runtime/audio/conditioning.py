"""What happens to samples first: one channel, finite, clipping counted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import AudioFormatError
from ..frontend import FrontEndParams
from ..frontend.front_end import is_unscaled

_FULL_SCALE = np.float32(32767.0 / 32768.0)
"""Samples at or beyond this are counted as clipped: the largest positive int16."""

MAX_CHANNELS = 64

_LARGEST_SAMPLE = np.float32(1e6)
"""Finite samples beyond this are damage: they become zero, as NaN does."""

_GLITCH = np.float32(100.0)
"""Samples 40 dB above full scale are damage, too, and become zero, unless there are many."""
_GLITCHES_AT_MOST = 0.01
_JUDGED_FROM = 1000
"""From so many frames on, a source is judged to have another scale or not."""

SILENCE_FLOOR_DBFS = -120.0
"""Level that digital silence is given, instead of minus infinity."""


class Conditioner:
    """Mixes channels down, zeroes what is damaged, and counts both faults.

    Dropped or damaged samples become zeros, never a splice: the sample clock stays exact.
    """

    def __init__(self, channels: int) -> None:
        if not 1 <= channels <= MAX_CHANNELS:
            raise AudioFormatError(f"{channels} channels; there may be 1 to {MAX_CHANNELS}")
        self.channels = channels
        self.frames = 0
        """Samples per channel so far"""
        self.non_finite_samples = 0
        """Samples that were NaN or infinite (of any channel) and became 0"""
        self.clipped_samples = 0
        """Samples at full scale (of any channel)"""
        self._glitches = 0

    def __call__(self, samples: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
        """Mono samples of a chunk.

        Parameters
        ----------
        samples : (n,) or (n, channels), float or int16
            Floats with full scale at 1, or int16. A flat array of a multi-channel source is
            taken as interleaved.

        Returns
        -------
        (n,) float32
            Mean of the channels.

        Raises
        ------
        AudioFormatError
            If the type or the number of channels does not fit, or floats have another scale.
        """
        chunk = _as_float32(samples)
        if chunk.ndim == 1 and len(chunk) % self.channels == 0:
            chunk = chunk.reshape(-1, self.channels)
        if chunk.ndim != 2 or chunk.shape[1] != self.channels:
            raise AudioFormatError(
                f"a chunk of shape {samples.shape} does not hold whole frames of "
                f"{self.channels} channel(s)"
            )
        # Nearly all sound is below full scale throughout, where nothing can be wrong with it; a
        # comparison with NaN is false.
        fault = len(chunk) > 0 and not max(chunk.max(), -chunk.min()) < _FULL_SCALE
        if fault:
            chunk = self._without_faults(chunk)
        self.frames += len(chunk)
        mono = chunk[:, 0] if self.channels == 1 else chunk.mean(axis=1, dtype=np.float32)
        return np.ascontiguousarray(mono)

    def _without_faults(self, chunk: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        magnitude = np.abs(chunk)
        chunk = self._finite(chunk, magnitude)
        flat = chunk.reshape(-1)
        if len(chunk) >= _JUDGED_FROM and is_unscaled(flat, float(np.dot(flat, flat))):
            raise AudioFormatError(_other_scale(chunk))
        clipped = (magnitude >= _FULL_SCALE) & (magnitude <= _GLITCH)
        self.clipped_samples += int(np.count_nonzero(clipped))
        return chunk

    def _finite(
        self, chunk: npt.NDArray[np.float32], magnitude: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        good = magnitude <= _GLITCH  # False for NaN, too
        if good.all():
            return chunk
        self._glitches += int(np.count_nonzero(~good & (magnitude <= _LARGEST_SAMPLE)))
        frames = self.frames + len(chunk)
        if frames >= _JUDGED_FROM and self._glitches > _GLITCHES_AT_MOST * frames * self.channels:
            raise AudioFormatError(_other_scale(chunk))
        self.non_finite_samples += int(chunk.size - np.count_nonzero(good))
        return np.where(good, chunk, np.float32(0.0))


def _other_scale(chunk: npt.NDArray[np.float32]) -> str:
    largest = np.nanmax(np.abs(chunk))
    return (
        f"samples reach {largest:.0f}; floats must have full scale at 1 (divide samples that were "
        "int16 by 32768, or name their format)"
    )


def level_dbfs(samples: npt.NDArray[np.float32]) -> float:
    """Root-mean-square level of mono samples, dB relative to full scale (1.0).

    A constant offset is no sound and does not count.
    """
    if not len(samples):
        return SILENCE_FLOOR_DBFS
    power = float(np.dot(samples, samples)) / len(samples) - float(samples.mean()) ** 2
    return max(SILENCE_FLOOR_DBFS, 10.0 * float(np.log10(max(power, 1e-30))))


STRONG_OFFSET = 0.008
"""Share of full scale from which on the user is warned of a constant offset: 1 %, with room for
what a window of sound does not average out."""


def offset_warning(offset: float, params: FrontEndParams) -> str | None:
    """What to say of a constant offset of the sound, if anything.

    Parameters
    ----------
    offset : float
        Mean of a window of samples.
    params : FrontEndParams
        Of the model.
    """
    if abs(offset) < STRONG_OFFSET:
        return None
    consequence = (
        "the model's input leaves it out"
        if params.leaves_offset_out
        else "it is in this model's input, so trust the genre less"
    )
    return (
        f"the sound has a constant offset of {abs(offset):.0%} of full scale, as a faulty "
        f"microphone or sound card adds it; {consequence}"
    )


def _as_float32(samples: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
    if not isinstance(samples, np.ndarray):
        raise AudioFormatError(f"samples are a {type(samples).__name__}, not a numpy array")
    if samples.dtype.kind == "f":
        with np.errstate(over="ignore", invalid="ignore"):
            return samples.astype(np.float32)
    if samples.dtype.kind == "i" and samples.dtype.itemsize == 2:
        return samples.astype(np.float32) / np.float32(32768.0)
    raise AudioFormatError(
        f"samples have dtype {samples.dtype}; give float (full scale at 1) or int16"
    )
