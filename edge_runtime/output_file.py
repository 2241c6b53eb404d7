"""Files that a user names for output: one of another kind is never written over."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .atomic_write import write_atomically
from .errors import OutputFileError, ParameterError

_HEAD_BYTES = 1 << 20
"""An event of a model with a thousand labels takes a tenth of that."""
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class FileKind:
    """What a file holds, as its first bytes show."""

    name: str
    begins: Callable[[bytes], bool]
    """Whether a file of this kind may begin with these bytes, one at least"""


def refuse_other_kind(path: Path, kind: FileKind, option: str) -> None:
    """Refuse a file that exists and is of another kind, before anything is written.

    What has no content (a pipe, a device, an empty file) is of every kind.

    Parameters
    ----------
    path : Path
    kind : FileKind
        What is about to be written.
    option : str
        That named the file, for the message.

    Raises
    ------
    OutputFileError
        If it is of another kind, or cannot be looked into.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise OutputFileError(
            f"{option} {path}: cannot be read ({error.strerror}), so it may be any file; name "
            "another file"
        ) from None
    if head and not kind.begins(head):
        raise OutputFileError(
            f"{option} {path}: holds something else than {kind.name}, which would be lost; name "
            "another file"
        )


def check_output(path: Path | None, kind: FileKind, option: str) -> None:
    """Refuse a folder, a file of another kind, and what cannot be written, before the work begins.

    Parameters
    ----------
    path : Path or None
        None where the option was not given.
    kind : FileKind
    option : str

    Raises
    ------
    ParameterError
        If it is a folder.
    OutputFileError
        As `refuse_other_kind`, or if it cannot be written.
    """
    if path is None:
        return
    if path.is_dir():
        raise ParameterError(f"{option} {path}: is a folder; name a file")
    refuse_other_kind(path, kind, option)
    check_writable(path, option)


def check_writable(path: Path, option: str = "", *, folder: bool = False, n_bytes: int = 0) -> None:
    """Refuse a place that cannot be written to, before the work whose result belongs there.

    Parameters
    ----------
    path : Path
        Need not be there, nor the folders above it.
    option : str
        That names another place, for the message.
    folder : bool
        Whether it is a folder that is wanted.
    n_bytes : int
        Space that is needed.

    Raises
    ------
    OutputFileError
        If nothing can be written there, or too little.
    """
    elsewhere = f"name another place with {option}" if option else "name another place"
    if path.exists() and path.is_dir() != folder:
        kind, wanted = ("file", "folder") if folder else ("folder", "file")
        if path.is_file() or path.is_dir():
            raise OutputFileError(f"{path}: is a {kind}; name a {wanted}")
        if folder:
            raise OutputFileError(f"{path}: is no folder; name one")
    if not folder and path.exists() and os.access(path, os.W_OK):
        return  # what is there is written over: a file, a pipe, /dev/stdout
    place = path if folder else path.parent
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place):
            disk = shutil.disk_usage(place)
    except OSError as error:
        raise OutputFileError(
            f"{path}: cannot be written ({error.strerror}); {elsewhere}, or make {place} writable"
        ) from None
    if disk.free < n_bytes and disk.total:  # some network folders do not tell
        raise OutputFileError(
            f"{path}: {_mega(disk.free)} are free there, and about {_mega(n_bytes)} are needed; "
            f"make space, or {elsewhere}"
        )


def write_json(path: Path, content: Any, *, indent: int = 2) -> None:
    """Write a value as JSON, whole or not at all; folders are made.

    Letters outside ASCII are escaped, so that every name of a file is valid JSON.

    Raises
    ------
    OutputFileError
        If it cannot be written.
    """
    text = json.dumps(content, indent=indent)
    write_atomically(path, f"{text}\n".encode(), error=OutputFileError)


def _mega(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.1f} MB"


def _is_json(head: bytes) -> bool:
    return head.removeprefix(_BOM).lstrip()[:1] in (b"{", b"[")


def _is_json_lines(head: bytes) -> bool:
    """Whether the first line is an object, or as much of an event as a power cut left."""
    line, end, _ = head.removeprefix(_BOM).partition(b"\n")
    if not end:
        # A whole object without a line end is a JSON document, but for one that a sink wrote.
        begin = b'{"schema":'
        return line[: len(begin)] == begin[: len(line)]
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


JSON = FileKind("JSON", _is_json)
JSON_LINES = FileKind("JSON lines", _is_json_lines)
LOG_OR_HISTORY = FileKind(
    "a log or a history", lambda head: head.startswith(b"SQLite format 3") or _is_json_lines(head)
)
PNG = FileKind("a PNG picture", lambda head: head.startswith(b"\x89PNG"))
NPZ = FileKind("NumPy arrays (.npz)", lambda head: head.startswith(b"PK"))
