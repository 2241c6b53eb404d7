"""Writing a file whole or not at all, and whether a place can be written to at all."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from .errors import EdgeGenreError, ModelFileError

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
"""Of a full disk or quota"""


def write_atomically(
    path: Path,
    content: bytes,
    *,
    error: type[EdgeGenreError] = ModelFileError,
    mode: int | None = None,
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

    Raises
    ------
    EdgeGenreError
        `error`, if it cannot be written.
    """
    temporary, target = None, Path(os.path.realpath(path))
    try:
        # By its own name: what is behind a pipe on /dev/stdout has none that can be opened.
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                file.write(content)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as named:
            temporary = Path(named.name)
            named.write(content)
        temporary.chmod(0o666 & ~_umask() if mode is None else mode)
        temporary.replace(target)
    except OSError as fault:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise error(cannot_write(path, fault)) from fault


def cannot_write(path: Path, fault: OSError) -> str:
    """What to tell the user of a file that could not be written."""
    remedy = f"; make space in {path.parent}, or write elsewhere" if fault.errno in NO_SPACE else ""
    return f"{path}: cannot be written ({fault.strerror}){remedy}"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
