"""Pools: one axis after the other, tap by tap over whole rows."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from .checks import only, whole_numbers
from .graph import Layer
from .plan import Array, Inputs, Memory, Plan, Step, Weights
from .windows import Windows, windows


def max_pool(layer: Layer, inputs: Inputs, weights: Weights, memory: Memory) -> Plan:
    """Largest value of each window; padding counts for nothing."""
    output, steps, _ = _pool(np.maximum, layer, only(inputs, 3), memory)
    return Plan(output, steps)


def average_pool(layer: Layer, inputs: Inputs, weights: Weights, memory: Memory) -> Plan:
    """Mean of each window, over the values that are within the input."""
    sums, steps, (rows, columns) = _pool(np.add, layer, only(inputs, 3), memory)
    shares, output = memory.zeros(*sums.shape), memory.zeros(*sums.shape)
    counts = np.outer(_inside(rows), _inside(columns))
    shares[:] = 1.0 / counts[..., np.newaxis]
    return Plan(output, (*steps, partial(np.multiply, sums, shares, output)))


def global_average_pool(layer: Layer, inputs: Inputs, weights: Weights, memory: Memory) -> Plan:
    """Mean of each channel."""
    values = _channels(only(inputs))
    shares, output = memory.zeros(1, len(values)), memory.zeros(1, values.shape[1])
    shares[:] = 1.0 / len(values)
    return Plan(output.reshape(-1), (partial(np.matmul, shares, values, output),))


def global_max_pool(layer: Layer, inputs: Inputs, weights: Weights, memory: Memory) -> Plan:
    """Largest value of each channel."""
    values = _channels(only(inputs))
    output = memory.zeros(values.shape[1])
    return Plan(output, (partial(np.maximum.reduce, values, axis=0, out=output),))


def _channels(x: Array) -> Array:
    return x.reshape(-1, x.shape[-1])


def _pool(
    combine: Any, layer: Layer, x: Array, memory: Memory
) -> tuple[Array, tuple[Step, ...], tuple[Windows, Windows]]:
    taps = whole_numbers(layer, "pool_size", least=1, count=2)
    strides = whole_numbers(layer, "strides", least=1, count=2)
    rows = windows(layer, x.shape[0], taps[0], strides[0])
    columns = windows(layer, x.shape[1], taps[1], strides[1])
    # Rows first: a row of the input is contiguous, and there is less left for the columns.
    between, first = _along(combine, x, 0, rows, memory)
    output, second = _along(combine, between, 1, columns, memory)
    return output, (*first, *second), (rows, columns)


def _along(
    combine: Any, x: Array, axis: int, over: Windows, memory: Memory
) -> tuple[Array, tuple[Step, ...]]:
    if over.taps == over.stride == 1:
        return x, ()
    shape = list(x.shape)
    shape[axis] = over.count
    output = memory.zeros(*shape)
    before = (slice(None),) * axis
    # There is always a tap that every window has within the input: the first that is not padding.
    parts = sorted(over.parts(), key=lambda part: part[0].start - part[0].stop)
    steps: list[Step] = [partial(np.copyto, output, x[(*before, parts[0][1])])]
    for place, (target, source) in enumerate(parts[1:]):
        values, into = x[(*before, source)], output[(*before, target)]
        if place == 0 and into.shape == output.shape:
            steps = [partial(combine, x[(*before, parts[0][1])], values, out=into)]
        else:
            steps.append(partial(combine, into, values, out=into))
    return output, tuple(steps)


def _inside(over: Windows) -> np.ndarray[Any, np.dtype[np.float64]]:
    """How many taps of each window lie within the input."""
    counts = np.zeros(over.count)
    for target, _ in over.parts():
        counts[target] += 1.0
    return counts
