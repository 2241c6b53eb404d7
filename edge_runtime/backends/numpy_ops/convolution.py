"""Convolutions, channels last: one matrix product each, or one multiplication a tap."""

from __future__ import annotations

from functools import partial

import numpy as np

from .checks import only, weight, whole_numbers
from .graph import Layer
from .plan import Array, Inputs, Memory, Plan, Step, Weights
from .windows import Windows, padded, windows


def conv2d(layer: Layer, inputs: Inputs, weights: Weights, memory: Memory) -> Plan:
    """Convolution: the patches under the kernel as a matrix, times the kernel as a matrix.

    Weights are ``kernel`` (rows, columns, channels in, out) and, where it has one, ``bias``.
    """
    x = only(inputs, 3)
    kernel = weight(weights, "kernel", None, None, x.shape[2], None)
    rows, columns = _windows(layer, x, kernel)
    source, steps = padded(x, rows, columns, memory)
    patches, more = _patches(source, rows, columns, memory)
    filters = kernel.shape[3]
    output = memory.zeros(rows.count, columns.count, filters)
    product = partial(np.matmul, patches, kernel.reshape(-1, filters), output.reshape(-1, filters))
    return Plan(output, (*steps, *more, product, *_bias(weights, output, memory)))


def depthwise_conv2d(layer: Layer, inputs: Inputs, weights: Weights, memory: Memory) -> Plan:
    """Convolution of each channel on its own: tap by tap, over whole rows.

    Weights are ``kernel`` (rows, columns, channels, multiplier) and, where it has one, ``bias``.
    """
    x = only(inputs, 3)
    kernel = weight(weights, "kernel", None, None, x.shape[2], None)
    rows, columns = _windows(layer, x, kernel)
    source, steps = padded(x, rows, columns, memory)
    multiplier = kernel.shape[3]
    shape = (rows.count, columns.count, x.shape[2], multiplier)
    output, product = memory.zeros(*shape), memory.zeros(*shape)
    calls: list[Step] = list(steps)
    for row in range(rows.taps):
        for column in range(columns.taps):
            values = _under(source, row, rows, column, columns)[..., np.newaxis]
            tap = _tiled(kernel[row, column], columns.count, memory)
            if row == column == 0:
                calls.append(partial(np.multiply, values, tap, output))
            else:
                calls.append(partial(np.multiply, values, tap, product))
                calls.append(partial(np.add, output, product, output))
    flat = output.reshape(rows.count, columns.count, x.shape[2] * multiplier)
    return Plan(flat, (*calls, *_bias(weights, flat, memory)))


def _windows(layer: Layer, x: Array, kernel: Array) -> tuple[Windows, Windows]:
    strides = whole_numbers(layer, "strides", least=1, count=2)
    dilation = whole_numbers(layer, "dilation", least=1, count=2)
    return (
        windows(layer, x.shape[0], kernel.shape[0], strides[0], dilation[0]),
        windows(layer, x.shape[1], kernel.shape[1], strides[1], dilation[1]),
    )


def _under(source: Array, row: int, rows: Windows, column: int, columns: Windows) -> Array:
    """What one tap of the kernel meets, window by window."""
    top, left = row * rows.dilation, column * columns.dilation
    return source[
        top : top + (rows.count - 1) * rows.stride + 1 : rows.stride,
        left : left + (columns.count - 1) * columns.stride + 1 : columns.stride,
    ]


def _patches(
    source: Array, rows: Windows, columns: Windows, memory: Memory
) -> tuple[Array, tuple[Step, ...]]:
    """(windows, taps x channels), and the step that gathers it."""
    channels = source.shape[2]
    n_windows, n_taps = rows.count * columns.count, rows.taps * columns.taps * channels
    if n_taps == channels and rows.stride == columns.stride == 1:
        return source.reshape(n_windows, channels), ()
    high, wide, deep = source.strides
    patches = np.lib.stride_tricks.as_strided(
        source,
        (rows.count, columns.count, rows.taps, columns.taps, channels),
        (
            rows.stride * high,
            columns.stride * wide,
            rows.dilation * high,
            columns.dilation * wide,
            deep,
        ),
        writeable=False,
    )
    # Copies run along the last axis: over a row of taps or over a row of windows, whichever is
    # longer. With one channel in, as at the front, rows of windows are several times faster.
    if columns.taps * channels >= columns.count:
        buffer = memory.zeros(*patches.shape)
        return buffer.reshape(n_windows, n_taps), (partial(np.copyto, buffer, patches),)
    patches = patches.transpose(2, 3, 4, 0, 1)
    buffer = memory.zeros(*patches.shape)
    return buffer.reshape(n_taps, n_windows).T, (partial(np.copyto, buffer, patches),)


def _tiled(values: Array, count: int, memory: Memory) -> Array:
    """Values repeated for a whole row of windows, which numpy multiplies or adds in one go."""
    tile = memory.zeros(count, *values.shape)
    tile[:] = values
    return tile


def _bias(weights: Weights, output: Array, memory: Memory) -> tuple[Step, ...]:
    if "bias" not in weights:
        return ()
    tile = _tiled(weight(weights, "bias", output.shape[2]), output.shape[1], memory)
    return (partial(np.add, output, tile, output),)
