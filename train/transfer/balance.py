"""The same function, written so that eight bits lose less of it.

A quantized tensor has one step for all of its channels, and in this network the range of a channel
varies by a factor of a thousand. Between a layer and the next, each channel can be scaled to the
same range, and what follows takes that back (Nagel et al., "Data-free quantization through weight
equalization and bias correction", ICCV 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .keras_model import get_map, set_map
from .pruning import FIRST_LAYER, MIDDLE, Affine

Values = npt.NDArray[np.float32]

_SILENT = 1e-4
"""Of the largest channel: a smaller one is not scaled up, since kernels refuse factors of
thousands"""
_CONSTANT = 1e-3
"""A pooled feature that varies less than this, in standard deviations of the music that the
network was trained on, is constant"""
_POOLED = ("maxima_map", "means_map")


def balance(trunk: Any, windows: Values) -> None:
    """Scale the channels of a network in place; its outputs stay as they are.

    Parameters
    ----------
    trunk : keras.Model
        From `train.transfer.keras_model.compact_musicnn`.
    windows : (n, frames, bands, 1) float32
        Normalised; the ranges are measured on them.
    """
    pooled = ["upright", "middle_1", "sum_2", "sum_3"]
    curves = [layer.name for layer in trunk.layers if layer.name.endswith("_curves")]
    measured = [*curves, *FIRST_LAYER, *MIDDLE[1:], *pooled]
    found = _outputs(trunk, measured, windows)
    peaks = {name: _largest(values) for name, values in zip(measured, found, strict=True)}

    def rescale(producers: Sequence[str], consumers: Sequence[str], peak: Values) -> None:
        for producer in producers:
            _divide(trunk.get_layer(producer), peak)
        for consumer in consumers:
            _multiply(trunk.get_layer(consumer), peak)

    for name in curves:
        rescale([name], [name.removesuffix("_curves")], peaks[name])
    for name in FIRST_LAYER:
        rescale([name], [], peaks[name])
    rescale([], ["upright"], np.concatenate([peaks[name] for name in FIRST_LAYER]))
    rescale(["upright"], ["middle_1"], peaks["upright"])
    rescale(["middle_1"], ["middle_2"], peaks["middle_1"])
    rescale(["middle_2"], [], peaks["middle_2"])
    _multiply(trunk.get_layer("sum_2"), _summands(peaks["middle_2"], peaks["middle_1"]))
    rescale(["sum_2"], ["middle_3"], peaks["sum_2"])
    rescale(["middle_3"], [], peaks["middle_3"])
    _multiply(trunk.get_layer("sum_3"), _summands(peaks["middle_3"], peaks["sum_2"]))
    rescale(["sum_3"], [], peaks["sum_3"])
    rescale([], _POOLED, np.concatenate([peaks[name] for name in pooled]))


def _outputs(trunk: Any, names: list[str], windows: Values) -> list[Values]:
    import keras

    inner = keras.Model(trunk.inputs, [trunk.get_layer(name).output for name in names])
    return list(inner.predict(windows, verbose=0, batch_size=64))


def _largest(values: Values) -> Values:
    """Largest magnitude of each channel."""
    peak = np.abs(values).reshape(-1, values.shape[-1]).max(axis=0)
    largest = max(float(peak.max()), 1e-9)
    return np.where(peak < _SILENT * largest, largest, peak).astype(np.float32)


def _divide(layer: Any, by: Values) -> None:
    """Divide a layer's output channels."""
    kernel, bias = layer.get_weights()
    # The channels of a depthwise convolution are its last axis but one.
    kernel = kernel / (by[:, np.newaxis] if kernel.shape[-1] == 1 else by)
    layer.set_weights([kernel, bias / by])


def _multiply(layer: Any, by: Values) -> None:
    """Multiply a layer's input channels."""
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel * by[..., np.newaxis], bias])


def _summands(new: Values, old: Values) -> Values:
    """(2, channels); the old may be widened by channels that are zero."""
    return np.stack([new, np.concatenate([old, np.ones(len(new) - len(old), np.float32)])])


def balance_pooled(trunk: Any, windows: Values) -> None:
    """Bring pooled features to within 1 of their means, and the dense layer to within 1.

    Features that are constant go into the dense layer's bias. The tags stay as they are.

    Parameters
    ----------
    trunk : keras.Model
        From `train.transfer.keras_model.compact_musicnn`.
    windows : (n, frames, bands, 1) float32
        Normalised.
    """
    *pooled, dense_output = _outputs(trunk, [*_POOLED, "dense"], windows)
    dense = trunk.get_layer("dense")
    kernel, bias = dense.get_weights()
    first = 0
    for name, values in zip(_POOLED, (each[:, 0, 0] for each in pooled), strict=True):
        rows = slice(first, first + values.shape[1])
        first += values.shape[1]
        mean = values.mean(axis=0)
        width = np.abs(values - mean).max(axis=0)
        constant = values.std(axis=0) < _CONSTANT
        affine = get_map(trunk, name)
        # A constant is passed on as it is, and its weights are zero: a scale of zero is no scale.
        scale = np.where(constant, 1.0, affine.scale / np.maximum(width, 1e-9))
        shift = np.where(constant, 0.0, (affine.shift - mean) / np.maximum(width, 1e-9))
        set_map(trunk, name, Affine(scale.astype(np.float32), shift.astype(np.float32)))
        bias = bias + mean @ kernel[rows]
        kernel[rows] *= np.where(constant, 0.0, width)[:, np.newaxis]
    dense.set_weights([kernel, bias])
    peak = _largest(dense_output)
    _divide(dense, peak)
    _multiply(trunk.get_layer("tags"), peak)
