"""Processes that share the work of one command: they end with it, which alone takes Ctrl-C."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Ctrl-C is taken after this block; in processes that are started here, never.

    While they import what they need, each of them would print a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def can_start_processes() -> bool:
    """A new process imports the main module again, which a script from stdin does not allow."""
    file = getattr(sys.modules["__main__"], "__file__", None)
    return file is None or Path(file).exists()


@contextmanager
def main_module_hidden() -> Iterator[None]:
    """Processes that are started inside do not import the main module again.

    What is pickled for them must be defined elsewhere.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def usable_cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows
        return os.cpu_count() or 1


def die_with_parent() -> None:
    """In a thread of a worker, which would otherwise wait for a killed main process for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
