"""Which files are to be labelled."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..audio.file import resolve
from ..audio.folder import find_audio
from ..errors import AudioFormatError, EdgeGenreError


@dataclass(frozen=True)
class ItemStat:
    """By what it is told whether a file has changed."""

    size: int | None
    mtime_ns: int | None


@dataclass(frozen=True)
class Item:
    """A file of the library that is to be labelled."""

    name: str

    def stat(self) -> ItemStat:
        """Size and time of the last change."""
        try:
            status = resolve(self.name).stat()
        except FileNotFoundError:
            raise AudioFormatError(f"{self.name}: no such file; check the path") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise AudioFormatError(f"{self.name}: cannot be opened ({reason})") from None
        return ItemStat(status.st_size, status.st_mtime_ns)

    @property
    def is_remote(self) -> bool:
        """Whether it is an address."""
        return "://" in self.name

    @contextlib.contextmanager
    def local(self) -> Iterator[Path]:
        """Where its bytes are on this machine."""
        yield resolve(self.name)


@dataclass(frozen=True)
class InputError:
    """A name that the user gave and that stands for no file."""

    name: str
    error: EdgeGenreError


def find_items(
    named: Iterable[str], *, stdin: BinaryIO | None = None
) -> Iterator[Item | InputError]:
    """The files that names stand for, each once."""
    for name in named:
        folder = resolve(name)
        if folder.is_dir():
            yield from (Item(str(path)) for path in find_audio(folder).files)
        else:
            yield Item(name)
