"""``edge-genre export --all`` and ``--quantize auto``."""

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import onnx
import pytest

from edge_runtime.errors import ExportParityError
from edge_runtime.model.file import read_model
from export import cli, export_all, variants
from export.export_all import float32_passed, table
from export.formats import FORMATS, file_name
from export.formats.conversion import Variant
from export.variants import Row
from tests.command import edge_genre
from tests.pipeline import Pipeline
from tests.synthetic import GENRES


@dataclasses.dataclass(frozen=True)
class Distribution:
    folder: Path
    done: subprocess.CompletedProcess[str]
    rows: list[dict[str, Any]]


@pytest.fixture(scope="module")
def distribution(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Distribution:
    folder = tmp_path_factory.mktemp("all") / "dist"
    done = edge_genre(
        "export", pipeline.run, "--all", "--out", folder, "--name", "made-up",
        "--licence", "CC0-1.0", timeout=290,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return Distribution(folder, done, json.loads((folder / "summary.json").read_text()))


@pytest.mark.slow
def test_every_variant_has_a_row_and_a_file_if_it_passed(distribution: Distribution) -> None:
    made = {(row["format"], row["quantization"]) for row in distribution.rows}
    assert made == {(f, q) for f, item in FORMATS.items() for q in item.quantizations}
    written = {row["file"] for row in distribution.rows if row["passed"]}
    assert {item.name for item in distribution.folder.iterdir()} == {
        *written, "summary.json", "README.md",
    }  # fmt: skip
    assert "made-up-float32.tflite" in written


@pytest.mark.slow
def test_a_row_describes_its_file(distribution: Distribution) -> None:
    for row in distribution.rows:
        if not row["passed"]:
            assert row["failures"]
            continue
        path = distribution.folder / row["file"]
        assert row["bytes"] == path.stat().st_size
        assert row["agreement"] == 1.0
        assert row["track_accuracy"] == row["float_track_accuracy"] == 1.0
        assert row["mcnemar_p"] == 1.0
        assert row["macs"] > 1e6
        assert 0.0 < row["latency_ms"] < 1e3
        manifest = read_model(path).manifest
        assert manifest.parity["status"] == "passed"
        assert "windows only" in manifest.parity["note"], "the made-up set is small"
        if row["format"] == "onnx":
            onnx.checker.check_model(onnx.load(path), full_check=True)
            assert manifest.conversion["opset"] == 17
        if row["quantization"].startswith("int8"):
            representative = manifest.conversion["representative"]
            assert set(representative["per_genre"]) == set(GENRES)
            assert representative["seed"] == 3
            assert representative["windows"] == sum(representative["per_genre"].values())
        assert row["file"] in distribution.done.stdout


@pytest.mark.slow
def test_int8_comes_with_integer_and_with_float_ends(distribution: Distribution) -> None:
    def ends(name: str) -> tuple[str, str]:
        manifest = read_model(distribution.folder / f"made-up-{name}.tflite").manifest
        return manifest.input.dtype, manifest.output.dtype

    assert ends("int8") == ("int8", "int8")
    assert ends("int8-float-io") == ends("int8-mixed") == ("float32", "float32")
    mixed = read_model(distribution.folder / "made-up-int8-mixed.tflite").manifest
    assert len(mixed.conversion["float_layers"]) == 2


@pytest.mark.slow
def test_the_card_has_the_header_that_the_hub_reads(distribution: Distribution) -> None:
    text = (distribution.folder / "README.md").read_text()
    _, header, body = text.split("---\n", 2)
    values = pytest.importorskip("yaml", reason="needs PyYAML").safe_load(header)
    assert values["pipeline_tag"] == "audio-classification"
    assert values["license_name"] == "CC0-1.0"
    assert {"tflite", "onnx"} <= set(values["tags"])
    (result,) = values["model-index"][0]["results"]
    assert result["metrics"][0]["value"] == 1.0
    assert body.strip().startswith("# made-up 1.0")
    assert all(row["file"] in body for row in distribution.rows)


class Attempts:
    """Stands in for the converters: sizes and failures by quantization."""

    def __init__(self, sizes: dict[str, int], failing: set[str], broken: set[str]) -> None:
        self.sizes, self.failing, self.broken = sizes, failing, broken

    def __call__(self, source: Any, variant: Variant) -> Any:
        if variant.quantization in self.broken:
            raise ExportParityError("cannot be converted")
        failures = ("disagrees",) if variant.quantization in self.failing else ()
        size = self.sizes.get(variant.quantization, 1000)
        return Made(variant, failures, size)


@dataclasses.dataclass(frozen=True)
class Made:
    variant: Variant
    failures: tuple[str, ...]
    bytes: int


@pytest.mark.parametrize(
    ("failing", "broken", "chosen"),
    [
        (set(), set(), "int8"),
        ({"int8"}, set(), "dynamic"),
        ({"int8"}, {"dynamic"}, "int8-mixed"),
    ],
)
def test_auto_takes_the_smallest_that_passes(
    monkeypatch: pytest.MonkeyPatch, failing: set[str], broken: set[str], chosen: str
) -> None:
    sizes = {"int8": 100, "dynamic": 110, "int8-mixed": 120}
    monkeypatch.setattr(variants, "make", Attempts(sizes, failing, broken))
    monkeypatch.setattr(variants, "Artefact", Made)
    source: Any = SimpleNamespace(run=SimpleNamespace(folder="runs/rock"))
    assert variants.smallest(source, "tflite").variant.quantization == chosen


def test_auto_refuses_where_nothing_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    every = set(FORMATS["onnx"].quantizations)
    monkeypatch.setattr(variants, "make", Attempts({}, every, set()))
    monkeypatch.setattr(variants, "Artefact", Made)
    source: Any = SimpleNamespace(run=SimpleNamespace(folder="runs/rock"))
    with pytest.raises(ExportParityError, match="no onnx variant agrees"):
        variants.smallest(source, "onnx")


def row(quantization: str, *failures: str) -> Row:
    variant = Variant("tflite", quantization)
    return Row(variant, file_name("m", variant), None, failures)


@pytest.mark.parametrize(("float32", "code"), [((), 0), (("disagrees",), 1)])
def test_a_file_of_an_earlier_export_beside_one_that_did_not_pass_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    float32: tuple[str, ...],
    code: int,
) -> None:
    rows = [row("none", *float32), row("int8", "disagrees"), row("dynamic", "disagrees")]
    (tmp_path / "m-int8.tflite").write_bytes(b"old")
    monkeypatch.setattr(export_all, "export_all", lambda source, folder: rows)
    source: Any = None
    assert cli._all(argparse.Namespace(out=tmp_path), source) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert "m-int8.tflite: is of an earlier export; the new one did not pass" in line


def test_only_a_lost_float32_file_fails_the_whole() -> None:
    assert float32_passed([row("none"), row("int8", "disagrees")])
    assert not float32_passed([row("none", "disagrees"), row("int8")])
    assert "not written: m-int8.tflite: disagrees" in table([row("int8", "disagrees")])
