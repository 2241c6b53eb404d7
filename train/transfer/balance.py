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
"""Of the loudest channel: one that speaks less is not blown up, since kernels refuse factors of
thousands"""
_CONSTANT = 1e-3
"""A pooled feature that varies less than this, in standard deviations of the music that the
network was trained on, is constant"""
_POOLED = ("maxima_map", "means_map")


def balance(trunk: Any, windows: Values) -> None:
    """Scale the channels of a network in place; its answers stay as they are.

    Parameters
    ----------
    trunk : keras.Model
        From `train.transfer.keras_model.compact_musicnn`.
    windows : (n, frames, bands, 1) float32
        Normalised; they tell the ranges.
    """
    pooled = ["upright", "middle_1", "sum_2", "sum_3"]
    curves = [layer.name for layer in trunk.layers if layer.name.endswith("_curves")]
    measured = [*curves, *FIRST_LAYER, *MIDDLE[1:], *pooled]
    found = _outputs(trunk, measured, windows)
    peaks = {name: _largest(values) for name, values in zip(measured, found, strict=True)}

    def hand_over(givers: Sequence[str], takers: Sequence[str], peak: Values) -> None:
        for giver in givers:
            _divide(trunk.get_layer(giver), peak)
        for taker in takers:
            _multiply(trunk.get_layer(taker), peak)

    for name in curves:
        hand_over([name], [name.removesuffix("_curves")], peaks[name])
    for name in FIRST_LAYER:
        hand_over([name], [], peaks[name])
    hand_over([], ["upright"], np.concatenate([peaks[name] for name in FIRST_LAYER]))
    hand_over(["upright"], ["middle_1"], peaks["upright"])
    hand_over(["middle_1"], ["middle_2"], peaks["middle_1"])
    hand_over(["middle_2"], [], peaks["middle_2"])
    _multiply(trunk.get_layer("sum_2"), _summands(peaks["middle_2"], peaks["middle_1"]))
    hand_over(["sum_2"], ["middle_3"], peaks["sum_2"])
    hand_over(["middle_3"], [], peaks["middle_3"])
    _multiply(trunk.get_layer("sum_3"), _summands(peaks["middle_3"], peaks["sum_2"]))
    hand_over(["sum_3"], [], peaks["sum_3"])
    hand_over([], _POOLED, np.concatenate([peaks[name] for name in pooled]))


def _outputs(trunk: Any, names: list[str], windows: Values) -> list[Values]:
    import keras

    inside = keras.Model(trunk.inputs, [trunk.get_layer(name).output for name in names])
    return list(inside.predict(windows, verbose=0, batch_size=64))


def _largest(values: Values) -> Values:
    """Of each channel."""
    peak = np.abs(values).reshape(-1, values.shape[-1]).max(axis=0)
    loudest = max(float(peak.max()), 1e-9)
    return np.where(peak < _SILENT * loudest, loudest, peak).astype(np.float32)


def _divide(layer: Any, by: Values) -> None:
    """What a layer gives."""
    kernel, bias = layer.get_weights()
    # The channels of a depthwise convolution are its last axis but one.
    kernel = kernel / (by[:, np.newaxis] if kernel.shape[-1] == 1 else by)
    layer.set_weights([kernel, bias / by])


def _multiply(layer: Any, by: Values) -> None:
    """What a layer takes."""
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel * by[..., np.newaxis], bias])


def _summands(new: Values, old: Values) -> Values:
    """(2, channels); the old may be widened by channels that are silent."""
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
    *heard, dense_heard = _outputs(trunk, [*_POOLED, "dense"], windows)
    dense = trunk.get_layer("dense")
    kernel, bias = dense.get_weights()
    first = 0
    for name, values in zip(_POOLED, (each[:, 0, 0] for each in heard), strict=True):
        rows = slice(first, first + values.shape[1])
        first += values.shape[1]
        mean = values.mean(axis=0)
        width = np.abs(values - mean).max(axis=0)
        constant = values.std(axis=0) < _CONSTANT
        affine = get_map(trunk, name)
        # A constant is handed on as it is, and nobody listens: a scale of zero is no scale.
        scale = np.where(constant, 1.0, affine.scale / np.maximum(width, 1e-9))
        shift = np.where(constant, 0.0, (affine.shift - mean) / np.maximum(width, 1e-9))
        set_map(trunk, name, Affine(scale.astype(np.float32), shift.astype(np.float32)))
        bias = bias + mean @ kernel[rows]
        kernel[rows] *= np.where(constant, 0.0, width)[:, np.newaxis]
    dense.set_weights([kernel, bias])
    peak = _largest(dense_heard)
    _divide(dense, peak)
    _multiply(trunk.get_layer("tags"), peak)
