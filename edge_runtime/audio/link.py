"""A stretch of a file that one decoder reads from its beginning to its end.

A file may hold several, one behind the other: a chained Ogg stream, MP3 files that were joined.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import BinaryIO

_ID3_HEAD = 10


@dataclass(frozen=True)
class Link:
    """Bytes of a file; what stands in its header instead of a length that is not true."""

    start: int
    """Offset of the first byte"""
    stop: int
    """Offset behind the last one"""
    head: bytes = b""
    """What a decoder is given before them"""
    tail: bytes = b""
    """What a decoder is given after them"""
    frames: int | None = None
    """Samples per channel that are there; None where only the decoder knows"""
    last_page: int | None = None
    """Of an Ogg stream: offset of its last page in the file"""


@dataclass(frozen=True)
class Layout:
    """What a walk through a container found, whatever its header says."""

    links: tuple[Link, ...] = ()
    """Empty where the file is to be read as it is"""
    frames: int | None = None
    """Samples per channel that are there, of a file that is read as it is; None as above"""
    fault: str = ""
    """What is missing at the end; empty if nothing is, or it cannot be known"""


class LinkFile(io.RawIOBase):
    """A link, as a file of its own.

    Parameters
    ----------
    file : binary file
        The file that the link lies in; closed with this one.
    link : Link
    """

    def __init__(self, file: BinaryIO, link: Link) -> None:
        self._file = file
        begin = len(link.head)
        end = begin + link.stop - link.start
        self._link, self._begin, self._end = link, begin, end
        self._size = end + len(link.tail)
        self._position = 0
        self.error: OSError | None = None
        """Why it could not be read: libsndfile takes that for the end"""

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """Position in the link, bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move, also behind the end, as in any file."""
        base = (0, self._position, self._size)[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: object) -> int:
        """Fill a buffer as far as the link goes."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # typeshed has Buffer later
        done = 0
        try:
            while done < len(view) and (piece := self._piece(len(view) - done)):
                view[done : done + len(piece)] = piece
                done += len(piece)
                self._position += len(piece)
        except OSError as error:
            self.error = error
        return done

    def close(self) -> None:
        """Close the file, too."""
        self._file.close()
        super().close()

    def _piece(self, size: int) -> bytes:
        at = self._position
        if at < self._begin:
            return self._link.head[at : at + size]
        if at < self._end:
            self._file.seek(self._link.start + at - self._begin)
            return self._file.read(min(size, self._end - at))
        return self._link.tail[at - self._end :][:size]


def behind_id3(file: BinaryIO, start: int = 0) -> int:
    """Offset behind the ID3v2 tags that begin at `start`; `start` where there are none."""
    while True:
        file.seek(start)
        head = file.read(_ID3_HEAD)
        if len(head) < _ID3_HEAD or head[:3] != b"ID3" or max(head[6:]) > 0x7F:
            return start
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
        footer = _ID3_HEAD if head[5] & 0x10 else 0
        start += _ID3_HEAD + size + footer
