"""Progress on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from .sinks.terminal import clock, is_dumb

_LINE_SECONDS = 10.0


class Progress(Protocol):
    """Shows how far the work is."""

    def advance(self, done: int, detail: str = "") -> None:
        """So many are done; `detail` is shown beside that."""


@contextmanager
def progress_of(label: str, total: int, *, quiet: bool = False) -> Iterator[Progress]:
    """Show progress while the block lasts.

    Parameters
    ----------
    label : str
        Names the work.
    total : int
        How many there are to do.
    quiet : bool
        Show nothing.
    """
    if quiet:
        yield _Nothing()
    elif sys.stderr.isatty() and not is_dumb() and (bar := _bar()):
        with bar(label, total) as shown:
            yield shown
    else:
        lines = _Lines(label, total)
        yield lines
        lines.end()


class _Nothing:
    def advance(self, done: int, detail: str = "") -> None:
        """Show nothing."""


class _Lines:
    def __init__(self, label: str, total: int) -> None:
        self._label, self._total = label, total
        self._begin = self._shown = time.monotonic()
        self._done, self._detail = 0, ""

    def advance(self, done: int, detail: str = "") -> None:
        """Show a line if the latest is a while ago."""
        self._done, self._detail = done, detail and f", {detail}"
        now = time.monotonic()
        if done and now - self._shown >= _LINE_SECONDS:
            self._shown = now
            rest = (now - self._begin) / done * (self._total - done)
            self._print(f"{done} of {self._total}{self._detail}, {clock(rest)} to go")

    def end(self) -> None:
        """Show the last line."""
        self._print(f"{self._done} in {time.monotonic() - self._begin:.1f} s{self._detail}")

    def _print(self, text: str) -> None:
        print(f"{self._label}: {text}", file=sys.stderr, flush=True)


def _bar() -> Callable[[str, int], AbstractContextManager[Progress]] | None:
    """A bar that moves, where rich is installed."""
    try:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as RichProgress
    except ImportError:
        return None

    @contextmanager
    def bar(label: str, total: int) -> Iterator[Progress]:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[detail]}", markup=False),
        )
        with RichProgress(*columns, console=Console(stderr=True)) as shown:
            task = shown.add_task(label, total=total, detail="")

            class Bar:
                def advance(self, done: int, detail: str = "") -> None:
                    """Move the bar."""
                    shown.update(task, completed=done, detail=detail)

            yield Bar()

    return bar
