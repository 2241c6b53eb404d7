"""RIFF/WAVE files, read in blocks with numpy alone.

The device install has no soundfile; WAV is what recorders, ``arecord`` and test suites write, so
it is read here: PCM of 8, 16, 24 and 32 bits, floats of 32 and 64, plain or
``WAVE_FORMAT_EXTENSIBLE`` (Microsoft, "Multiple Channel Audio Data and WAVE Files", 2007).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from ..errors import AudioFormatError
from .pcm import PcmFormat

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_UNKNOWN_LENGTH = 0x7FFFF000
"""Lengths from here on are written by recorders that cannot seek back to fill the true one in
(0x7FFFF000 by sox, 0x80000000 by arecord, 0xFFFFFFFF by ffmpeg)."""

_WRAPS_AT = 2**32
"""A chunk's length is what it holds modulo this."""
_TAGS = (b"ID3", b"TAG", b"APETAGEX")
"""What some programs put behind a file of any format, in no chunk"""
_FORMAT_BYTES = 64
"""No fmt chunk that is read here is longer."""

_FORMATS: dict[tuple[int, int], PcmFormat] = {
    (_PCM, 8): PcmFormat.U8,
    (_PCM, 16): PcmFormat.S16_LE,
    (_PCM, 24): PcmFormat.S24_3LE,
    (_PCM, 32): PcmFormat.S32_LE,
    (_FLOAT, 32): PcmFormat.FLOAT_LE,
    (_FLOAT, 64): PcmFormat.FLOAT64_LE,
}


class UnsupportedWavError(AudioFormatError):
    """A WAV whose encoding (ADPCM, A-law, ...) is not read here; soundfile may read it."""


@dataclass(frozen=True)
class WavHeader:
    """Where the samples of a WAV file are, and what they are."""

    rate: int
    """Hertz"""
    channels: int
    format: PcmFormat
    pieces: tuple[tuple[int, int], ...]
    """Offset and bytes of whole frames, of every chunk of samples that is in the file"""
    promised_bytes: int | None
    """Bytes the header promised; None where the recorder could not know"""
    unread_bytes: int = 0
    """Behind the samples, in no chunk: more sound, if the header was not brought up to date"""

    @property
    def data_start(self) -> int:
        """Offset of the first sample, bytes."""
        return self.pieces[0][0]

    @property
    def data_bytes(self) -> int:
        """Bytes of whole frames in the file, whatever the header promised."""
        return sum(length for _, length in self.pieces)

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return self.channels * self.format.sample_bytes

    @property
    def frames(self) -> int:
        """Samples per channel."""
        return self.data_bytes // self.frame_bytes

    @property
    def truncated(self) -> bool:
        """Whether the file ends before the length in its header."""
        if self.promised_bytes is None:
            return False
        return self.promised_bytes - self.data_bytes >= self.frame_bytes * len(self.pieces)


def is_wav(head: bytes) -> bool:
    """Whether a file that starts with these 12 bytes is RIFF/WAVE."""
    return head[:4] == b"RIFF" and head[8:12] == b"WAVE"


def read_header(file: BinaryIO, path: Path) -> WavHeader:
    """Walk the chunks up to the samples.

    Raises
    ------
    AudioFormatError
        If the file is cut off before its samples or its header contradicts itself.
    UnsupportedWavError
        If the samples are neither PCM nor float.
    """
    size = file.seek(0, 2)
    file.seek(12)
    format_chunk: bytes | None = None
    while True:
        head = file.read(8)
        if len(head) < 8 or head[:4] == b"\0\0\0\0":
            missing = "samples (no data chunk)" if format_chunk else "format (no fmt chunk)"
            raise AudioFormatError(
                f"{path}: this WAV file ends before its {missing}; it is damaged, copy it again"
            )
        name, length = head[:4], int.from_bytes(head[4:], "little")
        if name == b"data":
            break
        end = file.tell() + length
        if name == b"fmt ":
            format_chunk = file.read(min(length, _FORMAT_BYTES))
        file.seek(_padded(file, end, length % 2))
    if format_chunk is None or len(format_chunk) < 16:
        raise AudioFormatError(f"{path}: this WAV file has no valid fmt chunk; it is damaged")
    tag, channels, rate, _, frame_bytes, bits = struct.unpack("<HHIIHH", format_chunk[:16])
    if tag == _EXTENSIBLE and len(format_chunk) >= 26:
        tag = int.from_bytes(format_chunk[24:26], "little")
    packed = frame_bytes == channels * bits // 8
    if (tag, bits) not in _FORMATS or not packed:
        raise UnsupportedWavError(
            f"{path}: WAV encoding {tag:#06x} with {bits} bits in frames of {frame_bytes} bytes is "
            "not read; convert it to 16-bit PCM"
        )
    if not channels or not rate:
        raise AudioFormatError(
            f"{path}: the WAV header says {channels} channels at {rate} Hz; it is damaged"
        )
    sample_format = _FORMATS[tag, bits]
    start = file.tell()
    frame = channels * sample_format.sample_bytes
    pieces, promised, unread = _samples(file, start, length, size)
    whole = tuple((at, n - n % frame) for at, n in pieces)
    return WavHeader(rate, channels, sample_format, whole, promised, unread)


def _samples(
    file: BinaryIO, start: int, length: int, size: int
) -> tuple[list[tuple[int, int]], int | None, int]:
    """Chunks of samples from the first on, the bytes they promise, and those in no chunk."""
    pieces: list[tuple[int, int]] = []
    promised = 0
    while True:
        there = size - start
        if length > there:
            known = length < _UNKNOWN_LENGTH
            return [*pieces, (start, there)], promised + length if known else None, 0
        behind, following = _next_data(file, start + length, length % 2, size)
        if behind and (not length or length >= _UNKNOWN_LENGTH):
            # The recorder was killed, or wrote to a pipe: it fills the length in at its end.
            return [*pieces, (start, there)], None, 0
        if behind and there >= length + _WRAPS_AT:
            # The length has 32 bits, and the recorder wrote more than fits.
            length += (there - length) // _WRAPS_AT * _WRAPS_AT
            behind, following = _next_data(file, start + length, length % 2, size)
        pieces.append((start, length))
        promised += length
        if following is None:
            return pieces, promised, behind
        start, length = following


def _next_data(
    file: BinaryIO, end: int, padding: int, size: int
) -> tuple[int, tuple[int, int] | None]:
    """Bytes at the end that are in no chunk; start and length of the next chunk of samples.

    Parameters
    ----------
    file : binary file
    end : int
        Of a chunk of samples, without its padding.
    padding : int
        Bytes behind it that make its length even.
    size : int
        Of the file, bytes.
    """
    position = begin = _padded(file, end, padding)
    while position < size:
        head = _chunk_head(file, position)
        name, length = head[:4], int.from_bytes(head[4:], "little")
        if name == b"data" and len(head) == 8:
            return 0, (position + 8, length)
        if head.startswith(_TAGS):
            return 0, None
        position += 8 + length
        # A file that was joined to this one is in no chunk of it.
        if not _is_named(head) or name == b"RIFF" or position > size:
            return size - begin, None
        position = _padded(file, position, length % 2)
    return 0, None


def _padded(file: BinaryIO, end: int, padding: int) -> int:
    """Where the next chunk begins: some writers leave out the byte that makes a length even."""
    if padding and _is_named(_chunk_head(file, end)) and not _is_named(_chunk_head(file, end + 1)):
        return end
    return end + padding


def _chunk_head(file: BinaryIO, position: int) -> bytes:
    file.seek(position)
    return file.read(8)


def _is_named(head: bytes) -> bool:
    return len(head) == 8 and all(0x20 <= byte < 0x7F for byte in head[:4])


def read_blocks(
    file: BinaryIO,
    header: WavHeader,
    block_frames: int,
    *,
    first: int = 0,
    count: int | None = None,
) -> Iterator[npt.NDArray[np.float32]]:
    """Samples in blocks of (at most block_frames, channels) float32, full scale at 1.

    Parameters
    ----------
    file : binary file
    header : WavHeader
    block_frames : int
    first : int
        Samples per channel that are left out at the start.
    count : int, optional
        Samples per channel that are read at most.
    """
    skipped = first * header.frame_bytes
    wanted = header.data_bytes if count is None else count * header.frame_bytes
    for start, length in header.pieces:
        before = min(skipped, length)
        skipped -= before
        file.seek(start + before)
        remaining = min(length - before, wanted)
        wanted -= remaining
        while remaining > 0:
            data = file.read(min(remaining, block_frames * header.frame_bytes))
            data = data[: len(data) - len(data) % header.frame_bytes]
            if not data:
                break
            remaining -= len(data)
            yield header.format.decode(data).reshape(-1, header.channels)
