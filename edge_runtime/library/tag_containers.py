"""One field in the tags of a file that mutagen has opened, whatever kind of tags they are.

``GENRE`` has a place of its own in each; any other field is one of the user's, by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ..errors import AudioFormatError, MissingExtraError
from ..printable import printable
from .sound_bytes import iff_chunks

if TYPE_CHECKING:
    from mutagen import FileType
    from mutagen.id3 import ID3

GENRE = "GENRE"
_MP4_GENRE, _MP4_OWN = "\xa9gen", "----:com.apple.iTunes:"
_ASF_GENRE = "WM/Genre"
_ID3V1_ONLY = (1, 1)
_KEEPS_UTF8 = 4
"""Of ID3v2, the version whose texts may be UTF-8"""


@dataclass(frozen=True)
class FieldValues:
    """What a field of a file holds."""

    shown: tuple[str, ...]
    """As the user reads it: ``Rock`` for an ID3 genre that is stored as ``(17)``"""
    stored: tuple[str, ...]
    """As it stands in the tags; empty if it is not there"""


def require_mutagen() -> None:
    """Refuse what needs tags where nothing reads them, before the work begins.

    Raises
    ------
    MissingExtraError
        If mutagen is not installed.
    """
    try:
        import mutagen  # noqa: F401
    except ImportError:
        raise MissingExtraError("reading and writing tags", "tags") from None


def open_tags(path: Path, *, named: Path | None = None) -> FileType:
    """Open the tags of a file; ID3 frames stay those of the version that they have.

    Parameters
    ----------
    path : Path
    named : Path, optional
        The file that messages name, where `path` is a copy of it.

    Raises
    ------
    AudioFormatError
        If it is none whose tags can be written.
    MissingExtraError
        If mutagen is not installed.
    """
    require_mutagen()
    import mutagen
    from mutagen.id3 import ID3

    try:
        opened = mutagen.File(path)
        if opened is None:
            raise AudioFormatError(
                f"{named or path}: is none of the kinds of files that can hold tags"
            )
        if opened.tags is None:
            opened.add_tags()
        elif isinstance(opened.tags, ID3):
            opened = _untranslated(path, type(opened))
    except (mutagen.MutagenError, NotImplementedError) as error:
        reason = printable(str(error)) or type(error).__name__
        raise AudioFormatError(f"{named or path}: its tags cannot be read ({reason})") from error
    return opened


def _untranslated(path: Path, kind: Callable[..., FileType]) -> FileType:
    """The file with its frames as they are, also those that another version has replaced."""
    from mutagen.id3 import ID3

    opened = kind(path, translate=False, load_v1=False)
    if isinstance(opened.tags, ID3):
        return opened
    # ID3v1 alone: what it says goes into the new tag, too, or it would hide the old one.
    return kind(path, load_v1=True)


def get(opened: FileType, field: str) -> FieldValues:
    """What a field holds."""
    from mutagen.apev2 import APEv2
    from mutagen.asf import ASFTags
    from mutagen.id3 import ID3
    from mutagen.mp4 import MP4Tags

    tags = opened.tags
    if isinstance(tags, ID3):
        found = _get_id3(tags, field)
        if field == GENRE and not found.shown:
            return FieldValues(_genre_beside_id3v2(Path(opened.filename)), found.stored)
        return found
    if isinstance(tags, MP4Tags):
        values = tags.get(_mp4_key(field), [])
        return _same(bytes(value).decode("utf-8", "replace") if isinstance(value, bytes) else value
                     for value in values)  # fmt: skip
    if isinstance(tags, ASFTags):
        return _same(str(value) for value in tags.get(_asf_key(field), []))
    if isinstance(tags, APEv2):
        value = tags.get(field)
        return _same(() if value is None else str(value).split("\0"))
    return _same(tags.get(field, ()))


def put(opened: FileType, field: str, values: Sequence[str]) -> None:
    """Put values into a field, in place of those that it holds; none: take it out."""
    from mutagen.apev2 import APEv2
    from mutagen.asf import ASFTags
    from mutagen.id3 import ID3
    from mutagen.mp4 import MP4FreeForm, MP4Tags

    tags: Any = opened.tags
    stored: Any = list(values)
    if isinstance(tags, ID3):
        _put_id3(tags, field, stored)
        return
    key = field
    if isinstance(tags, MP4Tags):
        key = _mp4_key(field)
        if key != _MP4_GENRE:
            stored = [MP4FreeForm(value.encode()) for value in values]
    elif isinstance(tags, ASFTags):
        key = _asf_key(field)
    elif isinstance(tags, APEv2):
        # One of another case is the same field, and would keep its spelling.
        key = next((old for old in tags if old.lower() == field.lower()), field)
    if values:
        tags[key] = stored
    elif key in tags:
        del tags[key]


def save(opened: FileType, path: Path) -> None:
    """Write the tags into a file, with the ID3 version and the room behind them that it has.

    Raises
    ------
    mutagen.MutagenError
        If they cannot be written.
    """
    from mutagen.apev2 import APEv2
    from mutagen.id3 import ID3

    tags = opened.tags
    if isinstance(tags, APEv2):
        opened.save(path)
    elif isinstance(tags, ID3):
        # A null between values: a slash would also come between those of other frames.
        version = 3 if tags.version[:2] in ((2, 2), (2, 3)) else 4
        opened.save(path, v2_version=version, v23_sep=None, padding=_same_padding)
    else:
        opened.save(path, padding=_same_padding)


def _same_padding(info: Any) -> int:
    """As much as makes the tags as long as they were; where that is too short, the usual."""
    padding = info.padding if info.padding >= 0 else info.get_default_padding()
    return int(padding)


def _same(values: Iterable[str]) -> FieldValues:
    values = tuple(values)
    return FieldValues(values, values)


def _mp4_key(field: str) -> str:
    return _MP4_GENRE if field == GENRE else _MP4_OWN + field


def _asf_key(field: str) -> str:
    return _ASF_GENRE if field == GENRE else field


def _id3_frames(tags: ID3, field: str) -> list[Any]:
    if field == GENRE:
        return list(tags.getall("TCON"))
    return [frame for frame in tags.getall("TXXX") if frame.desc.upper() == field]


def _get_id3(tags: ID3, field: str) -> FieldValues:
    frames = _id3_frames(tags, field)
    stored = tuple(text for frame in frames for text in frame.text if text)
    if tags.version == _ID3V1_ONLY:
        return FieldValues(stored, ())
    if field == GENRE:
        return FieldValues(tuple(name for frame in frames for name in frame.genres), stored)
    return FieldValues(stored, stored)


def _genre_beside_id3v2(path: Path) -> tuple[str, ...]:
    """The genre of an ID3v1 tag, or of the texts that WAV has of its own."""
    from mutagen.id3._id3v1 import find_id3v1

    with path.open("rb") as file:
        if file.read(4) == b"RIFF":
            return _wav_genre(file)
        try:
            frames, _ = find_id3v1(file)
        except OSError:  # shorter than such a tag
            return ()
    return tuple(frames["TCON"].genres) if frames and "TCON" in frames else ()


def _wav_genre(file: BinaryIO) -> tuple[str, ...]:
    size = file.seek(0, 2)
    for chunk in iff_chunks(file, 12, size, "<I"):
        file.seek(chunk.start)
        if chunk.name != b"LIST" or file.read(4) != b"INFO":
            continue
        for text in iff_chunks(file, chunk.start + 4, chunk.stop, "<I"):
            if text.name == b"IGNR":
                file.seek(text.start)
                genre = file.read(text.stop - text.start).rstrip(b"\0")
                return (genre.decode("utf-8", "replace"),) if genre else ()
    return ()


def _put_id3(tags: ID3, field: str, values: list[str]) -> None:
    from mutagen.id3 import TCON, TXXX, Encoding

    for frame in _id3_frames(tags, field):
        del tags[frame.HashKey]
    if not values:
        return
    encoding = Encoding.LATIN1
    if not all(value.isascii() for value in values):
        encoding = Encoding.UTF8 if tags.version[1] == _KEEPS_UTF8 else Encoding.UTF16
    if field == GENRE:
        tags.add(TCON(encoding=encoding, text=values))
    else:
        tags.add(TXXX(encoding=encoding, desc=field, text=values))
