"""Comparing files with the checksums that their publisher gave."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from edge_runtime.audio.folder import first_few


def file_digest(path: Path, algorithm: str) -> str:
    """Hexadecimal digest of a file's bytes; empty if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(
                file, lambda: hashlib.new(algorithm, usedforsecurity=False)
            ).hexdigest()
    except OSError:
        return ""


def compared(
    files: Mapping[str, Path], expected: Mapping[str, str], algorithm: str, source: str
) -> list[str]:
    """Messages about files whose checksums differ from `expected`, both by name."""
    known = [name for name in files if name in expected]
    changed = [name for name in known if file_digest(files[name], algorithm) != expected[name]]
    if not changed:
        return []
    if len(changed) == len(known) > 1:
        return [
            f"none of {len(known)} files has the checksum of {source}: this is another conversion "
            "of the data set, or every file was changed"
        ]
    return [f"{len(changed)} of {len(known)} files differ from {source}: {first_few(changed)}"]
