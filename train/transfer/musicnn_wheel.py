"""The weights of MusiCNN as they are published: a TensorFlow checkpoint inside a wheel on PyPI.

The wheel is never installed (it pins a numpy of 2018); it is a container of the weights.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .published_wheel import PublishedWheel, read_wheel

WHEEL = "musicnn-0.1.0-py3-none-any.whl"
SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
DOWNLOAD = "pip download --no-deps musicnn==0.1.0"
"""The command that fetches the wheel into the current folder"""

_PUBLISHED = PublishedWheel(WHEEL, SHA256, DOWNLOAD)
_CHECKPOINT = "musicnn/MSD_musicnn/"
_PARTS = (".index", ".data-00000-of-00001")


def check_wheel(wheel: Path) -> None:
    """Refuse a wheel that is not the published one; cheap enough to come before any long work.

    Raises
    ------
    DataSetError
        If it is missing, or its bytes differ.
    """
    read_wheel(wheel, _PUBLISHED)


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
    content = read_wheel(wheel, _PUBLISHED)
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


def _of_optimizer(name: str) -> bool:
    return name.endswith(("/Adam", "/Adam_1")) or name in ("beta1_power", "beta2_power")
