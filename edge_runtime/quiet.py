"""Hiding what native libraries print on stderr."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Nothing that is written to file descriptor 2 inside is seen; Python errors still raise.

    Works in the main thread only: the descriptor belongs to the whole process, and a worker that
    redirects it would swallow what the others say.
    """
    try:
        saved = os.dup(2) if threading.current_thread() is threading.main_thread() else None
    except OSError:  # stderr is closed, which is quiet enough
        saved = None
    if saved is None:
        yield
        return
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
