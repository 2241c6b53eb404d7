"""GPTQ: weights rounded to eight bits so that the outputs of layers change least.

Rounded one by one, weights are each off by half a step, and inputs that are never negative and much
alike add such errors up. GPTQ rounds weights in turn, and each error, of this layer and of those
before, goes into the weights still to be rounded, as far as the layer's real inputs let them
compensate for it (Frantar and others, "GPTQ: Accurate Post-Training Quantization for Generative
Pre-trained Transformers", ICLR 2023, after Hassibi and Stork's optimal brain surgeon, 1993). The
mean of what is left goes into the bias (Nagel and others, "Data-free quantization through weight
equalization and bias correction", ICCV 2019).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..flat import calls

Values = npt.NDArray[np.float64]

EIGHT_BITS = 127
"""Largest weight in steps: a converter uses -127 to 127"""
_WINDOWS = 200
"""Representative windows that are used; more change nothing"""
_ROWS_PER_WINDOW = 64
"""Positions of a convolution whose inputs are taken from each window"""
_FEWEST_ROWS = 8
_MOST_VALUES = 1 << 17
"""Inputs that are taken from each window, over all channels of a depthwise convolution: a filter of
few weights needs few positions, and a thousand channels at 64 of them would fill the memory"""
_BATCH = 16
_DAMPING = 0.001
"""Share of the inputs' mean square that is added to each: weights of constant inputs then stay"""
_LARGEST = 8192
"""Most weights of a filter; the inverse of more takes too long"""


def apply_gptq(
    model: Any,
    windows: npt.NDArray[np.float32],
    seed: int,
    *,
    dense_by_filter: bool = True,
    levels: int = EIGHT_BITS,
) -> None:
    """Round the weights of a network's convolutions and dense layers to eight bits.

    They stay floats. A converter that quantizes symmetrically, by filter, leaves their values.

    Parameters
    ----------
    model : keras.Model
        Changed in place.
    windows : (n, frames, coefficients) float32
        Representative windows, normalised.
    seed : int
        Of the positions whose inputs are taken.
    dense_by_filter : bool
        Whether each filter of a dense layer has its own step, as filters of convolutions do, or
        all share one.
    levels : int
        The largest weight of those that share a step, in steps, as the converter has it.
    """
    import keras

    sample = windows[:: -(-len(windows) // _WINDOWS)]
    inputs = sample.reshape(-1, *model.input_shape[1:])
    layers = [layer for layer in _weighted(model) if 1 < _weights_of(layer).shape[0] <= _LARGEST]
    # The inputs of each layer before any is rounded, in one go.
    float_inputs = _inputs(model, layers, inputs, seed)
    for layer, rows_before in zip(layers, float_inputs, strict=True):
        kernel, *bias = layer.get_weights()
        weights = _weights_of(layer)
        n_groups = weights.shape[1]
        (rows_now,) = _inputs(model, [layer], inputs, seed)
        wanted, rows = rows_before.astype(np.float64), rows_now.astype(np.float64)
        by_filter = dense_by_filter or not isinstance(layer, keras.layers.Dense)
        rounded = np.stack(
            [
                gptq(
                    weights[:, group],
                    rows[:, :, group],
                    wanted[:, :, group],
                    by_filter=by_filter,
                    levels=levels,
                )
                for group in range(n_groups)
            ],
            axis=1,
        )
        if bias:
            mean = np.einsum("kg,kgf->gf", wanted.mean(axis=0), weights)
            error = mean - np.einsum("kg,kgf->gf", rows.mean(axis=0), rounded)
            bias = [bias[0] + error.ravel().astype(np.float32)]
        layer.set_weights([rounded.reshape(kernel.shape).astype(np.float32), *bias])


def gptq(
    weights: Values,
    inputs: Values,
    float_inputs: Values | None = None,
    *,
    by_filter: bool = True,
    levels: int = EIGHT_BITS,
) -> Values:
    """Weights on a grid for each filter, or for all, chosen for some inputs.

    Parameters
    ----------
    weights : (k, filters) float64
    inputs : (n, k) float64
        What they are multiplied with.
    float_inputs : (n, k) float64, optional
        What they would be multiplied with if no layer before had been rounded; the errors of those
        layers are compensated for here, as far as they can be.
    by_filter : bool
        Whether each filter has its own step.
    levels : int
        The largest weight of those that share a step, in steps.

    Returns
    -------
    (k, filters) float64
        Each a whole number of steps. The largest of those that share a step keeps its value, since
        converters take the step from it.
    """
    moments = inputs.T @ inputs / len(inputs)
    damping = _DAMPING * np.trace(moments) / len(moments) + 1e-12
    moments += np.eye(len(moments)) * damping
    if float_inputs is not None:
        target = inputs.T @ (float_inputs @ weights) / len(inputs) + damping * weights
        weights = np.linalg.solve(moments, target)
    sizes = np.abs(weights)
    peaks = sizes.max(axis=0) if by_filter else np.full(weights.shape[1], sizes.max())
    largest = np.where(sizes.max(axis=0) == peaks, sizes.argmax(axis=0), -1)
    step = peaks / levels
    step[step == 0.0] = 1.0
    # Weights of the strongest inputs come first, while many are left to compensate for them.
    order = np.argsort(-np.diag(moments))
    upper = np.linalg.cholesky(np.linalg.inv(moments[np.ix_(order, order)])).T
    left, found = weights[order].copy(), np.empty_like(weights)
    for place, row in enumerate(order):
        near = np.clip(np.round(left[place] / step), -levels, levels) * step
        near = np.where(largest == row, weights[row], near)
        found[row] = near
        error = (left[place] - near) / upper[place, place]
        left[place + 1 :] -= np.outer(upper[place, place + 1 :], error)
    return found


def _weighted(model: Any) -> list[Any]:
    from keras.layers import Conv1D, Conv2D, Dense, DepthwiseConv2D

    kinds = (Conv1D, Conv2D, Dense, DepthwiseConv2D)
    return [layer for layer in model.layers if isinstance(layer, kinds)]


def _weights_of(layer: Any) -> Values:
    """(weights of a filter, groups, filters): each channel of a depthwise layer is a group."""
    import keras

    kernel = layer.get_weights()[0]
    n_groups = kernel.shape[-2] if isinstance(layer, keras.layers.DepthwiseConv2D) else 1
    weights: Values = kernel.reshape(-1, n_groups, kernel.shape[-1]).astype(np.float64)
    return weights


def _inputs(
    model: Any, layers: list[Any], windows: npt.NDArray[np.float32], seed: int
) -> list[npt.NDArray[np.float32]]:
    """What the filters of layers are multiplied with: (n, weights of a filter, groups) each."""
    import keras
    import tensorflow as tf

    nodes = calls(model)  # a layer may be called several times
    before = keras.Model(
        model.inputs,
        {layer.name: [node.input_tensors[0] for node in nodes[layer.name]] for layer in layers},
    )
    run = tf.function(lambda x: before(x, training=False))
    # The positions of a layer do not depend on the others in `layers`.
    generators = [np.random.default_rng([seed, _weighted(model).index(layer)]) for layer in layers]
    rows: list[list[npt.NDArray[np.float32]]] = [[] for _ in layers]
    for start in range(0, len(windows), _BATCH):
        # Every batch has the same size, so that the graph is made once; the surplus is left out.
        part = windows[start : start + _BATCH]
        n = len(part)
        part = np.concatenate([part, part[:1].repeat(_BATCH - n, axis=0)])
        given = run(tf.constant(part))
        for layer, generator, found in zip(layers, generators, rows, strict=True):
            for tensor in given[layer.name]:
                x = tensor.numpy()[:n]
                if isinstance(layer, keras.layers.Dense):
                    found.append(x.reshape(-1, x.shape[-1]))
                else:
                    found.append(_patches(layer, x, generator))
    return [
        np.concatenate(found).reshape(-1, *_weights_of(layer).shape[:2])
        for layer, found in zip(layers, rows, strict=True)
    ]


def _patches(
    layer: Any, x: npt.NDArray[np.float32], generator: np.random.Generator
) -> npt.NDArray[np.float32]:
    """The inputs of a convolution at random positions: (n * positions, weights of a filter)."""
    import keras

    def pair(value: Any) -> list[int]:
        return [int(item) for item in value] if len(value) == 2 else [int(value[0]), 1]

    if x.ndim == 3:
        x = x[:, :, np.newaxis]
    size, strides, rates = map(pair, (layer.kernel_size, layer.strides, layer.dilation_rate))
    spans = [(taps - 1) * rate + 1 for taps, rate in zip(size, rates, strict=True)]
    if layer.padding == "same":
        positions = [-(-n // step) for n, step in zip(x.shape[1:3], strides, strict=True)]
        missing = [
            max((n_positions - 1) * step + span - n, 0)
            for n_positions, step, span, n in zip(
                positions, strides, spans, x.shape[1:3], strict=True
            )
        ]
        x = np.pad(x, [(0, 0), *((more // 2, more - more // 2) for more in missing), (0, 0)])
    else:
        positions = [
            (n - span) // step + 1
            for n, span, step in zip(x.shape[1:3], spans, strides, strict=True)
        ]
    values = size[0] * size[1] * x.shape[-1]
    n_rows = _ROWS_PER_WINDOW
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        n_rows = min(n_rows, max(_FEWEST_ROWS, _MOST_VALUES // values))
    chosen = generator.permutation(positions[0] * positions[1])[:n_rows]
    found = []
    for position in chosen:
        top, left = (position // positions[1]) * strides[0], (position % positions[1]) * strides[1]
        rows = slice(top, top + spans[0], rates[0])
        found.append(x[:, rows, left : left + spans[1] : rates[1]].reshape(len(x), -1))
    return np.stack(found, axis=1).reshape(-1, found[0].shape[-1])
