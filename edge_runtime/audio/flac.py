"""FLAC files (RFC 9639): where the last frame ends, whatever STREAMINFO says.

STREAMINFO has the number of samples, or 0 where the encoder wrote to a pipe. libsndfile reads no
further than it says, and fails at the end where it says nothing. Every frame says where it
stands, so that the last one tells the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from .link import Layout, Link, behind_id3

MAGIC = b"fLaC"
_STREAMINFO = 42
"""Bytes of the magic, the head of the first metadata block, and STREAMINFO, which it must be"""
_LAST_METADATA = b"\x80"
_BEGINNING = MAGIC + b"\x00\x00\x00\x22"
_BEGINNING_AND_END = MAGIC + _LAST_METADATA + b"\x00\x00\x22"
_PACKED = slice(18, 26)
"""Where STREAMINFO has rate, channels, sample size and, in the last 36 bits, the total"""
_TOTAL_MASK = 2**36 - 1
_SEARCHED_AT_ONCE = 1 << 20
_TAIL, _LONGEST_TAIL = 1 << 18, 1 << 22
"""Bytes at the end in which the last frame begins, whatever STREAMINFO says of its length"""
_LONGEST_HEADER = 16

_BLOCK_SIZES = {1: 192, **{code: 576 << code - 2 for code in range(2, 6)}}
_BLOCK_SIZES |= {code: 256 << code - 8 for code in range(8, 16)}

_RATE_CODES = {88_200: 1, 176_400: 2, 192_000: 3, 8_000: 4, 16_000: 5, 22_050: 6, 24_000: 7}
_RATE_CODES |= {32_000: 8, 44_100: 9, 48_000: 10, 96_000: 11}
_SIZE_CODES = {8: 1, 12: 2, 16: 4, 20: 5, 24: 6, 32: 7}


@dataclass(frozen=True)
class _StreamInfo:
    block: int
    """Samples of the longest frame, per channel; of all but the last where all are equal"""
    longest: int
    """Bytes of the longest frame; 0 where it is unknown"""
    channels: int
    bits: int
    rate: int
    total: int
    """Samples per channel; 0 where it is unknown"""


def walk(file: BinaryIO, size: int) -> Layout:
    """The FLAC streams in a file, and their true length.

    Parameters
    ----------
    file : binary file
    size : int
        Bytes.
    """
    starts = _beginnings(file, behind_id3(file))
    links: list[Link] = []
    odd, fault, found = len(starts) > 1, "", None
    for start, stop in zip(starts, [*starts[1:], size], strict=True):
        file.seek(start)
        head = file.read(_STREAMINFO)
        if len(head) < _STREAMINFO:
            return Layout()
        info = _stream_info(head)
        found = _last_frame_end(file, info, start + _STREAMINFO, stop)
        if found is None:
            return Layout()
        if found < info.total:
            fault = f"its header promises {info.total / info.rate:.1f} s"
        odd = odd or found > info.total
        links.append(Link(start + _STREAMINFO, stop, _without_total(head), frames=found))
    if odd:
        return Layout(tuple(links), fault=fault)
    return Layout(frames=found, fault=fault)


def behind_damage(file: BinaryIO, link: Link | None, decoded: int) -> tuple[Link, int] | None:
    """Where a decoder that failed may go on: at the next frame; None if there is none.

    Parameters
    ----------
    file : binary file
    link : Link or None
        What it failed in; None is a whole file.
    decoded : int
        Samples per channel that the stream had given by then.

    Returns
    -------
    link : Link
    first : int
        Its first sample, counted from the beginning of the stream.
    """
    if link is None:
        start = behind_id3(file)
        file.seek(start)
        head, start, stop = file.read(_STREAMINFO), start + _STREAMINFO, file.seek(0, 2)
    else:
        head, start, stop = link.head, link.start, link.stop
    if not head.startswith(MAGIC) or len(head) < _STREAMINFO:
        return None
    info = _stream_info(head)
    while start < stop:
        file.seek(start)
        data = file.read(min(_SEARCHED_AT_ONCE, stop - start))
        at = data.find(b"\xff")
        while at >= 0:
            found = _frame(data[at : at + _LONGEST_HEADER], info)
            if found is not None and found[0] > decoded:
                alone = MAGIC + _LAST_METADATA + head[len(MAGIC) + 1 :]
                return Link(start + at, stop, _without_total(alone)), found[0]
            at = data.find(b"\xff", at + 1)
        start += max(1, len(data) - _LONGEST_HEADER + 1)
    return None


def _without_total(head: bytes) -> bytes:
    """Magic and STREAMINFO, of a stream of unknown length."""
    packed = int.from_bytes(head[_PACKED], "big") & ~_TOTAL_MASK
    return head[: _PACKED.start] + packed.to_bytes(8, "big") + head[_PACKED.stop :]


def _beginnings(file: BinaryIO, first: int) -> list[int]:
    """Where FLAC streams begin: more than one where files were joined."""
    starts = [first]
    position = first + _STREAMINFO
    while True:
        file.seek(position)
        data = file.read(_SEARCHED_AT_ONCE)
        at = data.find(MAGIC)
        while at >= 0:
            if data[at : at + 8] in (_BEGINNING, _BEGINNING_AND_END):
                starts.append(position + at)
            at = data.find(MAGIC, at + 1)
        if len(data) < _SEARCHED_AT_ONCE:
            return starts
        position += len(data) - 7


def _stream_info(head: bytes) -> _StreamInfo:
    values = int.from_bytes(head[_PACKED], "big")
    return _StreamInfo(
        block=int.from_bytes(head[10:12], "big"),
        longest=int.from_bytes(head[15:18], "big"),
        rate=max(1, values >> 44),
        channels=(values >> 41 & 7) + 1,
        bits=(values >> 36 & 31) + 1,
        total=values & _TOTAL_MASK,
    )


def _last_frame_end(file: BinaryIO, info: _StreamInfo, start: int, stop: int) -> int | None:
    """Samples per channel up to the end of the last frame; None where there is none."""
    begin = max(start, stop - min(max(_TAIL, 2 * info.longest), _LONGEST_TAIL))
    file.seek(begin)
    data = file.read(stop - begin)
    at = data.rfind(b"\xff")
    while at >= 0:
        found = _frame(data[at : at + _LONGEST_HEADER], info)
        if found is not None:
            return sum(found)
        at = data.rfind(b"\xff", 0, at)
    return None


def _frame(head: bytes, info: _StreamInfo) -> tuple[int, int] | None:
    """First sample of the frame of this header, and how many; None if this stream has none such."""
    if len(head) < 6 or head[1] & 0xFE != 0xF8 or head[3] & 1:
        return None
    assignment, code, rate = head[3] >> 4, head[2] >> 4, head[2] & 15
    if (assignment + 1 if assignment < 8 else 2) != info.channels or assignment > 10 or not code:
        return None
    if rate not in (_RATE_CODES.get(info.rate), 0, 12, 13, 14):
        return None
    if head[3] >> 1 & 7 not in (_SIZE_CODES.get(info.bits), 0):
        return None
    number, at = _coded_number(head)
    if number is None:
        return None
    more = {6: 1, 7: 2}.get(code, 0)
    block = int.from_bytes(head[at : at + more], "big") + 1 if more else _BLOCK_SIZES[code]
    at += more + {12: 1, 13: 2, 14: 2}.get(rate, 0)
    if len(head) <= at or _crc8(head[:at]) != head[at] or block > info.block:
        return None
    return number if head[1] & 1 else number * info.block, block


def _coded_number(head: bytes) -> tuple[int | None, int]:
    """The number of a frame or of its first sample, coded as UTF-8 codes; where it ends."""
    first = head[4]
    if first < 0x80:
        return first, 5
    length = next((n for n in range(2, 8) if first >> 7 - n == (1 << n + 1) - 2), 0)
    rest = head[5 : 4 + length]
    if not length or len(rest) < length - 1 or any(byte & 0xC0 != 0x80 for byte in rest):
        return None, 0
    number = first & (1 << 7 - length) - 1
    for byte in rest:
        number = number << 6 | byte & 0x3F
    return number, 4 + length


def _crc8(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ (0x07 if value & 0x80 else 0)) & 0xFF
    return value
