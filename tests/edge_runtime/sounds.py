"""Sounds, and WAV files built byte by byte, so that a test states exactly what is in the file."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE = 22050
"""The seed model's rate, hertz"""

PCM, FLOAT, ALAW, EXTENSIBLE = 1, 3, 6, 0xFFFE

UNKNOWN_LENGTH = 0xFFFFFFFF

_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")


def noise(
    n: int, *, channels: int = 1, seed: int = 0, scale: float = 0.1
) -> npt.NDArray[np.float32]:
    """White noise; (n,) for one channel, else (n, channels)."""
    shape = n if channels == 1 else (n, channels)
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(np.float32)


def chunk(name: bytes, payload: bytes, *, length: int | None = None) -> bytes:
    """A RIFF chunk, padded to an even number of bytes; `length` is the size it claims."""
    size = len(payload) if length is None else length
    return name + struct.pack("<I", size) + payload + b"\0" * (len(payload) % 2)


def riff(*chunks: bytes) -> bytes:
    """A RIFF/WAVE file of chunks."""
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def format_chunk(
    tag: int, bits: int, *, channels: int = 1, rate: int = RATE, extensible: bool = False
) -> bytes:
    """The ``fmt`` chunk, plain or ``WAVE_FORMAT_EXTENSIBLE``."""
    frame = channels * bits // 8
    outer = EXTENSIBLE if extensible else tag
    payload = struct.pack("<HHIIHH", outer, channels, rate, rate * frame, frame, bits)
    if extensible:
        payload += struct.pack("<HHIH", 22, bits, 0, tag) + _GUID_TAIL
    return chunk(b"fmt ", payload)


def encode(samples: npt.NDArray[np.floating], tag: int, bits: int) -> bytes:
    """Samples (full scale at 1, interleaved if 2-d) as a WAV holds them."""
    flat = np.asarray(samples, np.float64).ravel()
    if tag == FLOAT:
        return flat.astype(f"<f{bits // 8}").tobytes()
    steps = np.clip(np.round(flat * 2 ** (bits - 1)), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    if bits == 8:
        return (steps + 128).astype(np.uint8).tobytes()
    if bits == 24:
        return steps.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    return steps.astype(f"<i{bits // 8}").tobytes()


def wav_bytes(
    samples: npt.NDArray[np.floating],
    *,
    tag: int = PCM,
    bits: int = 16,
    rate: int = RATE,
    extensible: bool = False,
    length: int | None = None,
) -> bytes:
    """A WAV file of (n,) or (n, channels) samples; `length` is what its data chunk claims."""
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    return riff(
        format_chunk(tag, bits, channels=channels, rate=rate, extensible=extensible),
        chunk(b"data", encode(samples, tag, bits), length=length),
    )


def write_wav(path: Path, samples: npt.NDArray[np.floating], **how: int | bool | None) -> Path:
    """Write `wav_bytes` to a file; returns its path."""
    path.write_bytes(wav_bytes(samples, **how))
    return path
