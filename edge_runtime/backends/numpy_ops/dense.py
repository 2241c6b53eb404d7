"""Dense layers."""

from __future__ import annotations

from functools import partial

import numpy as np

from .checks import only, weight
from .graph import Layer
from .plan import Inputs, Memory, Plan, Weights


def dense(layer: Layer, inputs: Inputs, weights: Weights, memory: Memory) -> Plan:
    """Matrix product over the last axis. Weights: ``kernel`` (in, out) and perhaps ``bias``."""
    x = only(inputs)
    size = x.shape[-1]
    kernel = weight(weights, "kernel", size, None)
    units = kernel.shape[1]
    output = memory.zeros(*x.shape[:-1], units)
    product = partial(np.matmul, x.reshape(-1, size), kernel, output.reshape(-1, units))
    if "bias" not in weights:
        return Plan(output, (product,))
    return Plan(output, (product, partial(np.add, output, weight(weights, "bias", units), output)))
