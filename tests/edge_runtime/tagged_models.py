"""Small models that say tags and styles beside the genre; some have a second front end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.backends.numpy_ops.graph import Graph, Layer, write_graph
from edge_runtime.decoder import NOT_MUSIC, OTHER
from edge_runtime.frontend import FrontEndParams
from edge_runtime.model.file import ModelFile, write_model
from edge_runtime.model.manifest import Tag, TensorInfo

from .manifests import manifest_for

RATE = 16_000
PARAMS = FrontEndParams(
    kind="log_mel", sample_rate=RATE, window_samples=RATE, n_fft=512, hop=256, n_mels=8,
    top_db=None, log_gain=1e4, level_db=-6.0, padding="none",
)  # fmt: skip
SECOND = FrontEndParams(
    kind="log_mel", sample_rate=RATE, window_samples=512 + 19 * 160, n_fft=512, hop=160, n_mels=4,
    top_db=None, log_gain=1e4, padding="none", mean=(0.5,) * 4, std=(2.0,) * 4,
)  # fmt: skip
"""20 frames of 4: ten rows of 8"""

LABELS = ("jazz", "rock", OTHER, NOT_MUSIC)
TAGS = (
    Tag(name="electronic", kind="genre", base_rate=0.2),
    Tag(name="folk", kind="genre", base_rate=0.1),
    Tag(name="happy", kind="mood", base_rate=0.3),
    Tag(name="sad", kind="mood", base_rate=0.1),
    Tag(name="male vocals", kind="voice", base_rate=0.4, slope=2.0, bias=-1.0),
    Tag(name="80s", kind="era", base_rate=0.05),
)
STYLES = (
    Tag(name="techno", kind="genre", family="electronic", base_rate=0.05),
    Tag(name="electronic", kind="genre", family="electronic", base_rate=0.1),
    Tag(name="salsa", kind="genre", family="latin", base_rate=0.02, slope=0.5, bias=1.0),
    Tag(name="punk rock", kind="genre", family="rock", base_rate=0.02),
    Tag(name="ambient", kind="genre", family="electronic", base_rate=0.02),
)
JAZZ, OTHER_MUSIC, NO_MUSIC = (3.0, 1.0, 0.0, 0.0), (0.0, 1.0, 3.0, 0.0), (0.0, 1.0, 0.0, 3.0)
TAG_LOGITS = (0.0, -3.0, -1.0, -2.0, 1.0, -4.0)
STYLE_LOGITS = (1.0, 2.0, -1.0, -1.0, 3.0)


def tagged_model(
    logits: tuple[float, ...] = (*JAZZ, *TAG_LOGITS, *STYLE_LOGITS),
    *,
    weights: npt.NDArray[np.float32] | None = None,
    **values: Any,
) -> ModelFile:
    """A model whose network is one dense layer.

    Parameters
    ----------
    logits : tuple of float
        What it says of any sound, where there are no `weights`.
    weights : (rows * coefficients, outputs) float32, optional
    **values
        Fields of the manifest.
    """
    fields: dict[str, Any] = {
        "name": "tagged",
        "labels": LABELS,
        "rejected": (OTHER, NOT_MUSIC),
        "tags": TAGS,
        "styles": STYLES,
        "front_end": PARAMS,
        "minimum_runtime": "0.2.0",
        **values,
    }
    rows, columns = model_input(fields.get("second_front_end"))
    kernel = np.zeros((rows * columns, len(logits)), np.float32) if weights is None else weights
    flat = Layer(op="reshape", name="flat", inputs=("features",),
                 attributes={"shape": [rows * columns]})  # fmt: skip
    dense = Layer(op="dense", name="logits", inputs=("flat",), weights=("kernel", "bias"))
    network = write_graph(
        Graph(input="features", output="logits", layers=(flat, dense)),
        {"logits/kernel": kernel, "logits/bias": np.array(logits, np.float32)},
    )
    tensors = {
        "input": TensorInfo(name="features", shape=(-1, rows, columns, 1), dtype="float32"),
        "output": TensorInfo(name="logits", shape=(-1, len(logits)), dtype="float32"),
    }
    return ModelFile("tagged", manifest_for(network, "numpy", **{**tensors, **fields}), network)


def model_input(second: FrontEndParams | None) -> tuple[int, int]:
    """Rows and coefficients of the network's input."""
    more = 0 if second is None else second.n_frames * second.n_coefficients
    return PARAMS.n_frames + more // PARAMS.n_coefficients, PARAMS.n_coefficients


def write_tagged(path: Path, *args: Any, **values: Any) -> Path:
    """`tagged_model` as a file."""
    model = tagged_model(*args, **values)
    write_model(path, model.network, model.manifest)
    return path


def some_weights(second: FrontEndParams | None = None) -> npt.NDArray[np.float32]:
    """Weights by which every number of the input counts."""
    rows, columns = model_input(second)
    outputs = len(LABELS) + len(TAGS) + len(STYLES)
    random = np.random.default_rng(3)
    return (random.normal(size=(rows * columns, outputs)) / 30).astype(np.float32)
