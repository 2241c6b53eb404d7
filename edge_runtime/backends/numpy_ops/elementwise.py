"""Operations on each value by itself: activations, sums, products."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ...errors import ParameterError
from .checks import number, only, weight
from .graph import Layer
from .plan import Array, Inputs, Memory, Plan, Step, Weights


def relu(layer: Layer, inputs: Inputs, weights: Weights, memory: Memory) -> Plan:
    """Values above 0, and up to ``max_value`` where the layer has one."""
    x = only(inputs)
    # A row of zeros: the maximum of two arrays is twice as fast as that of an array and a number.
    output, zeros = memory.zeros(*x.shape), memory.zeros(*x.shape[1:])
    steps: list[Step] = [partial(np.maximum, x, zeros, out=output)]
    if layer.attributes.get("max_value") is not None:
        limits = memory.zeros(*x.shape[1:])
        limits[...] = number(layer, "max_value")
        steps.append(partial(np.minimum, output, limits, out=output))
    return Plan(output, tuple(steps))


def leaky_relu(layer: Layer, inputs: Inputs, weights: Weights, memory: Memory) -> Plan:
    """Values below 0 times ``slope``."""
    x = only(inputs)
    slope = np.float32(number(layer, "slope"))
    output = memory.zeros(*x.shape)
    larger: Any = np.maximum if slope <= 1 else np.minimum
    return Plan(
        output, (partial(np.multiply, x, slope, output), partial(larger, x, output, out=output))
    )


def elu(layer: Layer, inputs: Inputs, weights: Weights, memory: Memory) -> Plan:
    """``alpha (exp(x) - 1)`` below 0."""
    x = only(inputs)
    alpha, zero = np.float32(number(layer, "alpha")), np.float32(0)
    output, positive = memory.zeros(*x.shape), memory.zeros(*x.shape)
    steps: tuple[Step, ...] = (
        partial(np.minimum, x, zero, out=output),
        partial(np.expm1, output, output),
        partial(np.multiply, output, alpha, output),
        partial(np.maximum, x, zero, out=positive),
        partial(np.add, output, positive, output),
    )
    return Plan(output, steps)


def sigmoid(layer: Layer, inputs: Inputs, weights: Weights, memory: Memory) -> Plan:
    """``1 / (1 + exp(-x))``."""
    x = only(inputs)
    output = memory.zeros(*x.shape)
    return Plan(output, sigmoid_steps(x, output))


def sigmoid_steps(x: Array, output: Array) -> tuple[Step, ...]:
    """The sigmoid by way of the hyperbolic tangent, which never overflows."""
    half = np.float32(0.5)
    return (
        partial(np.multiply, x, half, output),
        partial(np.tanh, output, output),
        partial(np.multiply, output, half, output),
        partial(np.add, output, half, output),
    )


def swish(layer: Layer, inputs: Inputs, weights: Weights, memory: Memory) -> Plan:
    """``x sigmoid(x)``."""
    x = only(inputs)
    output = memory.zeros(*x.shape)
    return Plan(output, (*sigmoid_steps(x, output), partial(np.multiply, x, output, output)))


def tanh(layer: Layer, inputs: Inputs, weights: Weights, memory: Memory) -> Plan:
    """Hyperbolic tangent."""
    x = only(inputs)
    output = memory.zeros(*x.shape)
    return Plan(output, (partial(np.tanh, x, output),))


def softmax(layer: Layer, inputs: Inputs, weights: Weights, memory: Memory) -> Plan:
    """Softmax over the last axis."""
    x = only(inputs)
    output, total = memory.zeros(*x.shape), memory.zeros(*x.shape[:-1], 1)
    steps: tuple[Step, ...] = (
        partial(np.maximum.reduce, x, axis=-1, out=total, keepdims=True),
        partial(np.subtract, x, total, output),
        partial(np.exp, output, output),
        partial(np.add.reduce, output, axis=-1, out=total, keepdims=True),
        partial(np.divide, output, total, output),
    )
    return Plan(output, steps)


def scale_shift(layer: Layer, inputs: Inputs, weights: Weights, memory: Memory) -> Plan:
    """A batch normalisation that no layer before it could take in: ``x scale + shift``."""
    x = only(inputs)
    channels = x.shape[-1]
    # Repeated to the input's own shape, numpy has one long loop and not one a channel.
    scale, shift, output = (memory.zeros(*x.shape) for _ in range(3))
    scale[:] = weight(weights, "scale", channels)
    shift[:] = weight(weights, "shift", channels)
    return Plan(
        output, (partial(np.multiply, x, scale, output), partial(np.add, output, shift, output))
    )


def add(layer: Layer, inputs: Inputs, weights: Weights, memory: Memory) -> Plan:
    """Sum of its inputs, broadcast to each other."""
    return _combined(np.add, inputs, memory)


def multiply(layer: Layer, inputs: Inputs, weights: Weights, memory: Memory) -> Plan:
    """Product of its inputs, broadcast to each other."""
    return _combined(np.multiply, inputs, memory)


def _combined(combine: Any, inputs: Inputs, memory: Memory) -> Plan:
    if len(inputs) < 2:
        raise ParameterError(f"has {len(inputs)} inputs; it takes 2 or more")
    try:
        shape = np.broadcast_shapes(*(x.shape for x in inputs))
    except ValueError:
        shapes = ", ".join(str(x.shape) for x in inputs)
        raise ParameterError(f"has inputs of shapes {shapes}, which do not fit") from None
    output = memory.zeros(*shape)
    steps: list[Step] = [partial(combine, inputs[0], inputs[1], output)]
    steps += [partial(combine, output, x, output) for x in inputs[2:]]
    return Plan(output, tuple(steps))
