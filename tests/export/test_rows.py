"""Rows as images of a batch: the same answers."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from export.conversion import FLOAT32
from export.rows import in_rows
from export.tflite import convert

SHAPE = (40, 24, 2)

CASES: dict[str, tuple[Any, ...]] = {
    "long in frequency": (layers.Conv2D(3, (1, 16), activation="relu"),),
    "... at its loudest place": (
        layers.Conv2D(3, (1, 16), activation="relu"),
        layers.MaxPooling2D((1, 9)),
    ),
    "long in time": (layers.Conv2D(3, (16, 1)),),
    "... at its loudest band": (
        layers.Conv2D(3, (16, 1), activation="relu"),
        layers.MaxPooling2D((1, 24)),
    ),
    "... at the loudest of pairs of bands": (
        layers.Conv2D(3, (16, 1), activation="relu"),
        layers.MaxPooling2D((1, 2)),
    ),
}


def network(*middle: Any) -> Any:
    tensor = inputs = keras.Input(SHAPE)
    for layer in middle:
        tensor = type(layer).from_config(layer.get_config())(tensor)
    return keras.Model(inputs, layers.Dense(5)(layers.Flatten()(tensor)))


@pytest.mark.parametrize("case", CASES)
def test_rows_as_images_answer_alike(case: str) -> None:
    keras.utils.set_random_seed(0)
    plain = network(*CASES[case])
    windows = np.random.default_rng(0).standard_normal((3, *SHAPE)).astype(np.float32)
    wanted = plain.predict(windows, verbose=0)
    changed = in_rows(plain)
    assert changed is not plain
    # Every long filter sees one row at a time now.
    seen = [layer.output.shape for layer in changed.layers if isinstance(layer, layers.Conv2D)]
    assert all(1 in shape[1:3] for shape in seen)
    np.testing.assert_allclose(changed.predict(windows, verbose=0), wanted, atol=1e-5)


def test_two_that_are_pooled_keep_apart() -> None:
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
    np.testing.assert_allclose(in_rows(plain).predict(windows, verbose=0), wanted, atol=1e-5)


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(3, (5, 1)),
        layers.Conv2D(3, (16, 2)),
        layers.Conv2D(3, (16, 1), strides=(2, 1)),
        layers.Conv2D(3, (1, 16), padding="same"),
    ],
    ids=["short", "wide", "strided", "padded"],
)
def test_other_filters_stay_as_they_are(layer: Any) -> None:
    plain = network(layer)
    assert in_rows(plain) is plain


def test_a_converted_network_answers_alike() -> None:
    from ai_edge_litert.interpreter import Interpreter

    keras.utils.set_random_seed(0)
    plain = network(*CASES["... at its loudest band"])
    window = np.random.default_rng(0).standard_normal((1, *SHAPE)).astype(np.float32)
    made = convert(plain, FLOAT32, window)
    interpreter = Interpreter(model_content=made.network)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], window)
    interpreter.invoke()
    found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(found, plain.predict(window, verbose=0), atol=1e-5)
