"""Reads and writes one field in the tags of a file, and never its sound.

A file is not written in place: a copy beside it gets the tags, is compared with the file, and takes
its name. So whatever happens, the file of that name is whole. (File systems that share blocks copy
in no time.) Of several hard links, the one that was named gets the tags.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..atomic_write import cannot_write
from ..errors import AudioFormatError, MissingExtraError, OutputFileError, ParameterError
from ..printable import printable
from .sound_bytes import sound_checksum
from .tag_containers import GENRE, FieldValues, get, open_tags, put, save

__all__ = [
    "GENRE", "FieldValues", "FileState", "check_field", "file_state", "read_field",
    "refuse_read_only", "remove_leftovers", "write_field",
]  # fmt: skip

_FIELD = re.compile(r"[A-Z0-9][A-Z0-9 _.-]{1,62}[A-Z0-9]")
"""What every kind of tags takes as a name; APE needs two characters"""
_NO_FIELDS = {"TAG", "OGGS", "ID3"}
"""Which APE tags may not have"""
_ID3V1 = 128
_LONGEST_SUFFIX = 8
_TEMPORARY = ".edge-genre-tags-"


@dataclass(frozen=True)
class FileState:
    """What tells whether a file has changed."""

    size: int
    """Bytes"""
    mtime_ns: int


def check_field(name: str) -> str:
    """The name of a field as it is written, in capitals.

    Raises
    ------
    ParameterError
        If some kind of tags could not have it.
    """
    field = name.upper()
    if not _FIELD.fullmatch(field) or field in _NO_FIELDS:
        raise ParameterError(
            f"{printable(name)!r} is no name for a field of tags; take 3 to 64 letters, "
            "digits, spaces, dots, - and _ (GENRE, STYLE, MY_GENRE)"
        )
    return field


def file_state(path: Path) -> FileState:
    """Size and time of a file.

    Raises
    ------
    AudioFormatError
        If it is not there.
    """
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    return FileState(found.st_size, found.st_mtime_ns)


def read_field(path: Path, field: str = GENRE) -> FieldValues:
    """What a field of a file holds.

    Parameters
    ----------
    path : Path
    field : str
        As `check_field` gives it.

    Raises
    ------
    AudioFormatError
        If the file cannot be read, or holds no tags of a kind that is known.
    MissingExtraError
        If mutagen is not installed.
    """
    try:
        with _faults_of_tags(path):
            return get(open_tags(path), field)
    except OSError as error:
        raise _unreadable(path, error) from error


def refuse_read_only(path: Path) -> None:
    """Refuse a file that may not be written to, or whose folder may not, where its copy grows.

    Raises
    ------
    OutputFileError
    """
    target = Path(os.path.realpath(path))
    for place, name in ((target, ""), (target.parent, "its folder ")):
        if not os.access(place, os.W_OK):
            raise OutputFileError(
                f"{path}: {name}may not be written to; its tags are left as they are"
            )


def write_field(
    path: Path,
    values: Sequence[str],
    field: str = GENRE,
    *,
    expected: FileState | None = None,
    mtime_ns: int | None = None,
) -> FileState:
    """Put values into a field of a file, in place of those that it holds.

    Parameters
    ----------
    path : Path
        A link stays one: what it leads to is written.
    values : sequence of str
        None: the field is taken out.
    field : str
        As `check_field` gives it.
    expected : FileState, optional
        Of the file; one that has changed is left alone.
    mtime_ns : int, optional
        Time of the last change that the file is to have; now, without it.

    Returns
    -------
    FileState
        Of the file afterwards.

    Raises
    ------
    AudioFormatError
        If it cannot be read, has no tags of a kind that is known, or has changed.
    OutputFileError
        If it cannot be written; it is as it was then.
    """
    target = Path(os.path.realpath(path))
    before = file_state(target)
    if expected is not None and before != expected:
        raise AudioFormatError(f"{path}: has changed, and is left alone; label it again")
    refuse_read_only(path)
    try:
        with _copy_beside(target) as copy:
            with _faults_of_tags(path):
                _put_into_copy(copy, field, values, named=path)
            if sound_checksum(copy) != sound_checksum(target):
                raise OutputFileError(
                    f"{path}: its sound would not be the same with other tags; it is left as it was"
                )
            _like(copy, target, mtime_ns or time.time_ns())
            if file_state(target) != before:
                raise AudioFormatError(f"{path}: changed while its tags were written; left alone")
            copy.replace(target)
    except OSError as error:
        raise OutputFileError(cannot_write(path, error)) from error
    return file_state(target)


def remove_leftovers(path: Path) -> None:
    """Remove what a writer of this file's tags left beside it when it was killed."""
    target = Path(os.path.realpath(path))
    with contextlib.suppress(OSError):
        for left in target.parent.glob(f"{_temporary_prefix(target)}*"):
            left.unlink(missing_ok=True)


def _put_into_copy(copy: Path, field: str, values: Sequence[str], *, named: Path) -> None:
    last = _id3v1(copy)
    opened = open_tags(copy, named=named)
    put(opened, field, values)
    save(opened, copy)
    # ID3v1 is made anew from the frames, or lost, by mutagen: it stays as it was.
    new = _id3v1(copy)
    if last and new != last:
        with copy.open("r+b") as file:
            file.seek(-len(new), os.SEEK_END)
            file.write(last)
    if set(get(open_tags(copy, named=named), field).stored) != set(values):
        raise OutputFileError(f"{named}: its tags do not hold what was written to them")


def _id3v1(path: Path) -> bytes:
    """The ID3v1 tag that a file ends with."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) < _ID3V1:
            return b""
        file.seek(-_ID3V1, os.SEEK_END)
        data = file.read(_ID3V1)
    return data if data[:3] == b"TAG" else b""


@contextlib.contextmanager
def _copy_beside(path: Path) -> Iterator[Path]:
    """A copy in the same folder, hidden; gone afterwards if it still has its name."""
    suffix = path.suffix if len(path.suffix) <= _LONGEST_SUFFIX else ""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=_temporary_prefix(path), suffix=suffix)
    copy = Path(name)
    try:
        with os.fdopen(number, "wb") as file, path.open("rb") as source:
            _copy(source.fileno(), number, source.seek(0, os.SEEK_END))
            file.flush()
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def _copy(source: int, target: int, size: int) -> None:
    """Copy a file, by its blocks where the file system can share them."""
    done = 0
    try:
        while done < size and (n := os.copy_file_range(source, target, size - done, done, done)):
            done += n
    except (AttributeError, OSError):  # not Linux, or not this file system
        done = 0
    if done < size:
        os.lseek(source, 0, os.SEEK_SET)
        os.lseek(target, 0, os.SEEK_SET)
        with (
            os.fdopen(source, "rb", closefd=False) as a,
            os.fdopen(target, "wb", closefd=False) as b,
        ):
            shutil.copyfileobj(a, b, 1 << 20)


def _like(copy: Path, path: Path, mtime_ns: int) -> None:
    """Give the copy owner, mode and extended attributes of the file, and write it to the disk."""
    wanted = path.stat()
    for owner, group in ((wanted.st_uid, wanted.st_gid), (-1, wanted.st_gid)):
        with contextlib.suppress(PermissionError):
            os.chown(copy, owner, group)
            break
    shutil.copystat(path, copy)
    copy.chmod(stat.S_IMODE(wanted.st_mode))
    os.utime(copy, ns=(mtime_ns, mtime_ns))  # players look for files that are newer
    with copy.open("rb") as file:
        os.fsync(file.fileno())


def _temporary_prefix(path: Path) -> str:
    """Short, whatever the name is, so that the name of the copy is never too long."""
    return f"{_TEMPORARY}{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}-"


@contextlib.contextmanager
def _faults_of_tags(path: Path) -> Iterator[None]:
    """Whatever goes wrong in mutagen, as an error that names the file, or as the system's own."""
    try:
        yield
    except (OutputFileError, MissingExtraError, OSError, MemoryError):
        raise
    except Exception as error:  # of malformed tags: mutagen lets many kinds through
        if (cause := _fault_of_system(error)) is not None:
            raise cause from error
        if isinstance(error, AudioFormatError):
            raise
        reason = printable(str(error)) or type(error).__name__
        raise AudioFormatError(f"{path}: its tags cannot be read or written ({reason})") from error


def _fault_of_system(error: BaseException) -> OSError | None:
    """The fault of the system (a full disk) behind mutagen's error, if there is one."""
    cause: BaseException | None = error
    while cause is not None:
        # Mutagen seeks to before the beginning of small files.
        if isinstance(cause, OSError) and cause.errno not in (None, errno.EINVAL):
            return cause
        cause = cause.__cause__ or cause.__context__
    return None


def _unreadable(path: Path, error: OSError | ValueError) -> AudioFormatError:
    reason = getattr(error, "strerror", None) or printable(str(error))
    return AudioFormatError(f"{path}: cannot be read ({reason})")
