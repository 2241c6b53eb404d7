"""Files that end early though their decoder does not complain.

A decoder of AU, AIFF or Ogg takes what is there for the whole; the container has the true length.
WAV is judged by `edge_runtime.audio.file`, and FLAC and MP3 by how much can be decoded.
"""

from __future__ import annotations

from pathlib import Path

_UNKNOWN_LENGTH = 0xFFFFFFFF
_LARGEST_OGG_PAGE = 65_307
"""Bytes (RFC 3533): the beginning of the last page is never further from the end."""
_END_OF_STREAM = 4


def cut_off(path: Path) -> str:
    """What is missing at the end of a file; empty if nothing is, or it cannot be known."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] == b"OggS":
            file.seek(max(0, size - _LARGEST_OGG_PAGE))
            return _ogg(file.read())
    promised = _promised_bytes(head)
    # Some writers count a padding byte that they do not write.
    if promised is None or size + 1 >= promised:
        return ""
    return f"{size:,} of {promised:,} bytes are there; copy it again"


def _promised_bytes(head: bytes) -> int | None:
    if len(head) < 12:
        return None
    if head[:4] == b".snd":
        length = int.from_bytes(head[8:12], "big")
        start = int.from_bytes(head[4:8], "big")
        return None if length == _UNKNOWN_LENGTH else start + length
    if head[:4] == b"FORM":
        return 8 + int.from_bytes(head[4:8], "big")
    return None


def _ogg(tail: bytes) -> str:
    page = tail.rfind(b"OggS")
    # Byte 5 of a page's header has its flags, byte 26 the number of its lacing values.
    if 0 <= page < len(tail) - 27 and tail[page + 5] & _END_OF_STREAM:
        lacing = tail[page + 27 : page + 27 + tail[page + 26]]
        if len(tail) >= page + 27 + len(lacing) + sum(lacing):
            return ""
    return "its last Ogg page is missing; copy it again"
