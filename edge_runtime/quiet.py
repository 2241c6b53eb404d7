"""Hiding what native libraries print on stderr, and saying there what is ours."""

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
    """Nothing that is written to file descriptor 2 inside is seen; Python errors still raise.

    Works in the main thread only: the descriptor belongs to the whole process, and a worker that
    redirects it would swallow what the others say. What `say` is given is seen.
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
        os.dup2(saved, 2)
        os.close(saved)


@contextmanager
def own_stderr() -> Iterator[None]:
    """What Python prints on stderr is seen, whatever is done to file descriptor 2 meanwhile.

    `quiet_stderr` may be in force for as long as a program runs, and a library that hangs may never
    undo what it did of that kind itself.
    """
    before = sys.stderr
    if not _is_plain(before):
        yield
        return
    copy = os.dup(2)
    with os.fdopen(copy, "w", buffering=1, encoding=before.encoding, errors=before.errors) as own:
        sys.stderr = own
        try:
            yield
        finally:
            sys.stderr = before
            os.dup2(copy, 2)


def _is_plain(stream: object) -> bool:
    """Whether it writes to file descriptor 2 itself."""
    try:
        return isinstance(stream, io.TextIOWrapper) and stream.fileno() == 2
    except (OSError, ValueError):  # closed
        return False
