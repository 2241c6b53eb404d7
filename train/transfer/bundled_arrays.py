"""Weights that are bundled with this package: an archive of arrays with its checksum beside it."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataSetError


def write_arrays(file: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write an ``.npz`` archive, and its SHA-256 into a file of the same name with ``.sha256``.

    Equal arrays make equal files.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, values in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, values, allow_pickle=False)
            # A bare ZipInfo has no date.
            info = zipfile.ZipInfo(f"{name}.npy")
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, member.getvalue())
    data = buffer.getvalue()
    file.write_bytes(data)
    checksum = hashlib.sha256(data).hexdigest()
    file.with_suffix(".sha256").write_text(checksum + "\n", encoding="utf-8")


def read_arrays(file: Path) -> dict[str, npt.NDArray[Any]]:
    """Read what `write_arrays` wrote.

    Raises
    ------
    DataSetError
        If the archive or its checksum is missing, or the checksum is another.
    """
    try:
        data = file.read_bytes()
        wanted = file.with_suffix(".sha256").read_text(encoding="utf-8").strip()
    except OSError as error:
        raise DataSetError(
            f"{error.filename}: cannot be read ({error.strerror}); install edge-genre again"
        ) from None
    if hashlib.sha256(data).hexdigest() != wanted:
        raise DataSetError(
            f"{file}: is not the network that edge-genre came with (its checksum is another); "
            "install edge-genre again"
        )
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
