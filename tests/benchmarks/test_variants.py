"""The benchmark of quantized networks against float ones."""

import json
from pathlib import Path

import pytest

from benchmarks.variants.page import fingerprint, section, table
from benchmarks.variants.picture import draw, front
from tests.pipeline import Pipeline

from .test_benchmarks import run


@pytest.fixture(scope="module")
def results(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("variants")
    out, files = folder / "out.json", folder / "files"
    run("variants", pipeline.run, "--formats", "numpy", "--rounds", "2", "--json", out,
        "--files", files)  # fmt: skip
    found = json.loads(out.read_text())
    ((name, model),) = found["models"].items()
    assert [path.name for path in (files / name).iterdir()] == [model["variants"][0]["file"]]
    return found


@pytest.mark.slow
def test_a_float_variant_agrees_with_its_model(results: dict) -> None:
    (model,) = results["models"].values()
    (row,) = model["variants"]
    assert (row["format"], row["quantization"], row["passed"]) == ("numpy", "float32", True)
    assert row["agreement"] == 1.0
    assert row["track_accuracy"] == model["float"]["track_accuracy"]
    low, high = row["track_accuracy_ci95"]
    assert low <= row["track_accuracy"] <= high
    assert row["latency_ms"] > 0.0
    assert row["backend"].startswith("numpy")


@pytest.mark.slow
def test_the_tables_and_the_picture_have_every_variant(results: dict, tmp_path: Path) -> None:
    (model,) = results["models"].values()
    row = {**model["variants"][0], "file": "other.tflite", "format": "tflite", "passed": False}
    failed = {"file": "bad.onnx", "format": "onnx", "quantization": "int8", "passed": False}
    more = {**model, "variants": [*model["variants"], row, failed]}
    both = {**results, "models": {"one": model, "two": more}}
    text, page = "\n".join(table(both)), "\n".join(section(both))
    for file in (model["variants"][0]["file"], "other.tflite", "bad.onnx"):
        assert file in text
        assert file in page
    assert "refused" in text
    assert "not converted" in page
    draw(both, tmp_path / "out.png")
    assert fingerprint(both).encode() in (tmp_path / "out.png").read_bytes()


def test_the_front_is_what_nothing_cheaper_equals() -> None:
    assert front([(3.0, 0.7), (1.0, 0.5), (2.0, 0.5), (4.0, 0.6), (1.0, 0.4)]) == [
        (1.0, 0.5),
        (3.0, 0.7),
    ]
