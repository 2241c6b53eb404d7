"""Operations that move values without changing them."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from ...errors import ParameterError
from .checks import only, whole_numbers
from .graph import Layer
from .plan import Inputs, Memory, Plan, Weights

_MOST_AXES = 8


def reshape(layer: Layer, inputs: Inputs, weights: Weights, memory: Memory) -> Plan:
    """The same values in another ``shape``: the same buffer, seen differently."""
    x = only(inputs)
    shape = whole_numbers(layer, "shape", least=1)
    if not 1 <= len(shape) <= _MOST_AXES or math.prod(shape) != x.size:
        raise ParameterError(f"has an input of shape {x.shape}, which does not fill {shape}")
    return Plan(x.reshape(shape))


def permute(layer: Layer, inputs: Inputs, weights: Weights, memory: Memory) -> Plan:
    """The axes in another order: ``axes``, counted from 0."""
    x = only(inputs)
    axes = whole_numbers(layer, "axes", least=0)
    if sorted(axes) != list(range(x.ndim)):
        raise ParameterError(f"axes are {axes}; they must be those of an input of shape {x.shape}")
    turned = x.transpose(axes)
    output = memory.zeros(*turned.shape)
    return Plan(output, (partial(np.copyto, output, turned),))


def concatenate(layer: Layer, inputs: Inputs, weights: Weights, memory: Memory) -> Plan:
    """Its inputs one after the other along ``axis``, counted from 0."""
    (axis,) = whole_numbers(layer, "axis", least=0, count=1)
    shapes = [list(x.shape) for x in inputs]
    others = {tuple(shape[:axis] + shape[axis + 1 :]) for shape in shapes}
    if not shapes or len(others) != 1 or not all(axis < len(shape) for shape in shapes):
        raise ParameterError(f"has inputs of shapes {shapes}, which do not fit along axis {axis}")
    shape = [*shapes[0][:axis], sum(shape[axis] for shape in shapes), *shapes[0][axis + 1 :]]
    output = memory.zeros(*shape)
    return Plan(output, (partial(np.concatenate, tuple(inputs), axis, output),))


def zero_padding(layer: Layer, inputs: Inputs, weights: Weights, memory: Memory) -> Plan:
    """Zeros around the map: ``rows`` and ``columns``, each before and after."""
    x = only(inputs, 3)
    top, bottom = whole_numbers(layer, "rows", least=0, count=2)
    left, right = whole_numbers(layer, "columns", least=0, count=2)
    height, width, channels = x.shape
    output = memory.zeros(top + height + bottom, left + width + right, channels)
    middle = output[top : top + height, left : left + width]
    return Plan(output, (partial(np.copyto, middle, x),))


def cropping(layer: Layer, inputs: Inputs, weights: Weights, memory: Memory) -> Plan:
    """The map without its margins: ``rows`` and ``columns``, each before and after."""
    x = only(inputs, 3)
    top, bottom = whole_numbers(layer, "rows", least=0, count=2)
    left, right = whole_numbers(layer, "columns", least=0, count=2)
    height, width, channels = x.shape
    if top + bottom >= height or left + right >= width:
        raise ParameterError(
            f"crops rows {top}, {bottom} and columns {left}, {right} of a map of {height} x {width}"
        )
    output = memory.zeros(height - top - bottom, width - left - right, channels)
    middle = x[top : height - bottom, left : width - right]
    return Plan(output, (partial(np.copyto, output, middle),))
