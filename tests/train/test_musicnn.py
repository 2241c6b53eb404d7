"""MusiCNN is the original, to the rounding."""

from __future__ import annotations

import ast
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime.errors import DataSetError
from edge_runtime.frontend import FrontEnd
from tests.synthetic import GENRES, clip
from train.transfer.musicnn import FRONT_END, TAGS, musicnn
from train.transfer.musicnn_wheel import SHA256, WHEEL, check_wheel

DATA = Path(os.environ.get("EDGE_GENRE_DATA", Path(__file__).parents[3] / "shared" / "data"))

ORIGINAL = {
    "frontend": "model/concat:0",
    "midend": "model/concat_1:0",
    "penultimate": "model/batch_normalization_10/batchnorm/add_1:0",
    "tags": "model/dense_1/BiasAdd:0",
}
"""Tensors of the original graph"""

Outputs = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def network(wheel: Path) -> Any:
    return musicnn(wheel)


@pytest.fixture(scope="module")
def original(
    wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Outputs]]:
    """The graph that its author saved, without its gradients, which TensorFlow 2 refuses."""
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("musicnn")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    prefix = f"{folder}/musicnn/MSD_musicnn/"
    saved = tf.compat.v1.MetaGraphDef()
    saved.ParseFromString(Path(f"{prefix}.meta").read_bytes())
    nodes = [name.split(":")[0] for name in ORIGINAL.values()]
    definition = tf.compat.v1.graph_util.extract_sub_graph(
        saved.graph_def, [*nodes, saved.saver_def.restore_op_name.split(":")[0]]
    )
    graph = tf.Graph()
    with graph.as_default():
        tf.import_graph_def(definition, name="")
    # As a context manager a session would turn eager execution off for all that is run meanwhile.
    session = tf.compat.v1.Session(graph=graph)
    session.run(saved.saver_def.restore_op_name, {saved.saver_def.filename_tensor_name: prefix})

    def run(log_mel: np.ndarray) -> Outputs:
        inputs = {"model/Placeholder:0": log_mel, "model/Placeholder_2:0": False}
        return session.run(ORIGINAL, inputs)

    yield run
    session.close()


def music() -> np.ndarray:
    """Log-mel of two clips of each GTZAN genre."""
    import librosa

    folder = DATA / "gtzan" / "clips"
    clips = [one for genre in sorted(folder.glob("*")) for one in sorted(genre.glob("*.ogg"))[:2]]
    if not clips:
        pytest.skip(f"no GTZAN clips in {folder}; EDGE_GENRE_DATA names the folder of gtzan/")
    rate, n = FRONT_END.sample_rate, FRONT_END.window_samples
    front_end = FrontEnd(FRONT_END)
    sounds = (librosa.load(one, sr=rate, offset=10.0, duration=3.1)[0] for one in clips)
    return np.stack([front_end(sound[:n]) for sound in sounds])


def made_up() -> np.ndarray:
    """Log-mel of generated sound, of silence and of noise at full scale."""
    n = FRONT_END.window_samples
    loud = np.random.default_rng(1).uniform(-1, 1, n).astype(np.float32)
    sounds = [clip(genre, 0)[:n] for genre in GENRES] + [np.zeros(n, np.float32), loud]
    front_end = FrontEnd(FRONT_END)
    return np.stack([front_end(sound) for sound in sounds])


def at_random() -> np.ndarray:
    """Values of the whole range of a log-mel, without any order."""
    return np.random.default_rng(0).uniform(0, 5, (4, 187, 96)).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("windows", [music, made_up, at_random])
def test_outputs_equal_the_originals(
    windows: Callable[[], np.ndarray], network: Any, original: Callable[..., Outputs]
) -> None:
    log_mel = windows()
    expected = original(log_mel)
    found = network.predict(log_mel, verbose=0)
    assert set(found) == set(ORIGINAL)
    for name, values in found.items():
        wanted = expected[name].reshape(values.shape)
        # The middle reaches beyond 100, after sums over 7 x 561 values, which round differently in
        # another order; what is pooled from it is close again.
        atol = 1e-5 * np.abs(wanted).max() if name == "midend" else 1e-4
        np.testing.assert_allclose(values, wanted, atol=atol, rtol=0, err_msg=name)


def test_the_network_is_as_documented(network: Any) -> None:
    shapes = {name: output.shape for name, output in network.output.items()}
    assert shapes == {
        "frontend": (None, 187, 561),
        "midend": (None, 187, 753),
        "penultimate": (None, 200),
        "tags": (None, 50),
    }
    assert network.input_shape == (None, 187, 96)
    assert not network.trainable_weights


def test_tags_are_the_originals(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tree = ast.parse(archive.read("musicnn/configuration.py"))
    lists = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List)
    }
    assert list(TAGS) == lists["MSD_LABELS"]


def test_a_saved_network_has_the_same_outputs(network: Any, tmp_path: Path) -> None:
    import keras

    network.save(tmp_path / "teacher.keras")
    again = keras.saving.load_model(tmp_path / "teacher.keras")
    log_mel = at_random()[:1]
    before, after = network.predict(log_mel, verbose=0), again.predict(log_mel, verbose=0)
    for name, values in before.items():
        np.testing.assert_array_equal(after[name], values)


def test_a_missing_wheel_is_refused_with_the_command_that_fetches_it(tmp_path: Path) -> None:
    with pytest.raises(
        DataSetError, match=r"no such file; .* --no-deps musicnn==0\.1\.0"
    ) as caught:
        musicnn(tmp_path / WHEEL)
    assert caught.value.exit_code == 3
    with pytest.raises(DataSetError, match="cannot be read"):
        check_wheel(tmp_path)


def test_an_altered_wheel_is_refused_with_both_sums(tmp_path: Path) -> None:
    path = tmp_path / WHEEL
    path.write_bytes(b"abc")
    sum_of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    with pytest.raises(DataSetError, match=f"is {sum_of_abc}, it must be {SHA256}"):
        musicnn(path)


def test_one_changed_byte_is_enough(wheel: Path, tmp_path: Path) -> None:
    content = bytearray(wheel.read_bytes())
    content[len(content) // 2] ^= 1
    path = tmp_path / WHEEL
    path.write_bytes(content)
    with pytest.raises(DataSetError, match=SHA256):
        check_wheel(path)
    check_wheel(wheel)
