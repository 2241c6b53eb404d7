"""Batch normalisation folded and channels equalized, so that quantization loses less.

The outputs of a float network stay the same. A quantized one has fewer tensors to round, and the
channels of a tensor, which share one step, fill its range equally.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .last_layers import last_layers

_SMALLEST_RANGE = 1e-3
"""Of a channel, as a share of the largest: a nearly constant one is not amplified further"""


def equalized(model: Any, windows: npt.NDArray[np.float32]) -> Any:
    """A copy of a network of logits, made ready for int8.

    In a plain chain of layers, batch normalisation behind a pooling is folded forwards into the
    next layer (the converters fold it only backwards into a convolution). Then the channels of
    each convolution are scaled to the same range, and the next layer scales them back (Nagel et
    al., "Data-free quantization through weight equalization and bias correction", ICCV 2019). In
    any network whose labels' logits come from a dense layer, their mean is taken out of them, which
    changes no softmax.

    Parameters
    ----------
    model : keras.Model
        Gives logits.
    windows : (n, frames, coefficients) float32
        Representative windows, for the ranges of the channels.
    """
    import keras

    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    if _is_chain(layers):
        model = _fold_batch_norm(model, layers)
        _equalize_channels(model, windows)
    else:
        model = _copied(model)
    _centre(last_layers(model)[0])
    return model


def shift_logits(model: Any, by: npt.NDArray[np.float64]) -> None:
    """Add `by` to the outputs that come from dense layers with a bias.

    What other layers take as well stays as it is: it would be shifted for them, too.
    """
    import keras

    layers = last_layers(model)
    ends = np.cumsum([layer.output.shape[-1] for layer in layers])
    for layer, own in zip(layers, np.split(by, ends[:-1]), strict=True):
        is_dense = isinstance(layer, keras.layers.Dense) and layer.use_bias
        if is_dense and len(layer._outbound_nodes) <= 1:
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel, bias + own])


def _is_chain(layers: list[Any]) -> bool:
    from keras.layers import (
        AveragePooling2D,
        BatchNormalization,
        Conv2D,
        Dense,
        Dropout,
        Flatten,
        MaxPooling2D,
    )

    known = (
        Conv2D, Dense, BatchNormalization, Dropout, Flatten, MaxPooling2D, AveragePooling2D,
    )  # fmt: skip
    # Each of these takes one tensor, so whatever is made of them alone is one path.
    return all(type(layer) in known and getattr(layer, "groups", 1) == 1 for layer in layers)


def _fold_batch_norm(model: Any, layers: list[Any]) -> Any:
    """The chain again, with each batch normalisation multiplied into the layer that follows it."""
    import keras
    from keras.layers import BatchNormalization, Dropout

    inputs = keras.Input(model.input_shape[1:], name="features")
    tensor = inputs
    scale: npt.NDArray[np.float64] | None = None
    shift: npt.NDArray[np.float64] | None = None
    for position, layer in enumerate(layers):
        if isinstance(layer, Dropout):
            continue
        if isinstance(layer, BatchNormalization) and _folds_forwards(layers[position + 1 :]):
            scale, shift = _affine(layer)
            continue
        copy = type(layer).from_config(layer.get_config())
        tensor = copy(tensor)
        weights = layer.get_weights()
        if scale is not None and shift is not None and weights:
            kernel, *bias = (np.asarray(value, np.float64) for value in weights)
            # Behind a Flatten, the channels repeat: they are the fastest axis.
            repeats = kernel.shape[-2] // len(scale)
            through = kernel.reshape(-1, *kernel.shape[-2:]).sum(axis=0)
            kernel = kernel * np.tile(scale, repeats)[:, np.newaxis]
            weights = [kernel, bias[0] + np.tile(shift, repeats) @ through]
            scale = shift = None
        copy.set_weights(weights)
    return keras.Model(inputs, tensor, name=model.name)


def _folds_forwards(following: list[Any]) -> bool:
    """Whether the next layer with weights takes a shift of its input without error.

    Zero padding behind the shift would not be shifted, and pooling and activations do not commute
    with a negative scale.
    """
    from keras.layers import Conv2D, Dense, Dropout, Flatten

    for layer in following:
        if isinstance(layer, Dense):
            return bool(layer.use_bias)
        if isinstance(layer, Conv2D):
            return bool(layer.use_bias) and layer.padding == "valid"
        if not isinstance(layer, (Dropout, Flatten)):
            return False
    return False


def _affine(layer: Any) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    mean, variance = (
        np.asarray(value, np.float64) for value in (layer.moving_mean, layer.moving_variance)
    )
    gamma = np.asarray(layer.gamma, np.float64) if layer.scale else np.ones_like(mean)
    beta = np.asarray(layer.beta, np.float64) if layer.center else np.zeros_like(mean)
    scale = gamma / np.sqrt(variance + layer.epsilon)
    return scale, beta - mean * scale


def _equalize_channels(model: Any, windows: npt.NDArray[np.float32]) -> None:
    """Scale the channels between a convolution and the layer behind it, in place.

    Only behind ReLU (which a positive scale passes through) and with nothing but pooling between.
    The outputs of dense layers stay: measured, equal ranges there cost more than they bring.
    """
    import keras
    from keras.layers import AveragePooling2D, Conv2D, Dense, Flatten, MaxPooling2D

    layers = model.layers
    pairs = []
    for position, layer in enumerate(layers):
        following = (
            item
            for item in layers[position + 1 :]
            if not isinstance(item, (MaxPooling2D, AveragePooling2D, Flatten))
        )
        after = next(following, None)
        if (
            isinstance(layer, Conv2D)
            and isinstance(after, (Conv2D, Dense))
            and layer.use_bias
            and layer.activation is keras.activations.relu
        ):
            pairs.append((layer, after))
    if not pairs:
        return
    probe = keras.Model(model.inputs, [layer.output for layer, _ in pairs])
    peaks = probe.predict(windows.reshape(-1, *model.input_shape[1:]), verbose=0)
    for (layer, after), values in zip(pairs, peaks if len(pairs) > 1 else [peaks], strict=True):
        peak = values.reshape(-1, values.shape[-1]).max(axis=0).astype(np.float64)
        size = np.maximum(peak / max(peak.max(), 1e-12), _SMALLEST_RANGE)
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel / size, bias / size])
        kernel, *rest = after.get_weights()
        repeats = kernel.shape[-2] // len(size)
        after.set_weights([kernel * np.tile(size, repeats)[:, np.newaxis], *rest])


def _centre(last: Any) -> None:
    import keras

    if isinstance(last, keras.layers.Dense) and last.activation is keras.activations.linear:
        last.set_weights(
            [value - value.mean(axis=-1, keepdims=True) for value in last.get_weights()]
        )


def _copied(model: Any) -> Any:
    import keras

    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy
