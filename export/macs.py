"""How much work a network is: multiply-accumulates for one window."""

from __future__ import annotations

import math
from typing import Any

from .flat import calls


def multiply_accumulates(model: Any) -> int:
    """MACs of all convolutions, dense and recurrent layers, biases and activations aside.

    Parameters
    ----------
    model : keras.Model
    """
    return sum(
        _of_call(node.operation, node.input_tensors, node.outputs[0].shape)
        for nodes in calls(model).values()
        for node in nodes
    )


def _of_call(layer: Any, inputs: Any, output: tuple[int, ...]) -> int:
    from keras import layers

    if isinstance(layer, layers.SeparableConv2D):
        positions = math.prod(output[1:3])
        return positions * (_size(layer.depthwise_kernel) + _size(layer.pointwise_kernel))
    if isinstance(layer, layers.RNN):
        steps = inputs[0].shape[1]
        return steps * (_size(layer.cell.kernel) + _size(layer.cell.recurrent_kernel))
    if isinstance(layer, (layers.DepthwiseConv2D, layers.Conv1D, layers.Conv2D, layers.Dense)):
        # The last axis holds the channels; every other is a position that the kernel visits.
        return math.prod(output[1:-1]) * _size(layer.kernel)
    return 0


def _size(weights: Any) -> int:
    return math.prod(weights.shape)
