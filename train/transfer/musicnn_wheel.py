"""The weights of MusiCNN as they are published: a TensorFlow checkpoint inside a wheel on PyPI.

The wheel is never installed (it pins a numpy of 2018); it is a container of the weights.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataSetError
from edge_runtime.regular_file import check_regular

WHEEL = "musicnn-0.1.0-py3-none-any.whl"
SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
DOWNLOAD = "pip download --no-deps musicnn==0.1.0"
"""The command that fetches the wheel into the current folder"""

_CHECKPOINT = "musicnn/MSD_musicnn/"
_PARTS = (".index", ".data-00000-of-00001")


def check_wheel(wheel: Path) -> None:
    """Refuse a wheel that is not the published one; cheap enough to come before any long work.

    Raises
    ------
    DataSetError
        If it is missing, or its bytes differ.
    """
    _verified(wheel)


def read_weights(wheel: Path) -> dict[str, npt.NDArray[np.float32]]:
    """Variables of the network that was trained on the Million Song Dataset.

    Parameters
    ----------
    wheel : Path
        The published file, as `DOWNLOAD` fetches it.

    Returns
    -------
    dict
        Arrays by the names that TensorFlow gave the variables, the optimizer's left out.

    Raises
    ------
    DataSetError
        As `check_wheel`.
    """
    content = _verified(wheel)
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(io.BytesIO(content)) as archive:
        # In the wheel the files' prefix is the name of their folder, which TensorFlow would look
        # into for a list of checkpoints.
        prefix = Path(folder) / "weights"
        for part in _PARTS:
            Path(f"{prefix}{part}").write_bytes(archive.read(_CHECKPOINT + part))
        reader = tf.train.load_checkpoint(str(prefix))
        names = reader.get_variable_to_shape_map()
        return {name: reader.get_tensor(name) for name in names if not _of_optimizer(name)}


def _verified(wheel: Path) -> bytes:
    try:
        check_regular(wheel)
        content = wheel.read_bytes()
    except FileNotFoundError:
        raise DataSetError(f"{wheel}: there is no such file; get it with: {DOWNLOAD}") from None
    except OSError as error:
        raise DataSetError(f"{wheel}: cannot be read ({error.strerror})") from None
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise DataSetError(
            f"{wheel}: is not the published {WHEEL}: its SHA-256 is {found}, it must be {SHA256}; "
            f"get it again with: {DOWNLOAD}"
        )
    return content


def _of_optimizer(name: str) -> bool:
    return name.endswith(("/Adam", "/Adam_1")) or name in ("beta1_power", "beta2_power")
