"""Writing features to disk: no half files, and an error that says what was lost.

`edge_runtime.atomic_write` takes a whole file's bytes and does not wait for the disk. Features are
written as they come, and what is called finished has to survive a power cut.
"""

from __future__ import annotations

import contextlib
import errno
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from edge_runtime.errors import DataSetError

FEATURES_KEPT = "features that were finished are kept: make space and run the same command again"


@contextlib.contextmanager
def storing(place: Path, kept: str = FEATURES_KEPT) -> Iterator[None]:
    """Turn a failure to write a file or folder into what the user can do about it.

    Parameters
    ----------
    place : Path
    kept : str
        What is not lost on a full disk, and how to go on.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DataSetError(
                f"{place}: no space left there ({os.strerror(error.errno)}); {kept}"
            ) from None
        raise DataSetError(
            f"{place}: cannot be written ({error.strerror or error}); name another folder (--cache "
            "or --out), or make this one writable"
        ) from None


@contextlib.contextmanager
def open_atomically(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Write a file (text is UTF-8) so that nobody ever sees half of it, whatever happens."""
    temporary = temporary_name(path)
    try:
        with temporary.open(mode, encoding=None if "b" in mode else "utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    # The new name is safe only when the folder is on disk, too.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def temporary_name(path: Path) -> Path:
    """Where a file is written until it is whole: beside it, under a unique name."""
    return path.with_name(f"{path.name}-{uuid.uuid4().hex}.tmp")
