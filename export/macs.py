"""How much work a network is: multiply-accumulates for one window."""

from __future__ import annotations

import math
from typing import Any


def multiply_accumulates(model: Any) -> int:
    """MACs of all convolutions, dense and recurrent layers, biases and activations aside.

    Parameters
    ----------
    model : keras.Model
    """
    return sum(_of_layer(layer) for layer in model.layers)


def _of_layer(layer: Any) -> int:
    from keras import layers

    if isinstance(layer, layers.SeparableConv2D):
        positions = math.prod(layer.output.shape[1:3])
        return positions * (_size(layer.depthwise_kernel) + _size(layer.pointwise_kernel))
    if isinstance(layer, layers.RNN):
        steps = layer.input.shape[1]
        return steps * (_size(layer.cell.kernel) + _size(layer.cell.recurrent_kernel))
    if isinstance(layer, (layers.DepthwiseConv2D, layers.Conv1D, layers.Conv2D, layers.Dense)):
        # The last axis holds the channels; every other is a position that the kernel visits.
        return math.prod(layer.output.shape[1:-1]) * _size(layer.kernel)
    return 0


def _size(weights: Any) -> int:
    return math.prod(weights.shape)
