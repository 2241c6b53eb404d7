"""YAMNet, a network that names sounds, trained on AudioSet: 521 classes, 66 of them of music.

M. Plakal and D. Ellis, "YAMNet", TensorFlow Model Garden, research/audioset/yamnet, 2019;
J. F. Gemmeke et al., "Audio Set: an ontology and human-labeled dataset for audio events", ICASSP
2017. It is MobileNet v1 (A. Howard et al., 2017) on the log-mel of 0.96 s. The weights are under
Apache-2.0 (``THIRD_PARTY.md``), and in eight bits, as they are published.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

PATCH_FRAMES = 96
"""What the original takes at once: 0.96 s"""
BANDS = 64
CHANNELS = 1024
"""Of the embedding"""

_FIRST_FILTERS = 32
_BLOCKS = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1),
    (512, 1), (512, 1), (1024, 2), (1024, 1),
)  # fmt: skip
"""Filters, and stride in both directions, of each depthwise convolution with the pointwise one
behind it"""
LAYERS = (
    "conv_1",
    *(
        f"{kind}_{number}"
        for number, _ in enumerate(_BLOCKS, start=2)
        for kind in ("depthwise", "pointwise")
    ),
    "classes",
)
"""All layers with weights, from the input on"""


@dataclass(frozen=True)
class QuantizedLayer:
    """Weights of one layer; the batch normalisation behind it is folded into them."""

    kernel: npt.NDArray[np.int8]
    """As Keras has it: (height, width, channels, filters), depthwise (height, width, channels, 1),
    dense (channels, classes)"""
    scale: npt.NDArray[np.float32]
    """Step of the kernel, for each filter"""
    bias: npt.NDArray[np.float32]

    @property
    def dequantized(self) -> npt.NDArray[np.float32]:
        """The kernel in real units."""
        scale = self.scale[:, np.newaxis] if self.kernel.shape[-1] == 1 else self.scale
        return self.kernel * scale


@dataclass(frozen=True)
class YamnetWeights:
    """What was published."""

    layers: tuple[QuantizedLayer, ...]
    """In the order of `LAYERS`"""
    classes: tuple[str, ...]
    """AudioSet's names, in the order of the outputs"""


def yamnet(weights: YamnetWeights, frames: int | None = PATCH_FRAMES) -> Any:
    """The trained network, frozen, in single precision.

    It is meant for patches of 96 frames: a longer window is to be cut into them. What it learned
    reckons with the zeros around a patch, so that other lengths give other outputs, far from any
    that it was trained to give: of 288 frames at once the embedding is 25 times as large.

    Parameters
    ----------
    weights : YamnetWeights
        From `train.transfer.yamnet_file.bundled_yamnet` or
        `train.transfer.yamnet_wheel.read_yamnet`.
    frames : int, optional
        Of every input; with None inputs may have any number.

    Returns
    -------
    keras.Model
        Takes (n, frames, 64, 1) float32, log-mel that is not normalised. Gives a dict:
        ``"embedding"`` (n, 1024), the mean over time and frequency, and ``"classes"`` (n, 521),
        logits.
    """
    import keras
    from keras import layers

    x = log_mel = layers.Input((frames, BANDS, 1), name="log_mel")
    same = {"padding": "same", "activation": "relu6"}
    x = layers.Conv2D(_FIRST_FILTERS, 3, strides=2, name="conv_1", **same)(x)
    for number, (filters, stride) in enumerate(_BLOCKS, start=2):
        x = layers.DepthwiseConv2D(3, strides=stride, name=f"depthwise_{number}", **same)(x)
        x = layers.Conv2D(filters, 1, name=f"pointwise_{number}", **same)(x)
    embedding = layers.GlobalAveragePooling2D(name="embedding")(x)
    classes = layers.Dense(len(weights.classes), name="classes")(embedding)
    network = keras.Model(log_mel, {"embedding": embedding, "classes": classes}, name="yamnet")
    for name, layer in zip(LAYERS, weights.layers, strict=True):
        network.get_layer(name).set_weights([layer.dequantized, layer.bias])
    network.trainable = False
    return network
