"""Ogg, MP3 and FLAC files whose headers do not tell the truth, made byte by byte."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import soundfile

from ..sounds import RATE

Sound = npt.NDArray[np.floating]


def encoded(sound: Sound, kind: str, rate: int = RATE) -> bytes:
    """A file of ``vorbis``, ``opus``, ``flac``, ``mp3`` (constant) or ``mp3-vbr``."""
    options = {
        "vorbis": {"format": "OGG", "subtype": "VORBIS"},
        "opus": {"format": "OGG", "subtype": "OPUS"},
        "flac": {"format": "FLAC"},
        "mp3": {"format": "MP3", "bitrate_mode": "CONSTANT"},
        "mp3-vbr": {"format": "MP3", "bitrate_mode": "VARIABLE", "compression_level": 0.3},
    }[kind]
    file = io.BytesIO()
    soundfile.write(file, sound, rate, **options)
    return file.getvalue()


def decoded(content: bytes) -> npt.NDArray[np.float32]:
    """What libsndfile makes of it, (n, channels)."""
    return soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)[0]


# --- Ogg


def pages(content: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of every page."""
    start = 0
    while start < len(content):
        lacing = content[start + 27 : start + 27 + content[start + 26]]
        end = start + 27 + len(lacing) + sum(lacing)
        yield start, end
        start = end


def with_granules(content: bytes, change: Callable[[int], int], *, last_only: bool) -> bytes:
    """An Ogg file of one stream with other granule positions, and checksums that fit."""
    result = bytearray(content)
    for start, end in list(pages(content))[-1 if last_only else 2 :]:
        page = result[start:end]
        page[6:14] = change(int.from_bytes(page[6:14], "little")).to_bytes(8, "little")
        page[22:26] = bytes(4)
        page[22:26] = ogg_checksum(page).to_bytes(4, "little")
        result[start:end] = page
    return bytes(result)


def ogg_checksum(page: bytes | bytearray) -> int:
    """CRC-32 by long division, bit by bit."""
    rest = 0
    for byte in page:
        rest ^= byte << 24
        for _ in range(8):
            rest = (rest << 1) & 0xFFFFFFFF ^ (0x04C11DB7 if rest >> 31 else 0)
    return rest


# --- MP3


def xing_at(content: bytes) -> int:
    """Where the count of frames is, in an MP3 file that begins with a Xing frame."""
    tag = max(content.find(b"Xing", 0, 64), content.find(b"Info", 0, 64))
    assert tag > 0
    return tag + 8


def with_xing(content: bytes, change: Callable[[int], int]) -> bytes:
    """An MP3 whose Xing frame counts other than it did."""
    at = xing_at(content)
    count = change(int.from_bytes(content[at : at + 4], "big"))
    return content[:at] + count.to_bytes(4, "big") + content[at + 4 :]


def without_xing(content: bytes) -> bytes:
    """An MP3 that lacks the Xing frame it began with."""
    return content[content.index(content[:2], 4) :]


# --- FLAC


def with_total(content: bytes, total: int) -> bytes:
    """A FLAC whose STREAMINFO has another number of samples; 0 means that nobody knew."""
    packed = int.from_bytes(content[18:26], "big") & ~(2**36 - 1) | total
    return content[:18] + packed.to_bytes(8, "big") + content[26:]
