"""GPTQ: weights rounded in turn."""

from __future__ import annotations

import numpy as np
import pytest

from export.quantize.gptq import _inputs, apply_gptq, gptq


def nearest(weights: np.ndarray) -> np.ndarray:
    step = np.abs(weights).max(axis=0) / 127
    return np.asarray(np.round(weights / step) * step)


@pytest.mark.parametrize("seed", range(3))
def test_gptq_loses_less_than_plain_rounding_on_inputs_that_are_alike(seed: int) -> None:
    generator = np.random.default_rng(seed)
    # Never negative, and moving together: the inputs of a layer behind ReLU.
    inputs = np.abs(generator.standard_normal((400, 4)) @ generator.standard_normal((4, 60)))
    weights = generator.standard_normal((60, 5))
    found = gptq(weights, inputs)
    lost = np.abs(inputs @ (found - weights)).mean()
    assert lost < 0.5 * np.abs(inputs @ (nearest(weights) - weights)).mean()


def test_weights_lie_on_the_grid_that_a_converter_takes_from_them() -> None:
    generator = np.random.default_rng(0)
    weights = generator.standard_normal((40, 6))
    weights[:, 5] = 0.0
    found = gptq(weights, generator.standard_normal((200, 40)))
    assert np.array_equal(np.abs(found).max(axis=0), np.abs(weights).max(axis=0))
    steps = found[:, :5] / (np.abs(weights[:, :5]).max(axis=0) / 127)
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-9)
    assert np.abs(steps).max() < 127.5
    assert not found[:, 5].any()


def test_errors_of_earlier_layers_are_compensated() -> None:
    generator = np.random.default_rng(0)
    whole = np.abs(generator.standard_normal((400, 4)) @ generator.standard_normal((4, 60)))
    # Rounding does this to channels: each is off by a factor of its own.
    moved = whole * generator.uniform(0.9, 1.1, 60)
    weights = generator.standard_normal((60, 5))
    lost, left = (
        np.abs(moved @ found - whole @ weights).mean()
        for found in (gptq(weights, moved), gptq(weights, moved, whole))
    )
    assert left < 0.3 * lost


def test_a_network_of_rounded_weights_gives_nearly_the_same() -> None:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    inputs = keras.Input((20, 8, 1))
    x = layers.Conv2D(6, (3, 3), strides=(2, 1), padding="same", activation="relu")(inputs)
    x = layers.DepthwiseConv2D(1)(x)
    x = layers.Reshape((10, 48))(x)
    x = layers.Conv1D(5, 3, dilation_rate=2, activation="relu")(x)
    x = layers.GlobalMaxPooling1D()(x)
    model = keras.Model(inputs, layers.Dense(4, use_bias=False)(x))
    windows = np.random.default_rng(0).standard_normal((60, 20, 8)).astype(np.float32)
    before = model.predict(windows[..., np.newaxis], verbose=0)
    before_gptq = {layer.name: layer.get_weights() for layer in model.layers if layer.get_weights()}
    apply_gptq(model, windows, 0)
    after = model.predict(windows[..., np.newaxis], verbose=0)
    with_gptq = np.abs(after - before).mean()
    for layer in model.layers:
        if layer.name in before_gptq and not isinstance(layer, layers.DepthwiseConv2D):
            kernel, *bias = before_gptq[layer.name]
            flat = nearest(kernel.reshape(-1, kernel.shape[-1]))
            layer.set_weights([flat.reshape(kernel.shape).astype(np.float32), *bias])
    plain = np.abs(model.predict(windows[..., np.newaxis], verbose=0) - before).mean()
    assert 0.0 < with_gptq < plain


def test_a_depthwise_layer_of_very_many_channels_takes_fewer_positions_and_loses_little() -> None:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(512, 1, activation="relu")(inputs)
    x = layers.DepthwiseConv2D(3, padding="same", activation="relu")(x)
    model = keras.Model(inputs, layers.Dense(4)(layers.GlobalAveragePooling2D()(x)))
    windows = np.random.default_rng(0).standard_normal((40, 8, 8)).astype(np.float32)
    before = model.predict(windows[..., np.newaxis], verbose=0)
    depthwise = model.layers[2]
    (rows,) = _inputs(model, [depthwise], windows[..., np.newaxis], 0)
    assert rows.shape == (40 * 28, 9, 512)  # of 64 positions
    apply_gptq(model, windows, 0)
    after = model.predict(windows[..., np.newaxis], verbose=0)
    assert np.abs(after - before).mean() < 0.01 * np.abs(before).mean()
