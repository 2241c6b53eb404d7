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

    kinds = (
        keras.layers.Conv1D,
        keras.layers.Conv2D,
        keras.layers.Dense,
        keras.layers.DepthwiseConv2D,
    )
    whole = keras.models.clone_model(model)
    whole.set_weights(model.get_weights())
    layers = [layer for layer in model.layers if isinstance(layer, kinds)]
    some = windows[:: -(-len(windows) // _WINDOWS)]
    inputs = some.reshape(-1, *model.input_shape[1:])
    for place, layer in enumerate(layers):
        kernel, *bias = layer.get_weights()
        # Each filter of a depthwise convolution hears one channel, any other all of them.
        n_groups = kernel.shape[-2] if isinstance(layer, keras.layers.DepthwiseConv2D) else 1
        weights = kernel.reshape(-1, n_groups, kernel.shape[-1])
        weights = weights.astype(np.float64)
        if not 1 < len(weights) <= _LARGEST:
            continue
        rows, wanted = (
            _inputs(
                net, net.get_layer(layer.name), inputs, np.random.default_rng([seed, place])
            ).reshape(-1, len(weights), n_groups)
            for net in (model, whole)
        )
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


def _inputs(
    model: Any, layer: Any, windows: npt.NDArray[np.float32], generator: np.random.Generator
) -> Values:
    """What a layer's filters are multiplied with: (n, weights of a filter)."""
    import keras

    before = keras.Model(model.inputs, layer.input)
    rows = []
    for window in np.array_split(windows, max(1, len(windows) // 16)):
        x = np.asarray(before(window, training=False))
        if isinstance(layer, keras.layers.Dense):
            rows.append(x.reshape(-1, x.shape[-1]))
            continue
        patches = _patches(layer, x)
        chosen = generator.permutation(patches.shape[1])[:_ROWS_PER_WINDOW]
        rows.append(patches[:, chosen].reshape(-1, patches.shape[-1]))
    return np.concatenate(rows).astype(np.float64)


def _patches(layer: Any, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The input of a convolution at each of its places: (n, places, weights of a filter)."""
    import tensorflow as tf

    def pair(value: Any) -> list[int]:
        return [int(item) for item in value] if len(value) == 2 else [int(value[0]), 1]

    if x.ndim == 3:
        x = x[:, :, np.newaxis]
    size, strides, rates = map(pair, (layer.kernel_size, layer.strides, layer.dilation_rate))
    found = tf.image.extract_patches(
        x, [1, *size, 1], [1, *strides, 1], [1, *rates, 1], layer.padding.upper()
    ).numpy()
    return np.asarray(found.reshape(len(x), -1, found.shape[-1]))
