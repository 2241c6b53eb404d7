"""Ogg files, page by page (RFC 3533): the streams that are chained in one, and its last page.

The length of a stream is the granule position of its last page, and libsndfile believes it. What
it says of the whole of a chained file is of no use, and it reads the first stream alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from .link import Layout, Link

CAPTURE = b"OggS"
"""What every page begins with"""
_HEAD = 27
_FIRST_OF_STREAM, _LAST_OF_STREAM = 2, 4
_ENDLESS = 2**60
"""Granule position of a last page whose own is not true: the decoder ends with the packets."""
_SEARCHED_AT_ONCE = 65_536


@dataclass(frozen=True)
class _Page:
    start: int
    stop: int
    flags: int
    granule: int
    """Samples per channel up to its end; -1 where no packet ends in it"""


@dataclass
class _Stream:
    last: _Page
    start: int
    together: int = 1
    """Streams that sound at once, as in a film"""
    furthest: int = 0
    """The largest granule position"""


def walk(file: BinaryIO, size: int) -> Layout:
    """The streams of an Ogg file, in their order.

    Parameters
    ----------
    file : binary file
    size : int
        Bytes.
    """
    streams: list[_Stream] = []
    for page in _pages(file):
        begins = bool(page.flags & _FIRST_OF_STREAM)
        if not streams or (begins and not streams[-1].last.flags & _FIRST_OF_STREAM):
            streams.append(_Stream(page, page.start))
        elif begins:
            streams[-1].together += 1
        streams[-1].last = page
        streams[-1].furthest = max(streams[-1].furthest, page.granule)
    if not streams:
        return Layout()
    last = streams[-1].last
    whole = last.flags & _LAST_OF_STREAM and last.stop <= size
    stops = [*(stream.start for stream in streams[1:]), size]
    links = tuple(_link(file, stream, stop) for stream, stop in zip(streams, stops, strict=True))
    return Layout(links, fault="" if whole else "its last Ogg page is missing")


def _link(file: BinaryIO, stream: _Stream, stop: int) -> Link:
    if stream.together > 1:
        return Link(stream.start, stop)
    link = Link(stream.start, stop, last_page=stream.last.start)
    small = 0 <= stream.last.granule < stream.furthest and stream.last.stop <= stop
    return endless(file, link) if small else link


def is_unread(position: int, link: Link) -> bool:
    """Whether a decoder that stopped there, in a link, has left its last page out.

    It stops at the last page's granule position, which is less than the true one then.
    """
    return link.last_page is not None and link.start + position <= link.last_page


def endless(file: BinaryIO, link: Link) -> Link:
    """The link of an Ogg stream, with a last page whose granule position ends nothing."""
    if link.last_page is None:
        return link
    file.seek(link.last_page)
    head = file.read(_HEAD)
    lacing = file.read(head[26])
    page = bytearray(head + lacing + file.read(sum(lacing)))
    page[6:14] = _ENDLESS.to_bytes(8, "little")
    page[22:26] = bytes(4)
    page[22:26] = _checksum(page).to_bytes(4, "little")
    return replace(link, stop=link.last_page, tail=bytes(page), last_page=None)


def _pages(file: BinaryIO) -> Iterator[_Page]:
    start = 0
    while True:
        file.seek(start)
        head = file.read(_HEAD)
        if head[:4] != CAPTURE and len(head) == _HEAD:
            found = _next_capture(file, start)
            if found is None:
                return
            start = found
            continue
        if len(head) < _HEAD:
            return
        lacing = file.read(head[26])
        stop = start + _HEAD + head[26] + sum(lacing)
        granule = int.from_bytes(head[6:14], "little", signed=True)
        yield _Page(start, stop, head[5], granule)
        start = stop


def _next_capture(file: BinaryIO, start: int) -> int | None:
    while True:
        file.seek(start)
        data = file.read(_SEARCHED_AT_ONCE)
        found = data.find(CAPTURE)
        if found >= 0:
            return start + found
        if len(data) < _SEARCHED_AT_ONCE:
            return None
        start += len(data) - len(CAPTURE) + 1


def _checksum(page: bytes | bytearray) -> int:
    """CRC-32 of polynomial 0x04c11db7, not reflected (RFC 3533, section 6)."""
    value = 0
    for byte in page:
        value = (value << 8 & 0xFFFFFFFF) ^ _CRC[value >> 24 ^ byte]
    return value


def _crc_of_byte(byte: int) -> int:
    value = byte << 24
    for _ in range(8):
        value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value


_CRC = tuple(map(_crc_of_byte, range(256)))
