"""The gated recurrent unit."""

from __future__ import annotations

from functools import partial

import numpy as np

from ...errors import ParameterError
from .checks import flag, only, weight
from .elementwise import sigmoid_steps
from .graph import Layer
from .plan import Inputs, Memory, Plan, Step, Weights


def gru(layer: Layer, inputs: Inputs, weights: Weights, memory: Memory) -> Plan:
    """Gated recurrent unit, unrolled; gates in Keras's order: update, reset, candidate.

    Weights are ``kernel`` (in, 3 units), ``recurrent_kernel`` (units, 3 units), ``bias`` (3 units)
    and, with ``reset_after``, ``recurrent_bias`` (3 units). With it, the reset gate is applied
    after the recurrent product (as cuDNN does), without it before (as the paper did; K. Cho et al.,
    "Learning phrase representations using RNN encoder-decoder", 2014).
    """
    x = only(inputs, 2)
    kernel = weight(weights, "kernel", x.shape[1], None)
    units = kernel.shape[1] // 3
    if units < 1:
        raise ParameterError(f"has kernel of shape {kernel.shape}; it must have 3 columns a unit")
    recurrent = weight(weights, "recurrent_kernel", units, 3 * units)
    weight(weights, "kernel", x.shape[1], 3 * units)
    reset_after = flag(layer, "reset_after")
    backwards, sequences = flag(layer, "go_backwards"), flag(layer, "return_sequences")
    time = x.shape[0]
    given, states = memory.zeros(time, 3 * units), memory.zeros(time + 1, units)  # begins at 0
    steps: list[Step] = [
        # The input of all steps is one product; only the state goes step by step.
        partial(np.matmul, x, kernel, given),
        partial(np.add, given, weight(weights, "bias", 3 * units), given),
    ]
    inner, gates, candidate = (memory.zeros(size * units) for size in (3, 2, 1))
    update, reset = gates[:units], gates[units:]
    if reset_after:
        recurrent_bias = weight(weights, "recurrent_bias", 3 * units)
    order = range(time - 1, -1, -1) if backwards else range(time)
    for step, moment in enumerate(order):
        state, following = states[step], states[step + 1]
        input_gates, input_candidate = given[moment, : 2 * units], given[moment, 2 * units :]
        if reset_after:
            steps += [
                partial(np.matmul, state, recurrent, inner),
                partial(np.add, inner, recurrent_bias, inner),
                partial(np.add, input_gates, inner[: 2 * units], gates),
                *sigmoid_steps(gates, gates),
                partial(np.multiply, reset, inner[2 * units :], candidate),
            ]
        else:
            steps += [
                partial(np.matmul, state, recurrent[:, : 2 * units], inner[: 2 * units]),
                partial(np.add, input_gates, inner[: 2 * units], gates),
                *sigmoid_steps(gates, gates),
                partial(np.multiply, reset, state, reset),
                partial(np.matmul, reset, recurrent[:, 2 * units :], candidate),
            ]
        steps += [
            partial(np.add, candidate, input_candidate, candidate),
            partial(np.tanh, candidate, candidate),
            # update * state + (1 - update) * candidate
            partial(np.subtract, state, candidate, following),
            partial(np.multiply, following, update, following),
            partial(np.add, following, candidate, following),
        ]
    if not sequences:
        return Plan(states[time], tuple(steps))
    return Plan(states[1:], tuple(steps))
