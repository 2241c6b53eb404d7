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
        with _lock:
            _hidden.remove(saved)
            os.dup2(saved, 2)
            os.close(saved)


def say(line: str) -> None:
    """Print a line on stderr, from any thread, hidden or not.

    Parameters
    ----------
    line : str
        Without its end.
    """
    with _lock:
        if _hidden and isinstance(sys.stderr, io.TextIOWrapper):  # rich's panel shows it itself
            os.write(_hidden[0], f"{line}\n".encode(errors="backslashreplace"))
        else:
            print(line, file=sys.stderr, flush=True)


def visible_stderr() -> int:
    """The file descriptor that says what is seen, hidden or not: for commands of the user."""
    with _lock:
        return _hidden[0] if _hidden else 2
