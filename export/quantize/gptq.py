"""Rounding weights to eight bits so that what layers say changes least.

Rounded one by one, weights are each off by half a step, and inputs that are never negative and much
alike add such errors up. Here they are rounded in turn, and those still to come take over what was
lost, here and in the layers before, as far as the layer's real inputs let them (Frantar and others,
"GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers", ICLR 2023,
after Hassibi and Stork's optimal brain surgeon, 1993). What is left on average goes into the bias
(Nagel and others, "Data-free quantization through weight equalization and bias correction", ICCV
2019).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

_LEVELS = 127
"""Converters use -127 to 127, one step for each filter"""
_WINDOWS = 200
"""More representative windows than this tell nothing new"""
_ROWS_PER_WINDOW = 64
"""Places where a convolution is looked at in each window"""
_AT_ONCE = 16
_DAMPING = 0.001
"""Of the mean square of the inputs, added to each: those that never vary stay as they are"""
_LARGEST = 8192
"""Weights of a filter; beyond it the inverse takes too long"""


def round_weights(
    model: Any, windows: npt.NDArray[np.float32], seed: int, *, dense_by_filter: bool = True
) -> None:
    """Put the weights of a network's convolutions and dense layers onto the grid of eight bits.

    A converter that quantizes symmetrically, by filter, then finds them there and leaves them.

    Parameters
    ----------
    model : keras.Model
        Changed in place.
    windows : (n, frames, coefficients) float32
        What it hears: representative windows, normalised.
    seed : int
        Of the places that are looked at.
    dense_by_filter : bool
        Whether each filter of a dense layer has a step of its own, as those of convolutions do,
        or all have one.
    """
    import keras

    some = windows[:: -(-len(windows) // _WINDOWS)]
    inputs = some.reshape(-1, *model.input_shape[1:])
    layers = [layer for layer in _weighted(model) if 1 < _weights_of(layer).shape[0] <= _LARGEST]
    # What each layer is given before any is rounded, in one go.
    untouched = _inputs(model, layers, inputs, seed)
    for layer, rows_before in zip(layers, untouched, strict=True):
        kernel, *bias = layer.get_weights()
        weights = _weights_of(layer)
        n_groups = weights.shape[1]
        (rows_now,) = _inputs(model, [layer], inputs, seed)
        wanted, rows = rows_before.astype(np.float64), rows_now.astype(np.float64)
        by_filter = dense_by_filter or not isinstance(layer, keras.layers.Dense)
        rounded = np.stack(
            [
                rounded_weights(
                    weights[:, own], rows[:, :, own], wanted[:, :, own], by_filter=by_filter
                )
                for own in range(n_groups)
            ],
            axis=1,
        )
        if bias:
            said = np.einsum("kg,kgf->gf", wanted.mean(axis=0), weights)
            lost = said - np.einsum("kg,kgf->gf", rows.mean(axis=0), rounded)
            bias = [bias[0] + lost.ravel().astype(np.float32)]
        layer.set_weights([rounded.reshape(kernel.shape).astype(np.float32), *bias])


def rounded_weights(
    weights: Values, inputs: Values, whole: Values | None = None, *, by_filter: bool = True
) -> Values:
    """Weights on a grid of 255 steps for each filter, or for all, chosen for some inputs.

    Parameters
    ----------
    weights : (k, filters) float64
    inputs : (n, k) float64
        What they are multiplied with.
    whole : (n, k) float64, optional
        What they would be multiplied with if no layer before had been rounded: what those lost is
        made up for here, as far as it can.
    by_filter : bool
        Whether each filter has a step of its own.

    Returns
    -------
    (k, filters) float64
        Each a whole number of steps; the largest that share a step stays as it is, since
        converters take the step from it.
    """
    moments = inputs.T @ inputs / len(inputs)
    damping = _DAMPING * np.trace(moments) / len(moments) + 1e-12
    moments += np.eye(len(moments)) * damping
    if whole is not None:
        asked = inputs.T @ (whole @ weights) / len(inputs) + damping * weights
        weights = np.linalg.solve(moments, asked)
    sizes = np.abs(weights)
    peaks = sizes.max(axis=0) if by_filter else np.full(weights.shape[1], sizes.max())
    largest = np.where(sizes.max(axis=0) == peaks, sizes.argmax(axis=0), -1)
    step = peaks / _LEVELS
    step[step == 0.0] = 1.0
    # The inputs that weigh most come first, while there are many left to make up for them.
    order = np.argsort(-np.diag(moments))
    upper = np.linalg.cholesky(np.linalg.inv(moments[np.ix_(order, order)])).T
    left, found = weights[order].copy(), np.empty_like(weights)
    for place, row in enumerate(order):
        near = np.clip(np.round(left[place] / step), -_LEVELS, _LEVELS) * step
        near = np.where(largest == row, weights[row], near)
        found[row] = near
        lost = (left[place] - near) / upper[place, place]
        left[place + 1 :] -= np.outer(upper[place, place + 1 :], lost)
    return found


def _weighted(model: Any) -> list[Any]:
    from keras.layers import Conv1D, Conv2D, Dense, DepthwiseConv2D

    kinds = (Conv1D, Conv2D, Dense, DepthwiseConv2D)
    return [layer for layer in model.layers if isinstance(layer, kinds)]


def _weights_of(layer: Any) -> Values:
    """(weights of a filter, groups, filters): a depthwise filter hears its own channel only."""
    import keras

    kernel = layer.get_weights()[0]
    n_groups = kernel.shape[-2] if isinstance(layer, keras.layers.DepthwiseConv2D) else 1
    weights: Values = kernel.reshape(-1, n_groups, kernel.shape[-1]).astype(np.float64)
    return weights


def _inputs(
    model: Any, layers: list[Any], windows: npt.NDArray[np.float32], seed: int
) -> list[npt.NDArray[np.float32]]:
    """What filters of some layers are multiplied with: (n, weights of a filter, groups) each."""
    import keras
    import tensorflow as tf

    before = keras.Model(model.inputs, {layer.name: layer.input for layer in layers})
    run = tf.function(lambda x: before(x, training=False))
    # Places are the same whichever layers are asked for together.
    generators = [np.random.default_rng([seed, _weighted(model).index(layer)]) for layer in layers]
    rows: list[list[npt.NDArray[np.float32]]] = [[] for _ in layers]
    for start in range(0, len(windows), _AT_ONCE):
        # One size throughout, so that the graph is made once; the surplus is left out.
        part = windows[start : start + _AT_ONCE]
        n = len(part)
        part = np.concatenate([part, part[:1].repeat(_AT_ONCE - n, axis=0)])
        given = run(tf.constant(part))
        for layer, generator, own in zip(layers, generators, rows, strict=True):
            x = given[layer.name].numpy()[:n]
            if isinstance(layer, keras.layers.Dense):
                own.append(x.reshape(-1, x.shape[-1]))
                continue
            own.append(_patches(layer, x, generator))
    return [
        np.concatenate(own).reshape(-1, *_weights_of(layer).shape[:2])
        for layer, own in zip(layers, rows, strict=True)
    ]


def _patches(
    layer: Any, x: npt.NDArray[np.float32], generator: np.random.Generator
) -> npt.NDArray[np.float32]:
    """The input of a convolution at some of its places: (n * places, weights of a filter)."""

    def pair(value: Any) -> list[int]:
        return [int(item) for item in value] if len(value) == 2 else [int(value[0]), 1]

    if x.ndim == 3:
        x = x[:, :, np.newaxis]
    size, strides, rates = map(pair, (layer.kernel_size, layer.strides, layer.dilation_rate))
    spans = [(taps - 1) * rate + 1 for taps, rate in zip(size, rates, strict=True)]
    if layer.padding == "same":
        places = [-(-n // step) for n, step in zip(x.shape[1:3], strides, strict=True)]
        missing = [
            max((n_places - 1) * step + span - n, 0)
            for n_places, step, span, n in zip(places, strides, spans, x.shape[1:3], strict=True)
        ]
        x = np.pad(x, [(0, 0), *((more // 2, more - more // 2) for more in missing), (0, 0)])
    else:
        places = [
            (n - span) // step + 1
            for n, span, step in zip(x.shape[1:3], spans, strides, strict=True)
        ]
    chosen = generator.permutation(places[0] * places[1])[:_ROWS_PER_WINDOW]
    found = []
    for place in chosen:
        top, left = (place // places[1]) * strides[0], (place % places[1]) * strides[1]
        rows = slice(top, top + spans[0], rates[0])
        found.append(x[:, rows, left : left + spans[1] : rates[1]].reshape(len(x), -1))
    return np.stack(found, axis=1).reshape(-1, found[0].shape[-1])
