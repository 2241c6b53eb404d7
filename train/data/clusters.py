"""Items that belong together because they share a key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")


def clusters(items: Sequence[_T], *keys: Sequence[str]) -> list[list[_T]]:
    """Items that share a key, directly or through others; an empty key is not shared.

    Parameters
    ----------
    items : sequence
    *keys : sequences of str
        One key for each item in each: its artist, say, and the hash of its sound.
    """
    parent = list(range(len(items)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for names in keys:
        first: dict[str, int] = {}
        for index, name in enumerate(names):
            if name:
                parent[root(index)] = root(first.setdefault(name, index))
    found: dict[int, list[_T]] = defaultdict(list)
    for index, item in enumerate(items):
        found[root(index)].append(item)
    return list(found.values())
