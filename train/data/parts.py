"""Parts of a split, as folders and lists call them: ``train``, ``val``, ``Testing``, ..."""

from __future__ import annotations

from collections.abc import Iterable

TRAIN, VALID, TEST = "train", "valid", "test"

_NAMES = {
    "train": TRAIN, "training": TRAIN,
    "valid": VALID, "validation": VALID, "val": VALID, "dev": VALID,
    "test": TEST, "testing": TEST,
}  # fmt: skip


def part_of(name: str) -> str | None:
    """The part that a name means.

    >>> part_of("Training"), part_of("val"), part_of("jazz")
    ('train', 'valid', None)
    """
    return _NAMES.get(name.strip().casefold())


def parts_by_name(names: Iterable[str]) -> dict[str, str]:
    """Parts by the names of folders, if all of these are parts and they are two or more.

    >>> parts_by_name(["train", "val"])
    {'train': 'train', 'val': 'valid'}
    >>> parts_by_name(["train", "jazz"]), parts_by_name(["train"])
    ({}, {})
    """
    every = sorted(set(names))
    found = {name: part for name in every if (part := part_of(name)) is not None}
    whole = len(found) == len(every) and len(set(found.values())) > 1
    return found if whole else {}
