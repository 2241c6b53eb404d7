"""Stderr: closed to what native libraries print, open to our own lines."""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_hidden: list[int] = []  # where stderr went before it was hidden, the outermost first


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Hide what is written to file descriptor 2 inside; Python errors still raise.

    Works in the main thread only: the descriptor belongs to the whole process, and a worker that
    redirects it would hide what the other threads write. Lines of `write_line` are seen.
    """
    try:
        saved = os.dup(2) if threading.current_thread() is threading.main_thread() else None
    except OSError:  # stderr is closed, which is quiet enough
        saved = None
    if saved is None:
        yield
        return
    null = os.open(os.devnull, os.O_WRONLY)
    with _lock:
        _hidden.append(saved)
        os.dup2(null, 2)
    os.close(null)
    try:
        yield
    finally:
        with _lock:
            _hidden.remove(saved)
            os.dup2(saved, 2)
            os.close(saved)


def write_line(line: str) -> None:
    """Write a line (given without its end) on stderr, from any thread, hidden or not."""
    with _lock:
        if _hidden and isinstance(sys.stderr, io.TextIOWrapper):  # rich's panel shows it itself
            os.write(_hidden[0], f"{line}\n".encode(errors="backslashreplace"))
        else:
            print(line, file=sys.stderr, flush=True)


def visible_stderr() -> int:
    """The file descriptor that is seen, hidden or not; for commands of the user."""
    with _lock:
        return _hidden[0] if _hidden else 2


def is_journal(descriptor: int) -> bool:
    """Whether a file descriptor leads to the journal (systemd.exec(5), ``$JOURNAL_STREAM``)."""
    stream = os.environ.get("JOURNAL_STREAM")
    if not stream:
        return False
    try:
        status = os.fstat(descriptor)
    except OSError:
        return False
    return stream == f"{status.st_dev}:{status.st_ino}"
