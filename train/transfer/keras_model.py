"""The pruned network as a Keras model, with the first layer at every place or at fewer.

It is written for eight bits: a map of each channel by itself is a depthwise convolution, since
converters keep its weights by channel and add up in 32 bits, while a batch normalisation that
follows a ReLU becomes a product and a sum that are each rounded to one step for all channels. The
mean over time is one, too: rounded only after it was normalised.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.frontend import PRESETS

from .curves import mixtures
from .pruning import FIRST_LAYER, MIDDLE, TIMBRAL, Affine, Array, PrunedMusicnn

N_FRAMES = PRESETS["musicnn96"].n_frames
"""Rows of MusiCNN's front end"""
_ABOVE = 2.0
"""More than any filter's least output in a window. Of a channel whose sign is turned only the least
output matters: it becomes the largest of this minus the output"""


@dataclass(frozen=True)
class Places:
    """Where the first layer's filters are evaluated, and how."""

    frames: int = 1
    """Stride over time, which is that of the layers behind as well; temporal filters take means of
    so many frames"""
    curves: tuple[int, ...] = ()
    """Timbral filters of each height are mixtures of so many curves over time; none: whole"""


def compact_musicnn(
    pruned: PrunedMusicnn, shape: tuple[int, int], places: Places, windows: Array | None = None
) -> Any:
    """Build the network.

    Parameters
    ----------
    pruned : PrunedMusicnn
    shape : (frames, bands)
    places : Places
        With ``Places()``, the outputs are those of the original; others need `distil`.
    windows : (n, frames, bands, 1) float32, optional
        Music, normalised, that curves are fitted to; needed with ``places.curves`` only.

    Returns
    -------
    keras.Model
        Takes (n, frames, bands, 1) log-mel normalised by ``pruned.features``; gives a dict of
        ``"pooled"`` (n, 2 * channels), normalised, ``"penultimate"`` (n, 200) and ``"tags"``
        (n, 50).
    """
    model = _network(pruned, shape, places)
    _fill(model, pruned, places, windows)
    return model


def network_input(model: Any, windows: npt.NDArray[Any], features: Affine) -> Array:
    """What a network is given of windows: as many of their rows as it takes, normalised.

    Parameters
    ----------
    model : keras.Model
        Takes the rows of MusiCNN's front end, and maybe those of a second one behind them, which
        are not normalised.
    windows : (n, rows, bands)
    features : Affine
        The normalisation.

    Returns
    -------
    (n, rows of the model, bands, 1) float32
    """
    x = windows[:, : model.input_shape[1]].astype(np.float32)
    x[:, :N_FRAMES] = x[:, :N_FRAMES] * features.scale + features.shift
    return x[..., np.newaxis]


def _network(pruned: PrunedMusicnn, shape: tuple[int, int], places: Places) -> Any:
    import keras
    from keras import layers

    inputs = layers.Input((*shape, 1), name="features")
    return keras.Model(inputs, musicnn_layers(inputs, pruned, places), name="musicnn")


def musicnn_layers(features: Any, pruned: PrunedMusicnn, places: Places) -> dict[str, Any]:
    """The network's layers behind a tensor; only `compact_musicnn` fills them with weights.

    Parameters
    ----------
    features : KerasTensor (n, frames, bands, 1)
    pruned : PrunedMusicnn
    places : Places

    Returns
    -------
    dict
        As `compact_musicnn` gives.
    """
    from keras import layers

    x = features
    loudest = [
        (_timbral if convolution.kernel.shape[1] > 1 else _temporal)(
            x, name, convolution.kernel.shape, places
        )
        for name, convolution in zip(FIRST_LAYER, pruned.first, strict=True)
    ]
    x = layers.Concatenate(name="loudest")(loudest)
    x = first = layers.DepthwiseConv2D(1, activation="relu", name="upright")(x)
    outputs = []
    for name, convolution in zip(MIDDLE, pruned.middle, strict=True):
        taps, filters = _taps(len(convolution.kernel), places.frames), convolution.kernel.shape[-1]
        y = layers.Conv2D(filters, (taps, 1), activation="relu", name=name)(x)
        outputs.append(y)
        if len(outputs) == 1:
            x = y
        else:
            before = _widened(_inner(x, y.shape[1]), filters)
            place = len(outputs)
            # Side by side, so that a convolution adds them up: rounded once instead of thrice.
            x = layers.Concatenate(axis=2)([y, before])
            x = layers.DepthwiseConv2D((1, 2), name=f"sum_{place}")(x)
            outputs[-1] = x
    every = [first, *outputs]
    frames = every[-1].shape[1]
    x = layers.Concatenate()([_inner(each, frames) for each in every])
    maxima = _map("maxima", layers.MaxPooling2D((frames, 1), name="maxima")(x))
    means = layers.DepthwiseConv2D((frames, 1), name="means_map")(x)
    x = layers.Concatenate()([maxima, means])
    x = pooled = layers.Reshape((x.shape[-1],), name="pooled")(x)
    x = layers.Dense(len(pruned.dense[1]), activation="relu", name="dense")(x)
    tags = layers.Dense(len(pruned.tags[1]), name="tags")(x)
    return {"pooled": pooled, "penultimate": x, "tags": tags}


def _timbral(features: Any, name: str, kernel: tuple[int, ...], places: Places) -> Any:
    """Filters over frames and bands, their maximum over frequency: (n, frames, 1, filters).

    The bands under a filter at each of its places are cut out and become channels, so that a
    two-dimensional convolution with one channel, which runs badly everywhere, is a one-dimensional
    one with many. As mixtures, curves over time come first, at fewer frames, and are such channels.
    """
    from keras import layers

    length, height, _, filters = kernel
    n_frames, n_bands, _ = features.shape[1:]
    before = (length - 1) // 2
    x = layers.ZeroPadding2D(((before, length - 1 - before), (0, 0)))(features)
    strides = (places.frames, 1)
    # Nothing is lost by cutting off below zero before the maximum, and half the range is gained.
    if places.curves:
        curves = places.curves[TIMBRAL.index(name)]
        x = layers.Conv2D(curves, (length, 1), strides=strides, name=f"{name}_curves")(x)
        x = layers.Conv2D(filters, (1, height), activation="relu", name=name)(x)
    else:
        padded = n_frames + length - 1
        cuts = [
            layers.Reshape((padded, 1, height))(
                layers.Cropping2D(((0, 0), (place, n_bands - height - place)))(x)
            )
            for place in range(n_bands - height + 1)
        ]
        x = layers.Concatenate(axis=2)(cuts)
        x = layers.Conv2D(filters, (length, 1), strides=strides, activation="relu", name=name)(x)
    return layers.MaxPooling2D((1, x.shape[2]))(x)


def _temporal(features: Any, name: str, kernel: tuple[int, ...], places: Places) -> Any:
    """Filters over frames, their maximum over the bands: (n, frames, 1, filters)."""
    from keras import layers

    x = features
    if places.frames > 1:
        x = layers.AveragePooling2D((places.frames, 1), padding="same")(x)
    length, filters = -(-kernel[0] // places.frames), kernel[-1]
    before = (length - 1) // 2
    x = layers.ZeroPadding2D(((before, length - 1 - before), (0, 0)))(x)
    x = layers.Conv2D(filters, (length, 1), activation="relu", name=name)(x)
    return layers.MaxPooling2D((1, x.shape[2]))(x)


def _map(name: str, x: Any) -> Any:
    from keras import layers

    return layers.DepthwiseConv2D(1, name=f"{name}_map")(x)


def _inner(x: Any, frames: int) -> Any:
    """The middle frames, without those at the edges."""
    from keras import layers

    more = x.shape[1] - frames
    return layers.Cropping2D(((more // 2, more - more // 2), (0, 0)))(x) if more else x


def _widened(x: Any, channels: int) -> Any:
    """The same with channels of zeros behind."""
    from keras import layers

    _, frames, _, narrow = x.shape
    if narrow == channels:
        return x
    x = layers.Reshape((frames, narrow, 1))(x)
    x = layers.ZeroPadding2D(((0, 0), (0, channels - narrow)))(x)
    return layers.Reshape((frames, 1, channels))(x)


def _fill(model: Any, pruned: PrunedMusicnn, places: Places, windows: Array | None) -> None:
    begin = 0
    for name, convolution in zip(FIRST_LAYER, pruned.first, strict=True):
        length, height, _, filters = convolution.kernel.shape
        sign = pruned.sign[begin : begin + filters]
        begin += filters
        bias = np.where(sign < 0.0, _ABOVE, 0.0) + sign * convolution.bias
        kernel = (sign * convolution.kernel).reshape(length, 1, height, filters)
        if height == 1:
            kernel = np.pad(kernel, ((0, -length % places.frames), (0, 0), (0, 0), (0, 0)))
            kernel = kernel.reshape(-1, places.frames, 1, 1, filters).sum(1)
        elif places.curves:
            assert windows is not None
            n_curves = places.curves[TIMBRAL.index(name)]
            curves, kernel = mixtures(kernel[:, 0], windows[..., 0], n_curves)
            curves, kernel = curves[:, np.newaxis, np.newaxis], kernel[np.newaxis]
            model.get_layer(f"{name}_curves").set_weights([curves, np.zeros(curves.shape[-1])])
        model.get_layer(name).set_weights([kernel, bias])
    set_map(model, "upright", Affine(pruned.sign, np.where(pruned.sign < 0.0, _ABOVE, 0.0)))
    for name, convolution in zip(MIDDLE, pruned.middle, strict=True):
        kernel = _at_fewer(convolution.kernel, places.frames)[:, np.newaxis]
        model.get_layer(name).set_weights([kernel, convolution.bias])
    of_one, of_two, of_three = pruned.sums
    zeros = np.zeros(len(of_two), np.float32)
    widened = np.concatenate([of_one, zeros[len(of_one) :]])
    for place, factors in ((2, [of_two, widened]), (3, [of_three, zeros + 1.0])):
        kernel = np.stack(factors)[np.newaxis, ..., np.newaxis]
        model.get_layer(f"sum_{place}").set_weights([kernel, zeros])
    half = len(pruned.pooled.scale) // 2
    for name, part in (("maxima", slice(None, half)), ("means", slice(half, None))):
        own = Affine(pruned.pooled.scale[part], pruned.pooled.shift[part])
        set_map(model, f"{name}_map", own)
    model.get_layer("dense").set_weights(list(pruned.dense))
    model.get_layer("tags").set_weights(list(pruned.tags))


def _taps(of: int, frames: int) -> int:
    """How many taps a filter of `of` taps has at a stride of `frames`."""
    return -(-(of + frames - 1) // frames)


def _at_fewer(kernel: Array, frames: int) -> Array:
    """A filter over time for inputs at every so many frames: the mean of its outputs at the frames
    that an input stands for."""
    taps = _taps(len(kernel), frames)
    found = np.zeros((taps * frames, *kernel.shape[1:]), np.float32)
    for first in range(frames):
        found[first : first + len(kernel)] += kernel / frames
    return found.reshape(taps, frames, *kernel.shape[1:]).sum(1)


def get_map(model: Any, name: str) -> Affine:
    """Scale and shift of each channel by a depthwise layer; over several frames, of their mean."""
    kernel, bias = model.get_layer(name).get_weights()
    return Affine(kernel.sum((0, 1, 3)), bias)


def set_map(model: Any, name: str, affine: Affine) -> None:
    """The opposite of `get_map`."""
    layer = model.get_layer(name)
    frames = layer.kernel.shape[0]
    kernel = np.repeat((affine.scale / frames)[np.newaxis, np.newaxis, :, np.newaxis], frames, 0)
    layer.set_weights([kernel, affine.shift])
