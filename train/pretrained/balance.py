"""The same function, written so that eight bits lose less of it.

A quantized tensor has one step for all of its channels. Behind a layer followed by ReLU, or by an
affine map, channels can be scaled to the same range and what follows can take that back (Nagel et
al., "Data-free quantization through weight equalization and bias correction", ICCV 2019). In this
network the range of a channel varies by a factor of a thousand, and some of those behind the
pooling never change at all: normalised to unit variance, they would be rounding and nothing else.

That alone does not bring int8 through the parity gate (docs/training.md).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .pruning import FIRST_LAYER, MIDDLE

Values = npt.NDArray[np.float32]

_SMALLEST = 1e-3
"""A channel that hardly speaks is not blown up more than this allows"""
_CONSTANT = 1e-3
"""A pooled feature that varies less than this, in standard deviations of the music that the
network was trained on, is constant"""


def balance(trunk: Any, windows: Values) -> None:
    """Scale the channels of a network in place; its answers stay as they are.

    Parameters
    ----------
    trunk : keras.Model
        From `train.pretrained.compact.compact_musicnn`.
    windows : (n, frames, bands, 1) float32
        Normalised; they tell the ranges.
    """
    _silence_constants(trunk, windows)
    _balance_first_layer(trunk, windows)
    for name in MIDDLE:
        _balance_activation(trunk, name, windows)
    _balance_activation(trunk, "dense", windows)
    _balance_residuals(trunk, windows)


def _outputs(trunk: Any, names: list[str], windows: Values) -> list[Values]:
    import keras

    inside = keras.Model(trunk.inputs, [trunk.get_layer(name).output for name in names])
    found = inside.predict(windows, verbose=0, batch_size=64)
    return found if isinstance(found, list) else [found]


def _largest(values: Values) -> Values:
    """Of each channel, in units of the largest channel at least `_SMALLEST`."""
    peak = np.abs(values).reshape(-1, values.shape[-1]).max(axis=0)
    return np.asarray(np.maximum(peak, _SMALLEST * max(float(peak.max()), 1e-6)), np.float32)


def _silence_constants(trunk: Any, windows: Values) -> None:
    """Move what constant pooled features add to the dense layer into its bias."""
    dense = trunk.get_layer("dense")
    kernel, bias = dense.get_weights()
    first = 0
    for name in ("maxima", "means"):
        (values,) = _outputs(trunk, [f"{name}_norm"], windows)
        constant = values.std(axis=0) < _CONSTANT
        scale, shift, *statistics = trunk.get_layer(f"{name}_norm").get_weights()
        rows = first + np.flatnonzero(constant)
        bias = bias + values.mean(axis=0)[constant] @ kernel[rows]
        kernel[rows] = 0.0
        scale[constant] = shift[constant] = 0.0
        trunk.get_layer(f"{name}_norm").set_weights([scale, shift, *statistics])
        first += len(constant)
    dense.set_weights([kernel, bias])


def _balance_first_layer(trunk: Any, windows: Values) -> None:
    """Each filter of the first layer to the same loudest answer."""
    after = trunk.get_layer("first_norm")
    scale, shift, *statistics = after.get_weights()
    (heard,) = _outputs(trunk, ["loudest"], windows)
    peaks = _largest(heard)
    begin = 0
    for name in FIRST_LAYER:
        layer = trunk.get_layer(name)
        kernel, bias = layer.get_weights()
        own = peaks[begin : begin + len(bias)]
        layer.set_weights([kernel / own, bias / own])
        begin += len(bias)
    after.set_weights([scale * peaks, shift, *statistics])


def _balance_activation(trunk: Any, name: str, windows: Values) -> None:
    """The channels between a layer's ReLU and the affine map behind it."""
    layer, after = trunk.get_layer(name), trunk.get_layer(f"{name}_norm")
    (heard,) = _outputs(trunk, [name], windows)
    peaks = _largest(heard)
    kernel, bias = layer.get_weights()
    scale, shift, *statistics = after.get_weights()
    layer.set_weights([kernel / peaks, bias / peaks])
    after.set_weights([scale * peaks, shift, *statistics])


def _balance_residuals(trunk: Any, windows: Values) -> None:
    """The channels that layers hand on: those of the front, and those that are added up."""
    names = ["first_norm", *(f"{name}_norm" for name in MIDDLE), "sum_2", "sum_3"]
    values = dict(zip(names, _outputs(trunk, names, windows), strict=True))
    front = _largest(values["first_norm"])
    added = np.max([_largest(values[name]) for name in names[1:]], axis=0)
    _divide(trunk.get_layer("first_norm"), front)
    for name in MIDDLE:
        _divide(trunk.get_layer(f"{name}_norm"), added)
    for name, peaks in zip(MIDDLE, (front, added, added), strict=True):
        kernel, bias = trunk.get_layer(name).get_weights()
        trunk.get_layer(name).set_weights([kernel * peaks[:, np.newaxis], bias])
    handed_on = np.concatenate([front, added, added, added])
    for name in ("maxima_norm", "means_norm"):
        scale, shift, *statistics = trunk.get_layer(name).get_weights()
        trunk.get_layer(name).set_weights([scale * handed_on, shift, *statistics])


def _divide(affine: Any, by: Values) -> None:
    scale, shift, *statistics = affine.get_weights()
    affine.set_weights([scale / by, shift / by, *statistics])
