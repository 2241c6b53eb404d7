"""MPEG audio (MP3), frame by frame (ISO 11172-3 and 13818-3): how much there really is.

The length of an MP3 is in no header: libsndfile takes it from the Xing frame that encoders put
first, or estimates it from the first frames, and reads no further. A Xing frame may say too
little (files that were joined), and an estimate of a variable bit rate is worth nothing. So the
frames are counted here, by their headers alone.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from .link import Layout, Link, behind_id3

_KBIT_S = {  # by lower sampling rate (MPEG-2 and 2.5) and layer
    (False, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (False, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (False, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (True, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (True, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (True, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = (44_100, 48_000, 32_000)
_DIVISORS = {3: 1, 2: 2, 0: 4}
"""Of the rates, by the header's version: MPEG-1, MPEG-2 and MPEG-2.5"""

_LOOKED_AT = 48
"""Bytes from the start of a frame: its header, and the Xing or VBRI tag with its count."""
_SEARCHED_AT_ONCE = 65_536
_JUNK_AT_MOST = 512
"""Bytes between two frames that the decoder gets over; behind more, it is begun anew."""
_COUNT_ERROR = 2
"""Encoders differ by so many frames in what they count."""


class Header(NamedTuple):
    """What the first four bytes of a frame say of it."""

    bytes: int
    samples: int
    rate: int
    channels: int
    layer: int
    kbit_s: int
    tag: int
    """Where a Xing tag is, bytes from the start of the frame"""

    @property
    def stream(self) -> tuple[int, int, int]:
        """What does not change within a stream."""
        return self.rate, self.channels, self.layer


@dataclass
class _Run:
    """Frames of one stream."""

    start: int
    header: Header
    word: int
    counted: int | None = None
    """Frames that its Xing tag says there are"""
    count_at: int | None = None
    """Where the tag says so, from `start`"""
    tagged: bool = False
    """Whether the first frame is a tag"""
    frames: int = 0
    stop: int = 0
    kbit_s: set[int] = field(default_factory=set)

    @property
    def library_counts(self) -> bool:
        """Whether libsndfile reads all of it as it is."""
        if self.counted is None:
            return len(self.kbit_s) == 1 and not self.tagged
        return self.frames <= self.counted + _COUNT_ERROR


def walk(file: BinaryIO, size: int) -> Layout:
    """The streams in an MPEG audio file, and their true length.

    Parameters
    ----------
    file : binary file
    size : int
        Bytes.
    """
    runs = [run for run in _runs(file, size) if run.frames]
    if not runs or sum(run.frames for run in runs) < 2:
        return Layout()
    fault = _fault(runs)
    # Where the first frame is not whole, libsndfile takes its rest for sound as well.
    late = runs[0].start > behind_id3(file)
    if len(runs) > 1 or late or not runs[0].library_counts:
        return Layout(tuple(_link(file, run) for run in runs), fault=fault)
    if runs[0].counted is not None and not fault:
        return Layout()
    return Layout(frames=runs[0].frames * runs[0].header.samples, fault=fault)


def _fault(runs: list[_Run]) -> str:
    """What the Xing frames promise, if less is there."""
    there = missing = 0.0
    lacking = 0  # frames, of those that the Xing frame before them counts
    for run in reversed(runs):
        second = run.header.rate / run.header.samples
        there += run.frames / second
        lacking -= run.frames
        if run.counted is not None:
            lacking += run.counted
            missing += lacking / second if lacking > _COUNT_ERROR else 0.0
            lacking = 0
    return f"its header promises {there + missing:.1f} s" if missing else ""


def _runs(file: BinaryIO, size: int) -> Iterator[_Run]:
    run: _Run | None = None
    position = behind_id3(file)
    while True:
        file.seek(position)
        data = file.read(_LOOKED_AT)
        header = parse_header(int.from_bytes(data[:4], "big")) if len(data) >= 4 else None
        if header is None:
            found = _next_frame(file, position)
            if found is None:
                break
            if run is not None and found - position > _JUNK_AT_MOST:
                yield run
                run = None
            position = found
            continue
        if position + header.bytes > size:
            break
        tag = data[header.tag : header.tag + 4]
        tagged = header.layer == 3 and (tag in (b"Xing", b"Info") or data[36:40] == b"VBRI")
        if run is None or tagged or header.stream != run.header.stream:
            if run is not None:
                yield run
            run = _Run(position, header, int.from_bytes(data[:4], "big"), tagged=tagged)
            if tagged and tag in (b"Xing", b"Info") and data[header.tag + 7] & 1:
                run.count_at = header.tag + 8
                run.counted = int.from_bytes(data[run.count_at : run.count_at + 4], "big")
        if not tagged:
            run.frames += 1
            run.kbit_s.add(header.kbit_s)
        position += header.bytes
        run.stop = position
    if run is not None:
        yield run


def _next_frame(file: BinaryIO, start: int) -> int | None:
    """Where the next frame begins that another one follows."""
    behind = behind_id3(file, start)
    if behind > start:
        start = behind
        file.seek(start)
        if parse_header(int.from_bytes(file.read(4), "big")) is not None:
            return start
    while True:
        file.seek(start)
        data = file.read(_SEARCHED_AT_ONCE)
        at = data.find(b"\xff")
        while 0 <= at <= len(data) - 4:
            header = parse_header(int.from_bytes(data[at : at + 4], "big"))
            if header is not None:
                file.seek(start + at + header.bytes)
                following = parse_header(int.from_bytes(file.read(4), "big"))
                if following is not None and following.stream == header.stream:
                    return start + at
            at = data.find(b"\xff", at + 1)
        if len(data) < _SEARCHED_AT_ONCE:
            return None
        start += len(data) - 3


def _link(file: BinaryIO, run: _Run) -> Link:
    """A stream whose first frame is a Xing frame with the true count."""
    file.seek(run.start)
    first = file.read(run.header.bytes)
    if run.count_at is not None:
        count = run.frames.to_bytes(4, "big")
        head = first[: run.count_at] + count + first[run.count_at + 4 :]
    else:
        head = _xing(run) if run.header.layer == 3 else b""
    start = run.start + (len(first) if run.tagged else 0)
    return Link(start, run.stop, head)


def _xing(run: _Run) -> bytes:
    """A frame of silence with a Xing tag: for streams that have none.

    It has the bit rate of index 9, in which there is always room for the tag, no padding and no
    checksum of its own.
    """
    word = run.word & ~0xF200 | 9 << 12 | 0x10000
    header = parse_header(word)
    assert header is not None
    tag = b"Xing" + (1).to_bytes(4, "big") + run.frames.to_bytes(4, "big")
    return (word.to_bytes(4, "big").ljust(header.tag, b"\0") + tag).ljust(header.bytes, b"\0")


@functools.lru_cache(maxsize=4096)
def parse_header(word: int) -> Header | None:
    """The header of a frame; None if it is none, or of free format."""
    if word >> 21 != 0x7FF:
        return None
    version, layer = word >> 19 & 3, 4 - (word >> 17 & 3)
    bit_rate, rate = word >> 12 & 15, word >> 10 & 3
    if version == 1 or layer == 4 or bit_rate in (0, 15) or rate == 3:
        return None
    lower = version != 3
    kbit_s = _KBIT_S[lower, layer][bit_rate - 1]
    hertz = _RATES[rate] // _DIVISORS[version]
    padding = word >> 9 & 1
    samples = 384 if layer == 1 else 576 if lower and layer == 3 else 1152
    if layer == 1:
        length = (12_000 * kbit_s // hertz + padding) * 4
    else:
        length = samples // 8 * 1000 * kbit_s // hertz + padding
    channels = 1 if word >> 6 & 3 == 3 else 2
    side = (9 if channels == 1 else 17) if lower else (17 if channels == 1 else 32)
    return Header(length, samples, hertz, channels, layer, kbit_s, 4 + side)
