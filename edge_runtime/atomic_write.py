"""Writing a file whole or not at all, and whether a place can be written to at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from .errors import ModelFileError, OutputFileError


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file; an old one stays until the new one is whole, also where the disk is full.

    Raises
    ------
    ModelFileError
        If it cannot be written.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            temporary = Path(file.name)
            file.write(content)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise ModelFileError(f"{path}: cannot be written ({error.strerror})") from error


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


def _mega(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.1f} MB"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
