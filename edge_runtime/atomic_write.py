"""Writing a file whole or not at all, and whether a place can be written to at all."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from .errors import EdgeGenreError, ModelFileError

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
"""Of a full disk or quota"""


def write_atomically(
    path: Path,
    content: bytes,
    *,
    error: type[EdgeGenreError] = ModelFileError,
    mode: int | None = None,
    durable: bool = False,
) -> None:
    """Write a file; an old one stays until the new one is whole, also where the disk is full.

    A link stays a link, to the new file. What is no regular file (``/dev/stdout``, a pipe) is
    written into.

    Parameters
    ----------
    path : Path
        Its folder is made if need be.
    content : bytes
    error : type
        What to raise.
    mode : int, optional
        Permissions of the file; as the umask says where none are given.
    durable : bool
        Whether to wait until it would outlive a power cut.

    Raises
    ------
    EdgeGenreError
        `error`, if it cannot be written.
    """
    try:
        # By its own name: what is behind a pipe on /dev/stdout has none that can be opened.
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                file.write(content)
            return
    except OSError as fault:
        raise error(cannot_write(path, fault)) from fault
    with opened_atomically(path, error=error, mode=mode, durable=durable) as whole:
        whole.write(content)


@contextmanager
def opened_atomically(
    path: Path,
    *,
    error: type[EdgeGenreError] = ModelFileError,
    mode: int | None = None,
    durable: bool = False,
    temporary_folder: Path | None = None,
) -> Iterator[BinaryIO]:
    """A file to write piece by piece; it takes its place when the block is left without a fault.

    Parameters
    ----------
    path : Path
        As in `write_atomically`, of a regular file or of none.
    error : type
        What to raise.
    mode : int, optional
    durable : bool
    temporary_folder : Path, optional
        Where it grows, on the same disk; in its own folder, where none is named.

    Raises
    ------
    EdgeGenreError
        `error`, if it cannot be written. In the block, every `OSError` is taken for that.
    """
    temporary, target = None, Path(os.path.realpath(path))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = temporary_folder or target.parent
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as named:
            temporary = Path(named.name)
            yield cast(BinaryIO, named)
            if durable:
                named.flush()
                os.fsync(named.fileno())
        temporary.chmod(0o666 & ~_umask() if mode is None else mode)
        temporary.replace(target)
        if durable:
            _sync_folder(target.parent)
    except BaseException as fault:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        if isinstance(fault, OSError):
            raise error(cannot_write(path, fault)) from fault
        raise


def cannot_write(path: Path, fault: OSError) -> str:
    """What to tell the user of a file that could not be written."""
    remedy = f"; make space in {path.parent}, or write elsewhere" if fault.errno in NO_SPACE else ""
    return f"{path}: cannot be written ({fault.strerror}){remedy}"


def _sync_folder(folder: Path) -> None:
    """Have the names in a folder outlive a power cut, where the system can do that."""
    with suppress(OSError):  # Windows opens no folders, and some network folders refuse
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
