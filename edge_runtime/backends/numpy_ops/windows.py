"""Where the windows of a convolution or a pool lie on an axis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from ...errors import ParameterError
from .checks import choice
from .graph import Layer
from .plan import Array, Memory, Step


@dataclass(frozen=True)
class Windows:
    """Windows of `taps` taps over one axis. Padding is TensorFlow's: the odd one comes last."""

    size: int
    """of the input"""
    count: int
    """of windows"""
    taps: int
    stride: int
    dilation: int
    before: int
    """Padding in front of the input"""
    after: int

    def parts(self) -> Iterator[tuple[slice, slice]]:
        """For each tap, the windows where it lies within the input, and what it meets there."""
        for tap in range(self.taps):
            shift = tap * self.dilation - self.before
            first = max(0, -(shift // self.stride))
            last = min(self.count - 1, (self.size - 1 - shift) // self.stride)
            if first <= last:
                begin = first * self.stride + shift
                end = last * self.stride + shift + 1
                yield slice(first, last + 1), slice(begin, end, self.stride)


def windows(layer: Layer, size: int, taps: int, stride: int, dilation: int = 1) -> Windows:
    """The windows over an axis, by the layer's ``padding``.

    Raises
    ------
    ParameterError
        If not one window fits.
    """
    reach = (taps - 1) * dilation + 1
    if min(size, taps) < 1:
        raise ParameterError(f"has a window of {taps} over {size} values")
    if choice(layer, "padding", ("valid", "same")) == "valid":
        if reach > size:
            raise ParameterError(f"has a window of {reach} over {size} values, which does not fit")
        return Windows(size, (size - reach) // stride + 1, taps, stride, dilation, 0, 0)
    count = -(-size // stride)
    padding = max(0, (count - 1) * stride + reach - size)
    before = padding // 2
    return Windows(size, count, taps, stride, dilation, before, padding - before)


def padded(
    x: Array, rows: Windows, columns: Windows, memory: Memory
) -> tuple[Array, tuple[Step, ...]]:
    """A buffer with zeros around the input, and the step that copies the input into it."""
    if not (rows.before or rows.after or columns.before or columns.after):
        return x, ()
    height, width, channels = x.shape
    buffer = memory.zeros(
        rows.before + height + rows.after, columns.before + width + columns.after, channels
    )
    middle = buffer[rows.before : rows.before + height, columns.before : columns.before + width]
    return buffer, (partial(np.copyto, middle, x),)
