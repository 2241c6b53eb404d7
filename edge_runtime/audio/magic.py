"""What an audio file or stream begins with, so that none is taken for raw samples.

Most containers begin with a few letters. MP3 and AAC have no beginning: a radio is joined in the
middle of a frame. They are known by frames that lead to one another (ISO 13818-7; for MPEG see
`edge_runtime.audio.mpeg`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from .mpeg import parse_header

HEAD_BYTES = 8192
"""Enough for five frames of MP3, whatever its bit rate; 0.1 s of CD sound in mono."""

MPEG_STREAM = "an MP3 stream"
"""The name of MPEG frames that no tag precedes"""

_BEGINNINGS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"RIFF", "a WAV file"),
    (0, b"RIFX", "a WAV file"),
    (0, b"RF64", "a WAV file (RF64)"),
    (0, b"BW64", "a WAV file (BW64)"),
    (0, b"riff\x2e\x91\xcf\x11", "a W64 file"),
    (0, b"OggS", "an Ogg file"),
    (0, b"fLaC", "a FLAC file"),
    (0, b"ID3\2", "an MP3 file"),
    (0, b"ID3\3", "an MP3 file"),
    (0, b"ID3\4", "an MP3 file"),
    (0, b".snd", "an AU file"),
    (0, b"FORM", "an AIFF file"),
    (0, b"caff", "a CAF file"),
    (0, b"ADIF", "an AAC file"),
    (4, b"ftyp", "an MP4 file"),
    (4, b"styp", "an MP4 stream"),
    (4, b"moov", "a QuickTime file"),
    (4, b"mdat", "a QuickTime file"),
    (4, b"wide", "a QuickTime file"),
    (4, b"moof", "an MP4 stream"),
    (4, b"sidx", "an MP4 stream"),
    (4, b"emsg", "an MP4 stream"),
    (4, b"free", "an MP4 file"),
    (4, b"skip", "an MP4 file"),
    (0, b"\x1a\x45\xdf\xa3", "a WebM or Matroska file"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a WMA file"),
    (0, b"MAC ", "a Monkey's Audio file"),
    (0, b"wvpk", "a WavPack file"),
    (0, b"#!AMR", "an AMR file"),
    (0, b"TTA1", "a TTA file"),
    (0, b"MPCK", "a Musepack file"),
    (0, b"MP+\7", "a Musepack file"),
    (0, b"DSD ", "a DSF file"),
    (0, b"FRM8", "a DSDIFF file"),
    (0, b"FLV\x01", "an FLV stream"),
    (0, b"Creative Voice File", "a VOC file"),
    (0, b".RMF", "a RealMedia file"),
    (0, b"\x00\x00\x01\xba", "an MPEG program stream"),
    (0, b"MThd", "a MIDI file"),
    (0, b"PK\3\4", "a ZIP archive"),
    (0, b"\x1f\x8b\x08\x00", "gzip data"),
    (0, b"\x1f\x8b\x08\x08", "gzip data"),
    (0, b"\xfd7zXZ\0", "xz data"),
    (0, b"BZh91AY&SY", "bzip2 data"),
)
_TEXTS: tuple[tuple[bytes, str], ...] = (
    (b"#extm3u", "a playlist"),
    (b"[playlist]", "a playlist"),
    (b"http://", "a playlist"),
    (b"https://", "a playlist"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
    (b"<head", "a web page"),
    (b"<?xml", "an XML document"),
    (b"<mpd", "a playlist"),
    (b"<asx", "a playlist"),
    (b'{"error', "a JSON document"),
    (b"rtsp/1.", "the header of a web server"),
    (b"http/1.", "the header of a web server"),
    (b"icy 200", "the header of a web server"),
)
"""What a web address gives in place of sound"""

_NO_SOUND = {
    "a MIDI file", "a ZIP archive", "gzip data", "xz data", "bzip2 data",
    *(name for _, name in _TEXTS),
}  # fmt: skip

_READABLE = frozenset({"WAV", "W64", "Ogg", "FLAC", "MP3", "AU", "AIFF", "CAF", "VOC"})

_AT_START, _ANYWHERE = 2, 4
"""Frames in a row that raw samples do not show by chance, at one place and at any place"""
_OGG_PAGE = b"OggS\0"
_OGG_PART = "a part of an Ogg stream"
_TS_PACKET, _TS_SYNC = 188, 0x47


def container_of(head: bytes) -> str | None:
    """What bytes begin like, with its article: ``"a WAV file"``; None for what may be raw samples.

    Parameters
    ----------
    head : bytes
        The first `HEAD_BYTES`, or all where there are fewer. A few are enough for a container that
        begins with letters; MP3 and AAC need the whole.
    """
    for offset, beginning, name in _BEGINNINGS:
        if head.startswith(beginning, offset):
            return name
    if (text := _text(head)) is not None:
        return text
    if _has_ogg_page(head):
        return _OGG_PART
    if _is_transport_stream(head):
        return "an MPEG transport stream"
    for name, frame in ((MPEG_STREAM, _mpeg_frame), ("an AAC stream", _adts_frame)):
        if _has_frames(head, frame):
            return name
    return None


def is_sound(name: str) -> bool:
    """Whether what `container_of` names holds sound at all."""
    return name not in _NO_SOUND


def is_readable(name: str) -> bool:
    """Whether `edge_runtime.audio.file` reads a file of that kind."""
    return name != _OGG_PART and not _READABLE.isdisjoint(name.split())


def _text(head: bytes) -> str | None:
    begin = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:16].lower()
    return next((name for letters, name in _TEXTS if begin.startswith(letters)), None)


def _has_ogg_page(head: bytes) -> bool:
    """Whether a page of Ogg begins later on: a stream that was joined in the middle."""
    at = head.find(_OGG_PAGE)
    return 0 <= at < len(head) - len(_OGG_PAGE) and head[at + len(_OGG_PAGE)] < 8  # its flags


def _is_transport_stream(head: bytes) -> bool:
    packets = [head[at : at + _TS_PACKET] for at in range(0, 5 * _TS_PACKET, _TS_PACKET)]
    whole = all(len(packet) == _TS_PACKET and packet[0] == _TS_SYNC for packet in packets)
    # Samples that repeat after 188 bytes may show this, too; packets do not repeat: each counts on.
    return whole and len(set(packets)) > 1 and all(packet[3] & 0x30 for packet in packets)


_Frame = tuple[bytes, int]
"""What all headers of a stream share, and the length of a frame, bytes"""


def _has_frames(head: bytes, frame: Callable[[bytes], _Frame | None]) -> bool:
    """Whether frames follow one another, from the first byte on or from a later one."""
    at = head.find(0xFF)
    while at >= 0:
        if _is_chain(head, at, frame, _ANYWHERE if at else _AT_START):
            return True
        at = head.find(0xFF, at + 1)
    return False


def _is_chain(head: bytes, at: int, frame: Callable[[bytes], _Frame | None], wanted: int) -> bool:
    """Whether `wanted` headers of one stream stand where each says that the next one is."""
    begin, first, shared = at, head[at : at + 4], None
    bodies = set()
    body = b""
    for _ in range(wanted):
        found = frame(head[at : at + 8])
        if found is None or (shared is not None and found[0] != shared):
            return False
        shared, length = found
        body = head[at : at + length]
        bodies.add(body)
        at += length
    # A tone of a few samples a period repeats any four bytes again and again; one whose period is
    # that of the frames repeats all of them. So does silence in MP3, which is one byte nearly all
    # over.
    if head.count(first, begin, at) > wanted:
        return False
    return len(bodies) > 1 or 2 * Counter(body).most_common(1)[0][1] > len(body)


def _mpeg_frame(header: bytes) -> _Frame | None:
    """A frame of MPEG audio, layer II or III.

    Nobody sends layer I, and its header is that of soft samples of 24 and 32 bits: FF FF.
    """
    found = parse_header(int.from_bytes(header[:4], "big")) if len(header) >= 4 else None
    if found is None or found.layer == 1:
        return None
    return bytes([header[1], header[2] & 0x0C]), found.bytes


def _adts_frame(header: bytes) -> _Frame | None:
    """A frame of AAC as a stream has it."""
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return None
    length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    if header[2] >> 2 & 15 > 12 or length < 8:
        return None
    return bytes([header[1], header[2], header[3] & 0xF0]), length
