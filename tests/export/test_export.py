"""``edge-genre export``: every variant of one real training, against its Keras model."""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from scipy.special import softmax

from edge_runtime import Classifier
from edge_runtime.errors import EdgeGenreError
from export.run import logits_model, read_run
from tests.command import refused, succeed
from tests.pipeline import VARIANTS, Pipeline
from tests.synthetic import GENRES

POSTERIOR_TOLERANCE = {"none": 1e-4, "float16": 1e-2, "dynamic": 0.1, "int8": 0.1}


@pytest.fixture(scope="module")
def features_and_logits(pipeline: Pipeline) -> tuple[np.ndarray, np.ndarray]:
    """The validation windows, and what the Keras model gives for them."""
    model = keras.saving.load_model(pipeline.run / "model.keras")
    with np.load(pipeline.run / "windows.npz") as windows:
        features = windows["valid_features"]
    return features, logits_model(model).predict(features[..., np.newaxis], verbose=0)


@pytest.mark.parametrize("variant", VARIANTS, ids="-".join)
def test_every_variant_gives_the_posteriors_of_the_keras_model(
    pipeline: Pipeline,
    features_and_logits: tuple[np.ndarray, np.ndarray],
    variant: tuple[str, str],
) -> None:
    features, logits = features_and_logits
    classifier = Classifier(pipeline.exports[variant])
    expected = softmax(logits / classifier.manifest.temperature, axis=1)
    found = classifier.posteriors(features)
    np.testing.assert_allclose(found, expected, atol=POSTERIOR_TOLERANCE[variant[1]])
    np.testing.assert_array_equal(found.argmax(axis=1), expected.argmax(axis=1))


@pytest.mark.parametrize("variant", VARIANTS, ids="-".join)
def test_the_command_prints_size_agreement_and_accuracy(
    pipeline: Pipeline, variant: tuple[str, str]
) -> None:
    output = pipeline.export_output[variant]
    size = pipeline.exports[variant].stat().st_size
    assert f"{size:,} bytes" in output
    assert re.search(r"same label +100\.00%", output)
    assert re.search(r"track accuracy +1\.0000 \(Keras 1\.0000\)", output)


@pytest.mark.parametrize("variant", VARIANTS, ids="-".join)
def test_the_manifest_holds_what_a_device_needs(
    pipeline: Pipeline, variant: tuple[str, str]
) -> None:
    done = succeed("info", pipeline.exports[variant], "--json")
    manifest = json.loads(done.stdout)
    assert manifest["name"] == "made-up"
    assert manifest["labels"] == list(GENRES)
    assert (manifest["weights"]["format"], manifest["weights"]["quantization"]) == variant
    assert manifest["front_end"]["n_mfcc"] == 13
    assert len(manifest["front_end"]["mean"]) == 13
    assert manifest["licence"] == "CC0-1.0"
    assert manifest["parity"]["agreement"] == 1.0
    assert manifest["training"]["command"].startswith("edge-genre train data --out run")
    assert str(pipeline.data.parent) not in done.stdout


def test_quantization_makes_files_smaller(pipeline: Pipeline) -> None:
    size = {variant: path.stat().st_size for variant, path in pipeline.exports.items()}
    for fmt in ("tflite", "onnx"):
        assert size[fmt, "int8"] < 0.5 * size[fmt, "none"]
        assert size[fmt, "float16"] < 0.6 * size[fmt, "none"]
    assert size["tflite", "dynamic"] < 0.4 * size["tflite", "none"]
    assert size["onnx", "dynamic"] < size["onnx", "none"]


def test_unzip_lists_the_manifest_of_a_tflite(pipeline: Pipeline) -> None:
    with zipfile.ZipFile(pipeline.exports["tflite", "int8"]) as archive:
        assert archive.namelist() == ["manifest.json", "labels.txt"]
        assert archive.read("labels.txt").decode().split() == list(GENRES)


def test_onnx_files_pass_the_checker_and_take_any_batch(pipeline: Pipeline) -> None:
    for quantization in ("none", "float16", "dynamic", "int8"):
        path = pipeline.exports["onnx", quantization]
        onnx.checker.check_model(onnx.load(path), full_check=True)
        features = np.zeros((5, 130, 13), np.float32)
        assert Classifier(path).posteriors(features).shape == (5, 3)


def test_an_int8_tflite_is_int8_from_end_to_end(pipeline: Pipeline) -> None:
    manifest = Classifier(pipeline.exports["tflite", "int8"]).manifest
    assert manifest.input.dtype == manifest.output.dtype == "int8"
    assert manifest.input.scale is not None


@pytest.mark.slow
def test_exporting_twice_gives_the_same_bytes(pipeline: Pipeline, tmp_path: Path) -> None:
    again = tmp_path / "again.tflite"
    succeed(
        "export", pipeline.run, "--quantize", "int8", "--out", again,
        "--name", "made-up", "--licence", "CC0-1.0",
    )  # fmt: skip
    assert again.read_bytes() == pipeline.exports["tflite", "int8"].read_bytes()


def test_the_name_of_a_file_must_fit_its_format(pipeline: Pipeline, tmp_path: Path) -> None:
    out = tmp_path / "model.tflite"
    line = refused("export", pipeline.run, "--format", "onnx", "--out", out, code=2)
    assert "must end in .onnx" in line


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    assert "not a finished training run" in refused("export", tmp_path, code=3)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("run.json", b"{", "is damaged"),
        ("run.json", b"{}", "lacks 'data'"),
        ("model.keras", b"nothing", "cannot be read"),
        ("windows.npz", b"nothing", "cannot be read"),
    ],
)
def test_a_damaged_run_is_refused(
    pipeline: Pipeline, tmp_path: Path, name: str, content: bytes, complaint: str
) -> None:
    run = shutil.copytree(pipeline.run, tmp_path / "run")
    (run / name).write_bytes(content)
    assert complaint in complaint_about(run)


def test_a_damaged_network_is_refused_in_one_line(pipeline: Pipeline, tmp_path: Path) -> None:
    run = shutil.copytree(pipeline.run, tmp_path / "run")
    (run / "model.keras").write_bytes(b"nothing")
    assert "cannot be read" in refused("export", run, code=3)


def complaint_about(run: Path) -> str:
    """Why a run cannot be read, in one line that names it."""
    with pytest.raises(EdgeGenreError) as caught:
        read_run(run)
    line = str(caught.value)
    assert line.startswith(str(run))
    assert "\n" not in line
    return line


def test_labels_that_do_not_fit_the_network_are_refused(pipeline: Pipeline, tmp_path: Path) -> None:
    run = shutil.copytree(pipeline.run, tmp_path / "run")
    values = json.loads((run / "run.json").read_text())
    values["labels"].append("polka")
    (run / "run.json").write_text(json.dumps(values))
    assert "3 outputs for 4 labels" in complaint_about(run)


def spoilt(pipeline: Pipeline, folder: Path, **arrays: np.ndarray) -> Path:
    """The run again, with other arrays in windows.npz."""
    run = shutil.copytree(pipeline.run, folder / "run")
    with np.load(run / "windows.npz") as windows:
        np.savez(run / "windows.npz", **{**windows, **arrays})
    return run


def calibration(pipeline: Pipeline) -> tuple[np.ndarray, np.ndarray]:
    with np.load(pipeline.run / "windows.npz") as windows:
        return windows["calibration_features"], windows["calibration_labels"]


@pytest.mark.slow
def test_a_file_that_disagrees_with_its_model_is_not_written_unless_forced(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    """Calibrated on windows a hundred times too soft, int8 ranges clip everything."""
    features, _ = calibration(pipeline)
    run = spoilt(pipeline, tmp_path, calibration_features=features * np.float32(1e-2))
    out = tmp_path / "bad.tflite"
    out.write_bytes(b"the old file")
    command = ("export", run, "--quantize", "int8", "--out", out)
    line = refused(*command, code=1)
    assert "was not written" in line
    assert re.search(r"the layer that adds most error is \S+", line)
    assert out.read_bytes() == b"the old file"

    forced = succeed(*command, "--force")
    assert "marked as failed" in forced.stderr
    manifest = json.loads(succeed("info", out, "--json").stdout)
    assert manifest["parity"]["status"] == "failed"
    assert "FAILED" in succeed("info", out).stdout
    done = succeed("classify", "demo", "--model", out)
    (warning,) = done.stderr.splitlines()
    assert warning.startswith("edge-genre: warning: ")
    assert "does not agree with the model it was made from" in warning


def test_representative_windows_must_hold_music_of_every_genre(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    features, labels = calibration(pipeline)
    others = labels != 1
    run = spoilt(
        pipeline, tmp_path / "a", calibration_features=features[others],
        calibration_labels=labels[others],
    )  # fmt: skip
    assert re.search(r"windows\.npz: .* hold no window of 'drone'", complaint_about(run))
    silent = np.where(others[:, np.newaxis, np.newaxis], features, features.min())
    run = spoilt(pipeline, tmp_path / "b", calibration_features=silent)
    assert "hold only silence of 'drone'" in complaint_about(run)


def test_a_network_of_another_keras_is_refused_with_both_versions(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    run = shutil.copytree(pipeline.run, tmp_path / "run")
    with zipfile.ZipFile(run / "model.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    metadata = {**json.loads(members["metadata.json"]), "keras_version": "99.1"}
    members["metadata.json"] = json.dumps(metadata).encode()
    members["config.json"] = members["config.json"].replace(b"MaxPooling2D", b"FuturePooling")
    with zipfile.ZipFile(run / "model.keras", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert f"saved by Keras 99.1, this is {keras.__version__}" in complaint_about(run)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"front_end": {"kind": "cqt"}}, "kind is 'cqt'"),
        ({"front_end": {"pcen": True}}, "front_end has pcen, which this version does not know"),
        ({"front_end": {"n_mfcc": 20}}, "mean has 13 values"),
        ({"front_end": {"hop": 256}}, r"takes (130, 13), the front end makes (259, 13)"),
        ({"front_end": "seed-mfcc99"}, "'front_end' is 'seed-mfcc99'"),
        ({"labels": ["beeps", "drone", "beeps"]}, "no two may be the same"),
    ],
)
def test_what_the_network_was_not_trained_for_is_refused(
    pipeline: Pipeline, tmp_path: Path, change: dict[str, Any], complaint: str
) -> None:
    run = shutil.copytree(pipeline.run, tmp_path / "run")
    values = json.loads((run / "run.json").read_text())
    for name, value in change.items():
        values[name] = {**values[name], **value} if isinstance(value, dict) else value
    (run / "run.json").write_text(json.dumps(values))
    assert complaint in complaint_about(run)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda a: {"valid_labels": a["valid_labels"] + 1}, "windows are of labels 1 to 3"),
        (lambda a: {"valid_tracks": a["valid_tracks"][:-1]}, "valid arrays do not fit"),
        (lambda a: {"valid_features": np.nan * a["valid_features"]}, "NaN or infinity"),
        (lambda a: {name: a[name][:0] for name in a if "valid" in name}, "no valid windows"),
    ],
    ids=["labels", "lengths", "NaN", "none"],
)
def test_windows_that_do_not_fit_the_network_are_refused(
    pipeline: Pipeline,
    tmp_path: Path,
    change: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]],
    complaint: str,
) -> None:
    with np.load(pipeline.run / "windows.npz") as windows:
        run = spoilt(pipeline, tmp_path, **change(dict(windows)))
    assert re.search(rf"windows\.npz: .*{complaint}", complaint_about(run))


@pytest.mark.slow
def test_no_space_for_drafts_ends_in_one_line_and_leaves_the_old_file(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    out = tmp_path / "model.tflite"
    out.write_bytes(b"the old file")
    command = (sys.executable, "-m", "edge_runtime", "export", pipeline.run, "--out", out)
    done = subprocess.run(
        ["bash", "-c", 'ulimit -f 20; exec "$@"', "-", *command],
        capture_output=True,
        text=True,
        check=False,
    )
    (line,) = done.stderr.splitlines()
    assert done.returncode == 3
    assert re.match("edge-genre: .*cannot be written", line)
    assert out.read_bytes() == b"the old file"


def test_a_network_that_training_did_not_build_is_refused(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    run = shutil.copytree(pipeline.run, tmp_path / "run")
    shape = keras.saving.load_model(run / "model.keras", compile=False).input_shape[1:]
    layers = [keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
    keras.Sequential([keras.Input(shape), *layers]).save(run / "model.keras")
    assert "ends in Dense, not in a Softmax layer" in complaint_about(run)


def test_only_a_network_that_ends_in_a_softmax_has_logits() -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    with pytest.raises(TypeError, match="ends in Dense"):
        logits_model(model)


@pytest.mark.parametrize("quantization", ["int8", "dynamic"])
def test_8_bit_weights_of_onnx_cannot_saturate_where_there_is_no_vnni(pipeline, quantization):
    proto = onnx.load(pipeline.exports["onnx", quantization])
    weights = [
        onnx.numpy_helper.to_array(item)
        for item in proto.graph.initializer
        if item.data_type == onnx.TensorProto.INT8 and len(item.dims) > 1
    ]
    assert weights
    # Two products of -128..127 and -64..64 fit into 16 bits; with 127 they do not.
    assert max(np.abs(weight.astype(np.int16)).max() for weight in weights) == 64
