"""The pruned network as a Keras model, whole or looking at fewer places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .pruning import FIRST_LAYER, MIDDLE, Affine, Array, PrunedMusicnn


@dataclass(frozen=True)
class Places:
    """Where the filters of the first layer look."""

    bands: int = 1
    """Every so many mel bands: only the loudest place counts, and neighbours are alike"""
    frames: int = 1
    """Every so many frames (1 or 2); the layers behind then see half as many"""


def compact_musicnn(pruned: PrunedMusicnn, shape: tuple[int, int], places: Places) -> Any:
    """Build the network.

    Parameters
    ----------
    pruned : PrunedMusicnn
    shape : (frames, bands)
    places : Places
        With ``Places()``, the answers are those of the original; others need `distil`.

    Returns
    -------
    keras.Model
        Takes (n, frames, bands, 1) log-mel normalised by ``pruned.features``; gives a dict of
        ``"pooled"`` (n, 2 * channels), normalised, ``"penultimate"`` (n, 200) and ``"tags"``
        (n, 50).
    """
    import keras
    from keras import layers

    inputs = layers.Input((*shape, 1), name="features")
    pooled = [
        _loudest(inputs, name, convolution.kernel.shape, places)
        for name, convolution in zip(FIRST_LAYER, pruned.first, strict=True)
    ]
    # A channel that is turned upside down afterwards is silent where it is loudest: those filters
    # are stored with the other sign, pooled, and turned back.
    x = layers.ReLU(name="loudest")(_affine("sign", layers.Concatenate()(pooled)))
    features = [x := _affine("first", x)]
    for place, (name, convolution) in enumerate(zip(MIDDLE, pruned.middle, strict=True), 1):
        taps = _taps(convolution.kernel, places.frames).shape[0]
        y = layers.Conv1D(
            convolution.kernel.shape[-1], taps, padding="same", activation="relu", name=name
        )(x)
        y = _affine(name, y)
        x = y if place == 1 else layers.Add(name=f"sum_{place}")([y, x])
        features.append(x)
    x = layers.Concatenate()(features)
    # Maxima and means differ in range, so each is normalised by itself: one step of eight bits for
    # both would be too coarse for the means.
    maxima = layers.GlobalMaxPooling1D(name="maxima")(x)
    means = layers.GlobalAveragePooling1D(name="means")(x)
    x = layers.Concatenate(name="pooled")([_affine("maxima", maxima), _affine("means", means)])
    pooled = x
    x = layers.Dense(pruned.dense.kernel.shape[1], activation="relu", name="dense")(x)
    penultimate = _affine("dense", x)
    tags = layers.Dense(pruned.tags[0].shape[1], name="tags")(penultimate)
    model = keras.Model(
        inputs, {"pooled": pooled, "penultimate": penultimate, "tags": tags}, name="musicnn"
    )
    _fill(model, pruned, places)
    return model


def _loudest(features: Any, name: str, kernel: tuple[int, ...], places: Places) -> Any:
    """Filters over frames and bands, at their loudest place in frequency: (n, frames, filters).

    The bands under a filter at each of its places are cut out and become channels, so that a
    two-dimensional convolution with one channel, which runs badly everywhere, is a one-dimensional
    one with many.
    """
    from keras import layers

    length, height, _, filters = kernel
    n_frames, n_bands, _ = features.shape[1:]
    before = (length - 1) // 2
    x = layers.ZeroPadding2D(((before, length - 1 - before), (0, 0)))(features)
    padded = n_frames + length - 1
    if height == 1:
        x = x[:, :, :: places.bands] if places.bands > 1 else x
    else:
        cuts = [
            layers.Reshape((padded, 1, height))(
                layers.Cropping2D(((0, 0), (place, n_bands - height - place)))(x)
            )
            for place in range(0, n_bands - height + 1, places.bands)
        ]
        x = layers.Concatenate(axis=2)(cuts)
    x = layers.Conv2D(filters, (length, 1), strides=(places.frames, 1), name=name)(x)
    x = layers.MaxPooling2D((1, x.shape[2]))(x)
    return layers.Reshape((x.shape[1], filters))(x)


def _affine(name: str, x: Any) -> Any:
    from keras import layers

    # Batch normalisation that never learns is an affine map, and folds away in every converter.
    return layers.BatchNormalization(epsilon=0.0, trainable=False, name=f"{name}_norm")(x)


def _taps(kernel: Array, stride: int) -> Array:
    """A filter over all frames as one over every second: odd taps go to both neighbours."""
    if stride == 1:
        return kernel
    half = len(kernel) // 2
    taps = np.zeros((2 * (-(-half // 2)) + 1, *kernel.shape[1:]), np.float32)
    middle = len(taps) // 2
    for offset, weights in zip(range(-half, half + 1), kernel, strict=True):
        low = offset // 2
        taps[middle + low] += weights / (1 + offset % 2)
        if offset % 2:
            taps[middle + low + 1] += weights / 2
    return taps


def _fill(model: Any, pruned: PrunedMusicnn, places: Places) -> None:
    signs = []
    for name, convolution in zip(FIRST_LAYER, pruned.first, strict=True):
        length, height, _, filters = convolution.kernel.shape
        sign = np.where(convolution.after.scale < 0.0, -1.0, 1.0).astype(np.float32)
        kernel = (sign * convolution.kernel).reshape(length, 1, height, filters)
        model.get_layer(name).set_weights([kernel, sign * convolution.bias])
        signs.append(sign)
    sign = np.concatenate(signs)
    _set(model, "sign", Affine(sign, np.zeros_like(sign)))
    _set(
        model,
        "first",
        Affine(
            np.concatenate([each.after.scale for each in pruned.first]),
            np.concatenate([each.after.shift for each in pruned.first]),
        ),
    )
    for name, convolution in zip(MIDDLE, pruned.middle, strict=True):
        kernel = _taps(convolution.kernel, places.frames)
        model.get_layer(name).set_weights([kernel, convolution.bias])
        _set(model, name, convolution.after)
    half = len(pruned.pooled.scale) // 2
    for name, part in (("maxima", slice(None, half)), ("means", slice(half, None))):
        _set(model, name, Affine(pruned.pooled.scale[part], pruned.pooled.shift[part]))
    model.get_layer("dense").set_weights([pruned.dense.kernel, pruned.dense.bias])
    _set(model, "dense", pruned.dense.after)
    model.get_layer("tags").set_weights(list(pruned.tags))


def _set(model: Any, name: str, affine: Affine) -> None:
    zeros = np.zeros_like(affine.scale)
    model.get_layer(f"{name}_norm").set_weights([affine.scale, affine.shift, zeros, zeros + 1.0])
