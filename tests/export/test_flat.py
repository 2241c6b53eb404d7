"""A network that calls others, as if all layers were its own."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from edge_runtime.backends.numpy_ops.graph import read_graph
from edge_runtime.errors import ModelFileError
from export.flat import calls, flattened
from export.formats import FORMATS, numpy_graph
from export.formats.conversion import FLOAT32
from export.formats.patches_as_batch import patches_as_batch
from export.macs import multiply_accumulates
from export.quantize.gptq import apply_gptq


def nested() -> Any:
    """Two patches go through one network inside, which holds another."""
    keras.utils.set_random_seed(0)
    innermost = keras.Sequential([keras.Input((4, 6, 3)), layers.DepthwiseConv2D(3)])
    patch = keras.Input((6, 8, 1))
    x = innermost(layers.Conv2D(3, 3, activation="relu", name="shared")(patch))
    x = layers.GlobalAveragePooling2D()(x)
    inner = keras.Model(patch, {"embedding": x, "classes": layers.Dense(9)(x)}, name="inner")
    features = keras.Input((12, 8, 1))
    parts = [
        inner(layers.Cropping2D((rows, (0, 0)))(features))["embedding"] for rows in ((0, 6), (6, 0))
    ]
    return keras.Model(features, layers.Dense(2)(layers.Concatenate()(parts)))


@pytest.fixture
def windows() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((30, 12, 8)).astype(np.float32)


def test_a_flat_network_computes_the_same_with_layers_of_its_own(windows: np.ndarray) -> None:
    model = nested()
    flat = flattened(model)
    assert not any(isinstance(layer, keras.Model) for layer in flat.layers)
    assert {name: len(nodes) for name, nodes in calls(flat).items() if len(nodes) > 1} == {
        name: 2 for name in calls(flat) if name.startswith(("shared", "depthwise", "global"))
    }
    batch = windows[..., np.newaxis]
    np.testing.assert_allclose(
        flat.predict(batch, verbose=0), model.predict(batch, verbose=0), atol=1e-6
    )
    assert flattened(flat) is flat


def test_work_is_counted_for_every_call() -> None:
    # 4 x 6 positions of 9 x 3, 2 x 4 positions of 9 x 3, both twice; classes lead nowhere
    assert multiply_accumulates(flattened(nested())) == 2 * (24 * 27 + 8 * 27) + 12


def test_weights_of_layers_inside_are_rounded_for_all_patches(windows: np.ndarray) -> None:
    flat = flattened(nested())
    batch = windows[..., np.newaxis]
    before, weights = flat.predict(batch, verbose=0), flat.get_layer("shared").get_weights()[0]
    apply_gptq(flat, windows, 0)
    after = flat.predict(batch, verbose=0)
    assert np.abs(after - before).mean() < 0.02 * np.abs(before).mean()
    kernel = flat.get_layer("shared").get_weights()[0].reshape(9, 3)
    assert not np.array_equal(kernel, weights.reshape(9, 3))
    steps = kernel / (np.abs(kernel).max(axis=0) / 127)
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-3)


def test_calls_of_other_models_do_not_count() -> None:
    """Keras calls the layers of a Sequential anew whenever one is added."""
    model = keras.Sequential([keras.Input((5,)), layers.Dense(3), layers.Dense(2)])
    functional = keras.Model(model.inputs, model.outputs)
    assert [len(nodes) for nodes in calls(functional).values()] == [1, 1]
    assert multiply_accumulates(functional) == 21


def test_a_numpy_file_holds_the_weights_of_all_patches_once(windows: np.ndarray) -> None:
    model = nested()
    network = numpy_graph.convert(model).network
    with zipfile.ZipFile(io.BytesIO(network)) as archive:
        names = [name for name in archive.namelist() if name.endswith("kernel.npy")]
    assert len(names) == 4  # two convolutions, classes that lead nowhere, and the last layer
    graph, weights = read_graph(network, "file")
    twice = [layer for layer in graph.layers if layer.weights_of]
    assert len(twice) == 3
    for layer in twice:
        assert weights[f"{layer.name}/kernel"] is weights[f"{layer.weights_of}/kernel"]
    broken = network.replace(
        f'"weights_of": "{twice[0].weights_of}"'.encode(),
        f'"weights_of": "{"x" * len(twice[0].weights_of or "")}"'.encode(),
    )
    with pytest.raises(ModelFileError, match=r"is damaged|are missing"):
        read_graph(broken, "file")


def test_patches_are_computed_as_one_batch_in_tflite(windows: np.ndarray) -> None:
    flat = flattened(nested())
    before = calls(flat)
    as_batch = patches_as_batch(flat)
    assert {len(nodes) for nodes in calls(as_batch).values()} == {1}
    batch = windows[:1, ..., np.newaxis]
    wanted = flat.predict(batch, verbose=0)
    np.testing.assert_allclose(as_batch.predict(batch, verbose=0), wanted, atol=1e-6)
    network = FORMATS["tflite"].convert(flat, FLOAT32, windows).network
    found = run_tflite(network, batch)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert {name: len(nodes) for name, nodes in calls(flat).items()} == {
        name: len(nodes) for name, nodes in before.items()
    }
    assert len(flat.layers[-1]._inbound_nodes) == 1  # the network itself stays as it was


def run_tflite(network: bytes, batch: np.ndarray) -> np.ndarray:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=network)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], batch)
    interpreter.invoke()
    found: np.ndarray = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    return found


def test_calls_that_follow_each_other_or_merge_stay_as_they_are() -> None:
    features = keras.Input((6, 8, 3))
    twice = layers.Conv2D(3, 3, padding="same")
    chain = keras.Model(features, twice(twice(features)))
    assert patches_as_batch(chain) is chain
    add = layers.Add()
    merged = keras.Model(features, add([add([features, features]), features]))
    assert patches_as_batch(merged) is merged
    once = keras.Model(features, layers.Flatten()(features))
    assert patches_as_batch(once) is once
