"""Progress of work whose items are known beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from edge_runtime.progress import progress_of

_T = TypeVar("_T")


def progress(items: Iterable[_T], *, total: int, label: str) -> Iterator[_T]:
    """Hand `items` on, showing how many of `total` have passed and how long the rest takes."""
    with progress_of(label, total) as shown:
        for done, item in enumerate(items, start=1):
            yield item
            shown.advance(done)
