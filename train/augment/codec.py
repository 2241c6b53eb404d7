"""Lossy codecs, narrow bands and levels."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import MissingDependencyError, ParameterError

Samples = npt.NDArray[np.float32]

_MP3_DELAY = 1105
"""Samples that LAME and the decoder put in front (576 + 529), where no header says so."""


@dataclass(frozen=True)
class Codec:
    """A lossy compression at one bit rate."""

    format: str
    """``"mp3"`` or ``"opus"``"""
    kbit_s: int
    """Of one channel; Opus keeps to it only on average"""

    def __post_init__(self) -> None:
        ranges = {"mp3": (16, 152), "opus": (8, 128)}
        if self.format not in ranges:
            raise ParameterError(f"codec {self.format!r}: must be {' or '.join(ranges)}")
        low, high = ranges[self.format]
        if not low <= self.kbit_s <= high:
            raise ParameterError(
                f"{self.format} at {self.kbit_s} kbit/s: must be from {low} to {high}"
            )


def through_codec(samples: Samples, rate: int, codec: Codec) -> Samples:
    """Sound after compression and back, in memory.

    MP3 is made at 22.05 kHz, Opus at 24 kHz (48 kHz for a source of more), whatever the rate of
    the sound: it is resampled before and after.

    Parameters
    ----------
    samples : (n,) float32
    rate : int
        Hertz.
    codec : Codec

    Returns
    -------
    (n,) float32

    Raises
    ------
    MissingDependencyError
        If libsndfile is too old to write the format.
    """
    if not len(samples):
        return samples
    coded_rate = 22_050 if codec.format == "mp3" else 24_000 if rate <= 24_000 else 48_000
    decoded = decode(encode(_resampled(samples, rate, coded_rate), coded_rate, codec))
    surplus = len(decoded) - round(len(samples) * coded_rate / rate)
    if codec.format == "mp3" and surplus >= _MP3_DELAY:
        decoded = decoded[_MP3_DELAY:]
    return _of_length(_resampled(decoded, coded_rate, rate), len(samples))


def encode(samples: Samples, rate: int, codec: Codec) -> bytes:
    """A whole file of compressed sound."""
    import soundfile

    subtype, compression = {
        # libsndfile takes a share of the way from the highest to the lowest bit rate.
        "mp3": ("MPEG_LAYER_III", (160 - codec.kbit_s) / 152),
        "opus": ("OPUS", (256 - codec.kbit_s) / 250),
    }[codec.format]
    container = "MP3" if codec.format == "mp3" else "OGG"
    if not soundfile.check_format(container, subtype):
        raise MissingDependencyError(
            f"libsndfile {soundfile.__libsndfile_version__} cannot write {codec.format}; "
            'install 1.1 or newer, as comes with: pip install --upgrade "soundfile>=0.13"'
        )
    file = io.BytesIO()
    soundfile.write(
        file,
        np.clip(samples, -1.0, 1.0),
        rate,
        format=container,
        subtype=subtype,
        compression_level=compression,
        bitrate_mode="CONSTANT" if codec.format == "mp3" else None,
    )
    return file.getvalue()


def decode(content: bytes) -> Samples:
    """Sound of a file that `encode` made."""
    import soundfile

    samples, _ = soundfile.read(io.BytesIO(content), dtype="float32")
    return np.asarray(samples, np.float32)


def band_limited(samples: Samples, rate: int, source_rate: int) -> Samples:
    """Sound as a source of a lower sample rate has it: nothing above half of that.

    Parameters
    ----------
    samples : (n,) float32
    rate : int
        Of the sound and of the result, hertz.
    source_rate : int
        Hertz; one that is not lower changes nothing.

    Returns
    -------
    (n,) float32
    """
    if source_rate >= rate or not len(samples):
        return samples
    narrow = _resampled(samples, rate, source_rate)
    return _of_length(_resampled(narrow, source_rate, rate), len(samples))


def at_level(samples: Samples, level_db: float) -> Samples:
    """Sound after a gain, rounded to the steps of a 16-bit microphone.

    Parameters
    ----------
    samples : (n,) float32
    level_db : float
        Gain, dB. What exceeds full scale is clipped.

    Returns
    -------
    (n,) float32
        Multiples of 1/32768.
    """
    steps = np.rint(samples * np.float32(32768.0 * 10.0 ** (level_db / 20.0)))
    return np.asarray(np.clip(steps, -32768, 32767) / 32768.0, np.float32)


def _resampled(samples: Samples, rate: int, to: int) -> Samples:
    import soxr

    return samples if rate == to else soxr.resample(samples, rate, to, quality="HQ")


def _of_length(samples: Samples, length: int) -> Samples:
    """Cut, or filled up with zeros: resampling back may be a sample off."""
    return np.pad(samples[:length], (0, max(0, length - len(samples))))
