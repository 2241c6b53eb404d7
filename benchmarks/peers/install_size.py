"""What a candidate's install takes: the files of all the distributions that it needs."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_ROOT = Path(__file__).parents[2]
_OUR_PACKAGES = {"edge-genre": ("edge_runtime",), "edge-genre-workstation": ("train", "export")}
"""By distribution"""


def closure(requirements: Iterable[str]) -> dict[str, metadata.Distribution]:
    """The distributions that some requirements bring, by canonical name.

    Markers are evaluated for this machine, and extras followed.

    Parameters
    ----------
    requirements : iterable of str
        As pip takes them: ``edge-genre[audio]``.

    Raises
    ------
    importlib.metadata.PackageNotFoundError
        If one of them is not installed.
    """
    found: dict[str, metadata.Distribution] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(one) for one in requirements]
    while waiting:
        asked = waiting.pop()
        name, extras = canonicalize_name(asked.name), frozenset(asked.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found[name] = metadata.distribution(name)
        waiting += [
            needed
            for needed in map(Requirement, found[name].requires or [])
            if needed.marker is None
            or any(needed.marker.evaluate({"extra": extra}) for extra in ("", *extras))
        ]
    return dict(sorted(found.items()))


def size(distribution: metadata.Distribution) -> int:
    """Bytes that an install writes, by its RECORD: byte code that Python makes later is left out.

    A checkout stands for our own packages: what their wheels would hold.
    """
    if packages := _OUR_PACKAGES.get(canonicalize_name(distribution.metadata["Name"])):
        files = [file for package in packages for file in (_ROOT / package).rglob("*")]
        return sum(
            file.stat().st_size
            for file in files
            if file.is_file() and file.parent.name != "__pycache__"
        )
    return sum(file.size or 0 for file in distribution.files or [])


def install_size(requirements: Iterable[str], wheel: Path | None = None) -> dict[str, int]:
    """Bytes and number of the distributions; `wheel` is one more that is read, not installed."""
    sizes = {name: size(one) for name, one in closure(requirements).items()}
    if wheel is not None:
        with zipfile.ZipFile(wheel) as archive:
            sizes[wheel.name] = sum(one.file_size for one in archive.infolist())
    total = sum(sizes.values())
    return {
        "bytes": total,
        "bytes_beyond_numpy": total - sizes.get("numpy", 0),
        "distributions": len(sizes),
    }
