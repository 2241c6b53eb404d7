"""A file that one process at a time may hold; it is free again whatever ends the process."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


class FileLock:
    """Holds a file from the start until `close`.

    Where the disk knows no locks (some network folders), everybody gets it.

    Parameters
    ----------
    path : Path
        Is made if need be.

    Raises
    ------
    BlockingIOError
        If another process holds it.
    OSError
        If the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        while True:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                _lock(self._descriptor)
                if _is_still(path, self._descriptor):
                    return
            except BaseException:
                self.close()
                raise
            self.close()  # who held it before took the file away, and it is another one now

    def close(self) -> None:
        """Let go of it."""
        with suppress(OSError):
            os.close(self._descriptor)


def _lock(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except OSError:
        return False
