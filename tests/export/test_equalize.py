"""A network that is equalized for int8 gives the same posteriors."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from scipy.special import softmax

from export.formats import FORMATS
from export.formats.conversion import FLOAT32
from export.formats.unsupported import unconvertible_layer
from export.macs import multiply_accumulates
from export.quantize.equalize import equalized, shift_logits
from export.run import logits_model
from train.models import NETWORKS

SHAPE = (40, 12)


def with_normalisation(model: Any) -> Any:
    """Batch normalisation as training leaves it, negative scales included."""
    generator = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            values = [generator.normal(0.5, 1.0, w.shape) for w in layer.get_weights()]
            layer.set_weights([*values[:-1], np.abs(values[-1]) + 0.1])
    return model


def network(*middle: Any) -> Any:
    tensor = inputs = keras.Input((*SHAPE, 1))
    for layer in middle:
        tensor = layer(tensor)
    return with_normalisation(keras.Model(inputs, layers.Dense(5)(layers.Flatten()(tensor))))


NETWORK_CASES = {
    "seed-cnn": lambda: with_normalisation(logits_model(NETWORKS["seed-cnn"].build(SHAPE, 5))),
    "padded": lambda: network(
        layers.Conv2D(4, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.BatchNormalization(),
        layers.Conv2D(6, 3, padding="same", activation="relu"),
    ),
    "behind-a-convolution": lambda: network(
        layers.Conv2D(4, 3, use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Conv2D(4, 3, activation="elu"),
        layers.BatchNormalization(scale=False),
        layers.Dropout(0.5),
    ),
    "crnn": lambda: with_normalisation(logits_model(NETWORKS["crnn"].build((32, 16), 5))),
}


@pytest.mark.parametrize("case", NETWORK_CASES)
def test_an_equalized_network_gives_the_same_posteriors(case: str) -> None:
    keras.utils.set_random_seed(1)
    model = NETWORK_CASES[case]()
    windows = np.random.default_rng(2).normal(0, 1, (8, *model.input_shape[1:3])).astype("f4")
    before = model.predict(windows[..., np.newaxis], verbose=0)
    after = equalized(model, windows).predict(windows[..., np.newaxis], verbose=0)
    np.testing.assert_allclose(softmax(after, 1), softmax(before, 1), atol=1e-5)
    np.testing.assert_array_equal(model.predict(windows[..., np.newaxis], verbose=0), before)


def test_normalisation_behind_pooling_is_folded_and_channels_fill_their_range() -> None:
    keras.utils.set_random_seed(1)
    model = NETWORK_CASES["seed-cnn"]()
    windows = np.random.default_rng(2).normal(0, 1, (8, *SHAPE)).astype("f4")
    new = equalized(model, windows)
    assert not any(isinstance(layer, layers.BatchNormalization) for layer in new.layers)
    first = next(layer for layer in new.layers if isinstance(layer, layers.Conv2D))
    probe = keras.Model(new.inputs, first.output).predict(windows[..., np.newaxis], verbose=0)
    peaks = probe.reshape(-1, probe.shape[-1]).max(axis=0)
    np.testing.assert_allclose(peaks, peaks.max(), rtol=1e-4)
    assert np.abs(new.predict(windows[..., np.newaxis], verbose=0).mean(axis=1)).max() < 1e-5


def test_logits_are_shifted_by_the_last_bias() -> None:
    model = network(layers.Conv2D(2, 3))
    windows = np.zeros((1, *SHAPE, 1), np.float32)
    before = model.predict(windows, verbose=0)
    shift_logits(model, np.arange(5.0))
    np.testing.assert_allclose(model.predict(windows, verbose=0) - before, [np.arange(5.0)])


def test_multiply_accumulates_are_counted_by_hand() -> None:
    inputs = keras.Input((10, 8, 1))
    x = layers.Conv2D(4, 3)(inputs)  # 8 x 6 positions of 3 x 3 x 1 x 4
    x = layers.DepthwiseConv2D(3, padding="same")(x)  # 8 x 6 positions of 3 x 3 x 4
    x = layers.SeparableConv2D(5, 3, padding="same")(x)  # ... of 3 x 3 x 4, then 4 x 5
    x = layers.Reshape((8, 30))(x)
    x = layers.GRU(7, unroll=True)(x)  # 8 steps of 3 gates of (30 + 7) x 7
    model = keras.Model(inputs, layers.Dense(2)(x))
    expected = 48 * 36 + 48 * 36 + 48 * (36 + 20) + 8 * 3 * 37 * 7 + 14
    assert multiply_accumulates(model) == expected


@pytest.mark.parametrize("fmt", ["tflite", "onnx"])
def test_the_layer_that_a_converter_cannot_take_is_named(fmt: str) -> None:
    class Strange(layers.Layer):  # type: ignore[misc]  # keras is untyped
        def call(self, x: Any) -> Any:
            return keras.ops.erfinv(keras.ops.tanh(x))

    model = network(layers.Conv2D(2, 3), Strange(name="odd_one"))
    named = unconvertible_layer(model, FORMATS[fmt].convert)
    assert named == "layer 'odd_one' (Strange)"
    assert unconvertible_layer(network(layers.Conv2D(2, 3)), FORMATS[fmt].convert) is None
    assert FORMATS[fmt].quantizations[0] == FLOAT32


def test_arithmetic_that_a_converter_cannot_take_is_named() -> None:
    features = keras.Input((10, 8, 1))
    squeezed = keras.ops.tanh(layers.Conv2D(2, 3)(features))
    model = keras.Model(features, layers.Dense(2)(layers.Flatten()(keras.ops.erfinv(squeezed))))
    named = unconvertible_layer(model, FORMATS["tflite"].convert)
    assert named == "layer 'erfinv' (Erfinv)"
