"""Which files are to be labelled: of folders, globs, lists, tables and addresses."""

from __future__ import annotations

import contextlib
import fnmatch
import glob
import hashlib
import logging
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from ..audio.file import EXTENSIONS, resolve
from ..audio.folder import find_audio
from ..errors import AudioFormatError, EdgeGenreError, ParameterError
from . import remote
from .lists import names_of_stream, names_of_table

_log = logging.getLogger(__name__)

LIBRARY_EXTENSIONS = (
    *EXTENSIONS,
    ".aac", ".aifc", ".ape", ".asf", ".caf", ".dff", ".dsf", ".m4a", ".m4b", ".mka", ".mp2", ".mpc",
    ".ofr", ".rf64", ".snd", ".spx", ".tta", ".voc", ".w64", ".wma", ".wv",
)  # fmt: skip
"""Endings that a library is searched for: what can be read, and what holds music that cannot be,
so that nobody takes those files for labelled."""

STDIN = "-"
_ANY_DEPTH = "**"


@dataclass(frozen=True)
class ItemStat:
    """By what it is told whether a file has changed."""

    size: int | None
    """Bytes; None where a server does not say"""
    mtime_ns: int | None
    """Of the last change, nanoseconds since 1970; None where a server does not say"""


@dataclass(frozen=True)
class Item:
    """A file of the library that is to be labelled."""

    name: str
    """Path as the user reached it, or an address; bytes of it that are not UTF-8 are lone
    surrogates"""

    @property
    def is_remote(self) -> bool:
        """Whether it is an address, and no path of this machine."""
        return remote.is_remote(self.name)

    def stat(self) -> ItemStat:
        """Size and time of the last change.

        Raises
        ------
        AudioFormatError
            If the file is not there any more, or cannot be asked for.
        MissingDependencyError
            If the library for its scheme is not installed.
        """
        if self.is_remote:
            return ItemStat(*remote.status(self.name))
        try:
            status = resolve(self.name).stat()
        except FileNotFoundError:
            raise AudioFormatError(f"{self.name}: no such file; check the path") from None
        except (OSError, ValueError) as error:  # ValueError: a null character in the name
            reason = getattr(error, "strerror", None) or error
            raise AudioFormatError(f"{self.name}: cannot be opened ({reason})") from None
        return ItemStat(status.st_size, status.st_mtime_ns)

    @contextlib.contextmanager
    def local(self) -> Iterator[Path]:
        """Where its bytes are on this machine: a temporary copy of a remote file, removed later.

        Errors that are raised meanwhile name the file by its own name. Other texts that name the
        path, such as the warnings of a `Classification`, are the caller's.

        Raises
        ------
        AudioFormatError
            If it cannot be fetched.
        MissingDependencyError
            If the library for its scheme is not installed.
        """
        if not self.is_remote:
            yield resolve(self.name)
            return
        with remote.fetched(self.name) as path:
            try:
                yield path
            except EdgeGenreError as error:
                error.args = (str(error).replace(str(path), self.name),)
                raise


@dataclass(frozen=True)
class InputError:
    """A name that the user gave and that stands for no file."""

    name: str
    error: EdgeGenreError
    """Its message is one line that names what was given"""


def find_items(
    named: Iterable[str], *, stdin: BinaryIO | None = None
) -> Iterator[Item | InputError]:
    """The files that names stand for, in a fixed order, each once.

    Nothing is opened: a file that is named and missing is found out by `Item.stat`.

    Parameters
    ----------
    named : iterable of str
        Files; folders, with those in them; patterns with ``*``, ``?``, ``[`` and ``**``; tables
        (``.csv``) with a column ``path`` or ``uri``; addresses (``s3://``, ``https://``, ...) of
        files and folders; ``-`` for `stdin`.
    stdin : binary file, optional
        A name a line; or with NULs between them, as ``find -print0`` writes them.

    Yields
    ------
    Item or InputError
    """
    seen: set[bytes] = set()
    for name in named:
        try:
            for found in _found(name, stdin):
                if isinstance(found, InputError):
                    yield found
                elif (mark := _mark(found.name)) not in seen:
                    seen.add(mark)
                    yield found
        except EdgeGenreError as error:
            yield InputError(name, error)


def _mark(name: str) -> bytes:
    """What is kept of a name, to know it again: as little as can be, in a library of millions."""
    whole = name if remote.is_remote(name) else str(Path(name).absolute())
    return hashlib.blake2b(os.fsencode(whole), digest_size=16).digest()


def _found(name: str, stdin: BinaryIO | None) -> Iterator[Item | InputError]:
    if not name:
        raise ParameterError("a name of a file is empty; name a file or a folder")
    if name == STDIN:
        if stdin is None:
            raise ParameterError("-: there is no standard input; name files or folders")
        for listed in names_of_stream(stdin):
            yield from _from_list(listed)
        return
    if remote.is_remote(name):
        yield from _remote(name)
        return
    name = _without_scheme(name)
    if Path(name).suffix.lower() == ".csv" and not Path(name).is_dir():
        yield from _table(name)
    elif resolve(name).is_dir():
        yield from _folder(name)
    elif glob.has_magic(name) and not os.path.lexists(name):  # "Album [2001]" is a name, too
        yield from _pattern(name)
    else:
        yield Item(name)


def _without_scheme(name: str) -> str:
    """The path of a ``file://`` address."""
    if remote.scheme_of(name) is None:
        return name
    from urllib.parse import unquote

    path = re.sub(r"^file:(//(localhost)?(?=/)|//)?", "", name, flags=re.IGNORECASE)
    return path if os.path.lexists(path) else unquote(path, errors="surrogateescape")


def _folder(name: str) -> Iterator[Item | InputError]:
    files = list(_audio_below(Path(name), LIBRARY_EXTENSIONS))
    if not files:
        yield _nothing(name, "in this folder")
    yield from files


def _audio_below(folder: Path, extensions: tuple[str, ...]) -> Iterator[Item | InputError]:
    found = find_audio(folder, extensions)
    for warning in replace(found, unreadable=()).warnings(folder):
        _log.warning("%s", warning)
    for path in found.unreadable:
        error = AudioFormatError(f"{path}: the folder cannot be read; check who may read it")
        yield InputError(path, error)
    yield from (Item(str(path)) for path in found.files)


def _nothing(name: str, where: str) -> InputError:
    some = ", ".join(EXTENSIONS)
    return InputError(name, AudioFormatError(f"{name}: there are no audio files {where} ({some})"))


def _pattern(name: str) -> Iterator[Item | InputError]:
    """Files that match; whoever writes an ending gets it, else those of music alone."""
    ending = Path(name).suffix.lower()
    extensions: tuple[str, ...] = LIBRARY_EXTENSIONS
    if len(ending) > 1 and not glob.has_magic(ending):
        extensions = (ending,)
    parts = name.split("/")
    found: list[Item | InputError] = []
    if _ANY_DEPTH in parts:
        at = parts.index(_ANY_DEPTH)
        base = "/".join(parts[:at]) or ("/" if at else ".")
        for folder in _expanded(base):
            # The glob module follows links round and round.
            below = len(Path(folder).parts)
            found += (
                item
                for item in _audio_below(Path(folder), extensions)
                if isinstance(item, InputError)
                or _matches(Path(item.name).parts[below:], tuple(parts[at:]))
            )
    else:
        for path in _expanded(name):
            if Path(path).is_dir():
                found += _audio_below(Path(path), LIBRARY_EXTENSIONS)
            elif path.lower().endswith(extensions):
                found.append(Item(path))
    if not found:
        yield _nothing(name, "that match")
    yield from found


def _expanded(pattern: str) -> list[str]:
    # Path.glob would find hidden files, too.
    return sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern]  # noqa: PTH207


def _matches(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == _ANY_DEPTH:
        rest = pattern[1:]
        return not rest or any(_matches(parts[at:], rest) for at in range(len(parts)))
    return (
        bool(parts)
        and fnmatch.fnmatchcase(parts[0], pattern[0])
        and _matches(parts[1:], pattern[1:])
    )


def _remote(name: str) -> Iterator[Item | InputError]:
    if remote.is_table(name):
        yield from _table(name)
        return
    found = remote.find(name, LIBRARY_EXTENSIONS)
    if not found:
        yield _nothing(name, "there")
    yield from map(Item, found)


def _from_list(name: str) -> Iterator[Item | InputError]:
    """A list names files and folders, and no patterns.

    A server is not asked whether an address is a folder: of each it would take long.
    """
    if remote.is_remote(name):
        yield Item(name)
        return
    path = _without_scheme(name)
    if Path(path).is_dir():
        yield from _folder(path)
    else:
        yield Item(path)


def _table(name: str) -> Iterator[Item | InputError]:
    """Names in a column of a CSV file, relative to where that is."""
    with Item(name).local() as path:
        for cell in names_of_table(path):
            yield from _from_list(_beside(name, cell))


def _beside(table: str, name: str) -> str:
    if remote.scheme_of(name) is not None or name.startswith("/"):
        return name
    if remote.is_remote(table):
        return f"{table.rpartition('/')[0]}/{name}"
    return str(Path(table).parent / name)
