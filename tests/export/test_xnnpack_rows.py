"""Rows as images of a batch: the same outputs."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers

from export.formats.conversion import FLOAT32
from export.formats.tflite import convert
from export.formats.xnnpack_blocks import block_kernel, blocks_per_filter, positions_per_block
from export.formats.xnnpack_rows import rows_as_images
from export.quantize.last_layers import last_layers
from export.run import logits_model

SHAPE = (40, 24, 2)

CASES: dict[str, tuple[Any, ...]] = {
    "long in frequency": (layers.Conv2D(3, (1, 16), activation="relu"),),
    "... maximum over positions": (
        layers.Conv2D(3, (1, 16), activation="relu"),
        layers.MaxPooling2D((1, 9)),
    ),
    "long in time": (layers.Conv2D(3, (16, 1)),),
    "... maximum over bands": (
        layers.Conv2D(3, (16, 1), activation="relu"),
        layers.MaxPooling2D((1, 24)),
    ),
    "... maximum over pairs of bands": (
        layers.Conv2D(3, (16, 1), activation="relu"),
        layers.MaxPooling2D((1, 2)),
    ),
    "positions in whole blocks": (
        layers.Conv2D(3, (1, 13), activation="relu"),
        layers.MaxPooling2D((1, 12)),
    ),
    "one whole block and a part": (
        layers.Conv2D(3, (1, 19), activation="relu"),
        layers.MaxPooling2D((1, 6)),
    ),
    "fewer positions than a block": (
        layers.Conv2D(3, (1, 22), activation="relu"),
        layers.MaxPooling2D((1, 3)),
    ),
    "as long as the sound": (layers.Conv2D(3, (40, 1)),),
    "without a bias": (layers.Conv2D(3, (16, 1), use_bias=False),),
    "an activation over all filters": (layers.Conv2D(3, (16, 1), activation="softmax"),),
    "of means of two frames": (
        layers.AveragePooling2D((2, 1), padding="same"),
        layers.Conv2D(3, (16, 1)),
    ),
    "overlapping maxima": (
        layers.Conv2D(3, (1, 16), activation="relu"),
        layers.MaxPooling2D((1, 9), strides=(1, 1)),
    ),
}


def network(*middle: Any) -> Any:
    tensor = inputs = keras.Input(SHAPE)
    for layer in middle:
        tensor = type(layer).from_config(layer.get_config())(tensor)
    return keras.Model(inputs, layers.Dense(5)(layers.Flatten()(tensor)))


@pytest.mark.parametrize("case", CASES)
def test_rows_as_images_give_the_same_outputs(case: str) -> None:
    keras.utils.set_random_seed(0)
    plain = network(*CASES[case])
    windows = np.random.default_rng(0).standard_normal((3, *SHAPE)).astype(np.float32)
    wanted = plain.predict(windows, verbose=0)
    changed = rows_as_images(plain)
    assert changed is not plain
    # Every long filter has one row at a time now.
    shapes = [layer.output.shape for layer in changed.layers if isinstance(layer, layers.Conv2D)]
    assert all(1 in shape[1:3] for shape in shapes)
    np.testing.assert_allclose(changed.predict(windows, verbose=0), wanted, atol=1e-5)


def test_a_filter_that_is_used_twice_stays_as_it_is() -> None:
    keras.utils.set_random_seed(0)
    inputs = keras.Input(SHAPE)
    shared, own = layers.Conv2D(2, (16, 1)), layers.Conv2D(2, (16, 1))
    twice = [shared(inputs), shared(layers.ReLU()(inputs)), own(inputs)]
    plain = keras.Model(inputs, layers.Dense(5)(layers.Flatten()(layers.Add()(twice))))
    windows = np.random.default_rng(0).standard_normal((3, *SHAPE)).astype(np.float32)
    wanted = plain.predict(windows, verbose=0)
    np.testing.assert_allclose(rows_as_images(plain).predict(windows, verbose=0), wanted, atol=1e-5)


def test_two_pooled_filters_do_not_mix() -> None:
    keras.utils.set_random_seed(0)
    inputs = keras.Input(SHAPE)
    pooled = [
        layers.MaxPooling2D((1, 24))(layers.Conv2D(2, (taps, 1), activation="relu")(inputs))
        for taps in (12, 20)
    ]
    cut = layers.Cropping2D(((4, 4), (0, 0)))(pooled[0])
    plain = keras.Model(inputs, layers.Dense(5)(layers.Flatten()(layers.Add()([cut, pooled[1]]))))
    windows = np.random.default_rng(0).standard_normal((3, *SHAPE)).astype(np.float32)
    wanted = plain.predict(windows, verbose=0)
    np.testing.assert_allclose(rows_as_images(plain).predict(windows, verbose=0), wanted, atol=1e-5)


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(3, (5, 1)),
        layers.Conv2D(3, (16, 2)),
        layers.Conv2D(3, (16, 1), strides=(2, 1)),
        layers.Conv2D(3, (1, 16), padding="same"),
        layers.Conv2D(3, (10, 1), dilation_rate=(2, 1)),
        layers.Conv2D(4, (16, 1), groups=2),
        layers.AveragePooling2D((2, 2)),
    ],
    ids=["short", "wide", "strided", "padded", "dilated", "grouped", "means over bands"],
)
def test_other_filters_stay_as_they_are(layer: Any) -> None:
    plain = network(layer)
    assert rows_as_images(plain) is plain


@given(
    taps=st.integers(1, 20), channels=st.integers(1, 9), filters=st.integers(1, 4),
    length=st.integers(20, 40), seed=st.integers(0, 99),
)  # fmt: skip
def test_blocks_are_the_same_sums_of_products(
    taps: int, channels: int, filters: int, length: int, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    sound = generator.integers(-9, 10, (length, channels)).astype(np.float32)
    kernel = generator.integers(-9, 10, (taps, channels, filters)).astype(np.float32)
    block = positions_per_block(channels)
    assert block * channels >= 8
    positions, covered = length - taps + 1, blocks_per_filter(taps, block)
    blocks = -(-positions // block)
    wide = np.zeros(((blocks - 1 + covered) * block, channels), np.float32)
    read = min(length, len(wide))
    wide[:read] = sound[:read]
    cut = wide.reshape(-1, block * channels)
    many = block_kernel(kernel, block)
    found = [np.einsum("bc,bcf->f", cut[b : b + covered], many) for b in range(blocks)]
    wanted = [np.einsum("kc,kcf->f", sound[p : p + taps], kernel) for p in range(positions)]
    np.testing.assert_array_equal(np.array(found).reshape(-1, filters)[:positions], wanted)


def test_a_converted_network_gives_the_same_outputs() -> None:
    from ai_edge_litert.interpreter import Interpreter

    keras.utils.set_random_seed(0)
    plain = network(*CASES["... maximum over bands"])
    window = np.random.default_rng(0).standard_normal((1, *SHAPE)).astype(np.float32)
    made = convert(plain, FLOAT32, window)
    interpreter = Interpreter(model_content=made.network)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], window)
    interpreter.invoke()
    found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(found, plain.predict(window, verbose=0), atol=1e-5)


def test_a_network_of_two_inputs_and_three_outputs_is_rewritten_branch_by_branch() -> None:
    keras.utils.set_random_seed(0)
    features = keras.Input(SHAPE)
    x = layers.Cropping2D(((0, 8), (0, 0)))(features)
    x = layers.Conv2D(3, (16, 1), activation="relu")(x)
    x = layers.Flatten()(layers.MaxPooling2D((1, 24))(x))
    y = layers.Reshape((16, 12, 2))(layers.Cropping2D(((32, 0), (0, 0)))(features))
    y = layers.Conv2D(3, (1, 10), activation="relu")(y)
    y = layers.GlobalAveragePooling2D()(y)
    tags, styles = layers.Dense(5, name="tags")(x), layers.Dense(2, name="styles")(y)
    posterior = layers.Softmax()(layers.Dense(3)(layers.Concatenate()([x, y])))
    plain = logits_model(keras.Model(features, [posterior, tags, styles]))
    window = np.random.default_rng(0).standard_normal((1, *SHAPE)).astype(np.float32)
    wanted = plain.predict(window, verbose=0)
    assert wanted.shape == (1, 10)
    rewritten = rows_as_images(plain)
    assert rewritten is not plain
    np.testing.assert_allclose(rewritten.predict(window, verbose=0), wanted, atol=1e-5)
    assert [layer.name for layer in last_layers(rewritten)[1:]] == ["tags", "styles"]
