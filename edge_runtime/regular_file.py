"""A look before a file is opened: opening a pipe waits for its writer, maybe for ever."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_INHERITED = ("/proc/", "/dev/fd/", "/dev/std")
"""Where the descriptors are that a shell opens for a program: ``<(command)``, ``/dev/stdin``"""


def is_pipe(path: str | Path) -> bool:
    """Whether there is a pipe of that name."""
    status = _status(path)
    return status is not None and stat.S_ISFIFO(status.st_mode)


def special_kind(path: str | Path) -> str | None:
    """What a path is whose reading may never end: ``"a pipe"``, ``"a socket"``, ``"a device"``.

    None for files and folders, for what is missing, for the empty file ``/dev/null``, and for
    what a shell opened for this program, which has a writer.
    """
    status = _status(path)
    if status is None or _is_null(status) or _is_inherited(path):
        return None
    return next((kind for is_kind, kind in _KINDS if is_kind(status.st_mode)), None)


def check_regular(path: str | Path) -> None:
    """Let pass what `special_kind` has no word for.

    Raises
    ------
    OSError
        Its ``strerror`` says what it is instead of a file, and what to do.
    """
    if kind := special_kind(path):
        raise OSError(errno.EINVAL, f"is {kind}: name a file that holds what it gives", str(path))


def _status(path: str | Path) -> os.stat_result | None:
    try:
        return Path(path).stat()
    except (OSError, ValueError):  # whoever opens it says what is wrong
        return None


def _is_null(status: os.stat_result) -> bool:
    null = _status(os.devnull)
    return null is not None and os.path.samestat(status, null)


def _is_inherited(path: str | Path) -> bool:
    return str(path).startswith(_INHERITED) or os.path.realpath(path).startswith(_INHERITED[0])
