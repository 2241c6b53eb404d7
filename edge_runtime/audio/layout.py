"""What is really in a container, whatever its header says: by its structure, without decoding."""

from __future__ import annotations

from pathlib import Path

from . import flac, mpeg, ogg
from .link import Layout, behind_id3
from .magic import HEAD_BYTES, MPEG_STREAM, container_of

_UNKNOWN_BYTES = 0xFFFFFFFF
_UNKNOWN_RIFF, _UNKNOWN_LONG = 0x7FFFF000, 2**62
_RIFF_SPARE = 4096
"""The length of a whole RIFF file is seldom looked at, and often wrong by a little."""
_WALK_BUFFER = 1 << 17


def layout_of(path: Path) -> Layout:
    """Walk through a file by its structure, as far as it has one that is known here."""
    with path.open("rb", buffering=_WALK_BUFFER) as file:
        size = file.seek(0, 2)
        start = behind_id3(file)
        file.seek(start)
        head = file.read(HEAD_BYTES)
        if head.startswith(ogg.CAPTURE):
            return ogg.walk(file, size)
        if head.startswith(flac.MAGIC):
            return flac.walk(file, size)
        if _is_mpeg(path, head):
            return mpeg.walk(file, size)
    promised = _promised_bytes(head)
    # Some writers count a padding byte that they do not write, or a header twice.
    spare = 1 if head[:4] in (b".snd", b"FORM") else _RIFF_SPARE
    if promised is None or size + spare >= promised:
        return Layout()
    return Layout(fault=f"it has {size:,} of {promised:,} bytes")


def _is_mpeg(path: Path, head: bytes) -> bool:
    """Whether MPEG frames begin here, or, as in what a radio sends, behind a part of one."""
    if len(head) > 1 and head[0] == 0xFF and head[1] >= 0xE0:
        return True
    found = container_of(head)
    return found == MPEG_STREAM or (found is None and path.suffix.lower() == ".mp3")


def _promised_bytes(head: bytes) -> int | None:
    """Length of a file as its header has it: the decoder takes what is there.

    None where the header does not say, or cannot have known.
    """
    if len(head) < 28:
        return None
    if head[:4] == b".snd":
        length = int.from_bytes(head[8:12], "big")
        start = int.from_bytes(head[4:8], "big")
        return None if length == _UNKNOWN_BYTES else start + length
    if head[:4] == b"FORM":
        return 8 + int.from_bytes(head[4:8], "big")
    length, unknown = 0, _UNKNOWN_LONG
    if head[:4] == b"RIFF":
        length, unknown = 8 + int.from_bytes(head[4:8], "little"), _UNKNOWN_RIFF
    elif head[:4] in (b"RF64", b"BW64") and head[12:16] == b"ds64":
        length = 8 + int.from_bytes(head[20:28], "little")
    elif head[:4] == b"riff":  # W64
        length = int.from_bytes(head[16:24], "little")
    return length if 8 < length < unknown else None
