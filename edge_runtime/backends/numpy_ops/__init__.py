"""The operations of the NumPy backend, by the name that a graph calls them.

Each takes a layer, the buffers that it reads, its weights and the memory to plan in, and gives the
buffer that it fills with the calls that fill it. Everything that a layer could have wrong is found
then, when the model is loaded; a window only runs the calls.
"""

from __future__ import annotations

from collections.abc import Callable

from .convolution import conv2d, depthwise_conv2d
from .dense import dense
from .elementwise import (
    add,
    elu,
    leaky_relu,
    multiply,
    relu,
    scale_shift,
    sigmoid,
    softmax,
    swish,
    tanh,
)
from .graph import Layer
from .plan import Inputs, Memory, Plan, Weights
from .pooling import average_pool, global_average_pool, global_max_pool, max_pool
from .recurrent import gru
from .shaping import concatenate, cropping, permute, reshape, zero_padding

Operation = Callable[[Layer, Inputs, Weights, Memory], Plan]

OPERATIONS: dict[str, Operation] = {
    operation.__name__: operation
    for operation in (
        add, average_pool, concatenate, conv2d, cropping, dense, depthwise_conv2d, elu,
        global_average_pool, global_max_pool, gru, leaky_relu, max_pool, multiply, permute, relu,
        reshape, scale_shift, sigmoid, softmax, swish, tanh, zero_padding,
    )
}  # fmt: skip
