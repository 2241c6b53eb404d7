"""A checksum of the sound in a file as it is stored: everything but tags, their room and sizes.

It does not know the library that writes tags, so that it can tell whether that left the sound
alone.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..audio.link import behind_id3

_BLOCK = 1 << 20
_ID3V1 = 128
_APE_FOOTER = 32
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_OGG_HEAD = 27
_CONTINUED, _FIRST_OF_STREAM = 1, 2
_COMMENT_PACKET = 1
"""Of every Ogg stream, counted from 0: Vorbis, Opus, Speex, FLAC, Theora"""
_MP4_PARENTS = {b"moov", b"trak", b"mdia", b"minf", b"stbl"}
_MP4_LOOKED_AT = 16
"""Bytes where a chunk begins that tell whether its offset leads to it"""


@dataclass(frozen=True)
class Chunk:
    """Of RIFF, IFF or MP4."""

    name: bytes
    start: int
    """Of what it holds"""
    stop: int


def sound_checksum(path: Path) -> str:
    """SHA-256 of the stored sound, in hexadecimal: MPEG frames, FLAC frames, packets, samples.

    What tells a decoder where to find them counts as well: the offsets of an MP4, the granule
    positions of an Ogg stream.

    Parameters
    ----------
    path : Path
        One of the containers whose tags are written. Of another one everything counts that is no
        ID3 or APE tag.
    """
    found = hashlib.sha256()
    with path.open("rb") as file:
        size = file.seek(0, 2)
        for part in _parts(file, size):
            found.update(part)
    return found.hexdigest()


def _parts(file: BinaryIO, size: int) -> Iterator[bytes]:
    file.seek(0)
    head = file.read(16)
    if head[:4] == b"OggS":
        yield from _ogg(file, size)
    elif head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        yield from _of_chunks(file, iff_chunks(file, 12, size, "<I"), {b"fmt ", b"data"})
    elif head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        yield from _of_chunks(file, iff_chunks(file, 12, size, ">I"), {b"COMM", b"SSND"})
    elif head[:4] == b"FRM8":
        yield from _of_chunks(file, iff_chunks(file, 16, size, ">Q"), {b"PROP", b"DSD ", b"DST "})
    elif head[:4] == b"DSD ":
        yield from _of_chunks(file, _dsf_chunks(file, size), {b"fmt ", b"data"})
    elif head[4:8] == b"ftyp":
        yield from _mp4(file, size)
    elif head == _ASF:
        file.seek(16)
        yield from _range(file, *_between(_whole(file.read(8), "<Q"), size))
    else:
        start = _behind_flac_metadata(file, behind_id3(file))
        yield from _range(file, *_between(start, _before_trailing_tags(file, size)))


def _between(start: int, stop: int) -> tuple[int, int]:
    return min(start, stop), stop


def _range(file: BinaryIO, start: int, stop: int) -> Iterator[bytes]:
    if start >= stop:
        return
    file.seek(start)
    left = stop - start
    while left > 0 and (block := file.read(min(_BLOCK, left))):
        yield block
        left -= len(block)


def _whole(data: bytes, layout: str) -> int:
    """A whole number; 0 where the file ends within it."""
    if len(data) != struct.calcsize(layout):
        return 0
    return int(struct.unpack(layout, data)[0])


def _behind_flac_metadata(file: BinaryIO, start: int) -> int:
    file.seek(start)
    if file.read(4) != b"fLaC":
        return start
    start += 4
    while len(head := _at(file, start, 4)) == 4:
        start += 4 + int.from_bytes(head[1:], "big")
        if head[0] & 0x80:
            break
    return start


def _at(file: BinaryIO, start: int, size: int) -> bytes:
    """Bytes of a file; none where there is no such place in it."""
    try:
        file.seek(start)
        return file.read(size)
    except (OSError, OverflowError):
        return b""


def _before_trailing_tags(file: BinaryIO, stop: int) -> int:
    """Where ID3v1 and APE tags begin that the file ends with."""
    while True:
        if stop >= _ID3V1 and _at(file, stop - _ID3V1, 3) == b"TAG":
            stop -= _ID3V1
            continue
        footer = _at(file, stop - _APE_FOOTER, _APE_FOOTER) if stop >= _APE_FOOTER else b""
        if footer[:8] != b"APETAGEX":
            return stop
        size, flags = _whole(footer[12:16], "<I"), _whole(footer[20:24], "<I")
        length = size + (_APE_FOOTER if flags & 0x80000000 else 0)
        if not _APE_FOOTER <= length <= stop:
            return stop
        stop -= length


def iff_chunks(file: BinaryIO, start: int, stop: int, layout: str) -> Iterator[Chunk]:
    """Chunks of RIFF and IFF, each filled up to an even size.

    Parameters
    ----------
    file : binary file
    start, stop : int
        Where they are.
    layout : str
        Of their sizes, as `struct` knows it.
    """
    head = 4 + struct.calcsize(layout)
    while len(data := _at(file, start, head)) == head and start < stop:
        size = _whole(data[4:], layout)
        yield Chunk(data[:4], start + head, min(start + head + size, stop))
        start += head + size + size % 2


def _dsf_chunks(file: BinaryIO, stop: int) -> Iterator[Chunk]:
    """Chunks of DSF, whose sizes count their heads."""
    start = 0
    while len(data := _at(file, start, 12)) == 12:
        size = _whole(data[4:], "<Q")
        if size < 12:
            return
        yield Chunk(data[:4], start + 12, min(start + size, stop))
        start += size


def _of_chunks(file: BinaryIO, chunks: Iterator[Chunk], names: set[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        if chunk.name in names:
            yield chunk.name
            yield from _range(file, chunk.start, chunk.stop)


def _ogg(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Packets of each stream but for its comments, and where they end in time."""
    packets: dict[bytes, int] = {}  # how many packets of each stream have ended
    start = 0
    while len(head := _at(file, start, _OGG_HEAD)) == _OGG_HEAD and head[:4] == b"OggS":
        serial, flags = head[14:18], head[5]
        if flags & _FIRST_OF_STREAM or serial not in packets:
            packets[serial] = 0
        lacing = file.read(head[26])
        position = start + _OGG_HEAD + len(lacing)
        for length in lacing:
            if packets[serial] != _COMMENT_PACKET:
                yield serial + file.read(length)
            else:
                file.seek(length, 1)
            position += length
            if length < 255:
                packets[serial] += 1
                yield b"end of packet"
        if packets[serial] > _COMMENT_PACKET + 1:
            yield head[6:14]
        start = position


def _mp4(file: BinaryIO, size: int) -> Iterator[bytes]:
    """What the data atoms hold, and what the offsets of the chunks lead to."""
    atoms = list(_atoms(file, 0, size))
    for atom in atoms:
        if atom.name == b"mdat":
            yield from _range(file, atom.start, atom.stop)
        elif atom.name in (b"stsz", b"stsc", b"stts"):
            yield atom.name
            yield from _range(file, atom.start, atom.stop)
    for atom in atoms:
        if atom.name in (b"stco", b"co64"):
            layout = ">I" if atom.name == b"stco" else ">Q"
            table = _at(file, atom.start + 8, atom.stop - atom.start - 8)
            width = struct.calcsize(layout)
            for at in range(0, len(table) - width + 1, width):
                yield _at(file, _whole(table[at : at + width], layout), _MP4_LOOKED_AT)


def _atoms(file: BinaryIO, start: int, stop: int) -> Iterator[Chunk]:
    while len(head := _at(file, start, 16)) >= 8 and start < stop:
        size, behind = _whole(head[:4], ">I"), 8
        if size == 1:
            size, behind = _whole(head[8:], ">Q"), 16
        end = stop if size == 0 else min(start + size, stop)
        if size and size < behind:
            return
        if head[4:8] in _MP4_PARENTS:
            yield from _atoms(file, start + behind, end)
        else:
            yield Chunk(head[4:8], start + behind, end)
        start = end
