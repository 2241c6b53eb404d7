"""Progress on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from edge_runtime.sinks.terminal import is_dumb

_T = TypeVar("_T")

_LINE_SECONDS = 10.0


def progress(items: Iterable[_T], *, total: int, label: str) -> Iterator[_T]:
    """Hand `items` on, showing how many of `total` have passed and how long the rest takes."""
    if sys.stderr.isatty() and not is_dumb():
        try:
            from rich.console import Console
            from rich.progress import track
        except ImportError:
            pass
        else:
            yield from track(items, label, total=total, console=Console(stderr=True))
            return
    begin = shown = time.monotonic()
    done = 0
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - shown >= _LINE_SECONDS:
            shown = now
            rest = (now - begin) / done * (total - done)
            print(f"{label}: {done} of {total}, {rest:.0f} s to go", file=sys.stderr, flush=True)
    print(f"{label}: {done} in {time.monotonic() - begin:.1f} s", file=sys.stderr, flush=True)
