"""``edge-genre export --format tflm``: one real training as sources for a microcontroller."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import flatbuffers
import numpy as np
import numpy.typing as npt
import pytest

from edge_runtime.classifier import softmax
from edge_runtime.errors import (
    ExportParityError,
    MissingExtraError,
    ModelFileError,
    ParameterError,
)
from edge_runtime.frontend import FrontEndParams
from edge_runtime.model.file import ModelFile, read_model
from export.artefact import Source
from tests.command import succeed
from tests.pipeline import Pipeline
from tests.synthetic import GENRES

from .branches import SECOND, STYLES, TAGS

pytest.importorskip(
    "tflite_micro", reason='needs tflite-micro (Linux on x86-64): pip install "edge-genre[tflm]"'
)
from export.tflm import verification
from export.tflm.arena import smallest_arena
from export.tflm.export import check_request, export_sources, sources, write_folder
from export.tflm.interpreter import MicroInterpreter
from export.tflm.labels import labels_header
from export.tflm.operators import operators
from export.tflm.verification import verify

FILES = {
    "README.md", "edge_genre_front_end.c", "edge_genre_front_end.h", "edge_genre_posterior.c",
    "edge_genre_posterior.h", "front_end_tables.h", "labels.h", "manifest.json",
    "micro_op_resolver.h", "model_data.cc", "model_data.h", "verification.json",
}  # fmt: skip


@dataclass(frozen=True)
class Exported:
    folder: Path
    model: ModelFile
    """The same network as a TFLite file"""
    windows: npt.NDArray[np.float32]
    """Of validation"""

    def text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def exported(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    folder = tmp_path_factory.mktemp("tflm") / "firmware"
    model = read_model(pipeline.exports["tflite", "int8"])
    with np.load(pipeline.run / "windows.npz") as arrays:
        windows = arrays["valid_features"]
    write_folder(folder, sources(model, windows)[0])
    return Exported(folder, model, windows)


@pytest.mark.slow
def test_the_command_writes_the_same_files(
    pipeline: Pipeline, exported: Exported, tmp_path: Path
) -> None:
    done = succeed(
        "export", pipeline.run, "--format", "tflm", "--quantize", "int8", "--out", tmp_path / "new",
        "--name", "made-up", "--licence", "CC0-1.0",
    )  # fmt: skip
    written = {path.name: path.read_text("utf-8") for path in (tmp_path / "new").iterdir()}
    assert written == {name: exported.text(name) for name in FILES}
    found = json.loads(written["verification.json"])
    assert f"{found['agreement']:.2%}" in done.stdout
    assert f"{found['max_posterior_difference']:.2g} at most" in done.stdout


def test_the_folder_holds_all_that_a_firmware_needs(exported: Exported) -> None:
    assert {path.name for path in exported.folder.iterdir()} == FILES
    assert json.loads(exported.text("manifest.json"))["name"] == "made-up"
    for name in FILES:
        assert str(exported.folder.parent) not in exported.text(name)


def test_the_byte_array_is_the_network_without_the_manifest(exported: Exported) -> None:
    source = exported.text("model_data.cc")
    assert "alignas(16)" in source
    found = bytes(int(byte, 16) for byte in re.findall(r"0x([0-9a-f]{2})\b", source))
    assert found == exported.model.network
    length = f"#define EDGE_GENRE_MODEL_BYTES {len(found)}\n"
    assert length in exported.text("model_data.h")


def test_tflm_agrees_with_litert_on_the_validation_windows(exported: Exported) -> None:
    found = json.loads(exported.text("verification.json"))
    assert found["n_windows"] == len(exported.windows)
    assert found["agreement"] >= found["minimum_agreement"] == 0.985
    assert found["max_posterior_difference"] < 0.05


def test_the_arena_is_the_smallest_that_works(exported: Exported) -> None:
    size = int(re.search(r"ARENA_BYTES (\d+)", exported.text("model_data.h"))[1])
    assert size == smallest_arena(exported.model)
    assert np.isfinite(MicroInterpreter(exported.model, size).run(exported.windows[:1])).all()
    with pytest.raises(ExportParityError, match=f"in {size - 16:,} bytes"):
        MicroInterpreter(exported.model, size - 16)


def test_the_resolver_holds_the_networks_operators_and_no_others(exported: Exported) -> None:
    resolver = exported.text("micro_op_resolver.h")
    methods = re.findall(r"resolver\.(\w+)\(\)", resolver)
    # Batch normalisation is no operator of its own: it was folded before the quantization.
    expected = ["AddConv2D", "AddFullyConnected", "AddMaxPool2D", "AddReshape"]
    assert methods == expected
    assert f"MicroMutableOpResolver<{len(methods)}>" in resolver


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_the_readme_adds_up_the_memory(exported: Exported) -> None:
    text = exported.text("README.md")
    rows = {
        name: number(size) for name, size in re.findall(r"^\| ([\w -]+) \| ([\d,]+) \|", text, re.M)
    }
    header = exported.text("front_end_tables.h")
    # Once more from the header itself: each array as the compiler sees it.
    arrays = re.findall(r"static const (float|uint16_t) \w+\[(\d+)\]", header)
    sizes = {"float": 4, "uint16_t": 2}
    assert len(arrays) == 8
    assert rows["front-end tables"] == sum(sizes[kind] * int(n) for kind, n in arrays)
    assert rows["network"] == len(exported.model.network)
    assert rows["tensor arena"] == smallest_arena(exported.model)
    assert rows["one window of int16 sound"] == 2 * 66_150
    assert rows["front-end scratch"] == 4 * (2048 + 130 * 128)
    ram = ("tensor arena", "front-end scratch", "one window of int16 sound")
    assert rows["sum of RAM"] == sum(rows[name] for name in ram)


def test_of_very_many_windows_some_from_beginning_to_end_are_verified(
    exported: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "MOST_WINDOWS", 5)
    given: list[npt.NDArray[np.float32]] = []

    class Recording(MicroInterpreter):
        def run(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            given.append(features)
            return super().run(features)

    monkeypatch.setattr(verification, "MicroInterpreter", Recording)
    assert verify(exported.model, exported.windows, 1 << 20).n_windows == 5
    assert len(exported.windows) == 12
    np.testing.assert_array_equal(given[0], exported.windows[[0, 2, 5, 8, 11]])


def test_a_custom_operator_is_refused() -> None:
    from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

    def network(*codes: int) -> bytes:
        model = schema.ModelT()
        model.operatorCodes = []
        for number in codes:
            code = schema.OperatorCodeT()
            code.builtinCode, code.deprecatedBuiltinCode = number, min(number, 127)
            model.operatorCodes.append(code)
        builder = flatbuffers.Builder(0)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    known = schema.BuiltinOperator
    assert operators(network(known.BROADCAST_TO, known.CONV_2D)) == ("BROADCAST_TO", "CONV_2D")
    with pytest.raises(ExportParityError, match="custom operator"):
        operators(network(known.CONV_2D, known.CUSTOM))


FIRMWARE = """\
#include <cstdint>
#include <cstdio>
#include "edge_genre_front_end.h"
#include "edge_genre_posterior.h"
#include "labels.h"
#include "model_data.h"

int main() {
  if (reinterpret_cast<std::uintptr_t>(edge_genre_model) % 16 != 0) return 1;
  std::printf("%u %d\\n", edge_genre_model_length, EDGE_GENRE_FRAMES);
  std::int8_t output[EDGE_GENRE_LABELS];
  float posteriors[EDGE_GENRE_LABELS];
  while (std::fread(output, sizeof output, 1, stdin) == 1) {
    std::printf("%s", edge_genre_labels[edge_genre_posteriors(output, posteriors)]);
    for (float posterior : posteriors) std::printf(" %.9g", posterior);
    std::printf("\\n");
  }
}
"""


@pytest.mark.system_packages("gcc", "g++")
def test_the_sources_compile_and_give_the_posteriors_of_the_runtime(
    exported: Exported, tmp_path: Path
) -> None:
    (tmp_path / "main.cc").write_text(FIRMWARE)
    strict = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-I", exported.folder]
    c_files = [exported.folder / f"edge_genre_{part}.c" for part in ("front_end", "posterior")]
    subprocess.run(["cc", "-std=c99", *strict, "-c", *c_files], check=True, cwd=tmp_path)
    subprocess.run(
        ["c++", "-std=c++11", *strict, "main.cc", exported.folder / "model_data.cc",
         "edge_genre_front_end.o", "edge_genre_posterior.o", "-o", "firmware", "-lm"],
        check=True, cwd=tmp_path,
    )  # fmt: skip
    outputs = np.random.default_rng(2).integers(-128, 128, (20, len(GENRES)), np.int8)
    done = subprocess.run(
        [tmp_path / "firmware"], input=outputs.tobytes(), capture_output=True, check=True
    )
    first, *lines = done.stdout.decode().splitlines()
    assert first == f"{len(exported.model.network)} 130"
    manifest = exported.model.manifest
    logits = outputs.astype(np.float32) * np.float32(manifest.output.scale)
    expected = softmax(logits / np.float32(manifest.temperature))
    found = [line.split() for line in lines]
    assert [words[0] for words in found] == [GENRES[best] for best in outputs.argmax(axis=1)]
    posteriors = np.asarray([words[1:] for words in found], np.float64)
    np.testing.assert_allclose(posteriors, expected, atol=1e-6)


def test_labels_of_any_script_become_c_strings() -> None:
    text = labels_header(("forró", 'so-called "jazz"', "what??"))
    assert '"forr\\303\\263"' in text
    assert '"so-called \\"jazz\\""' in text
    assert "??" not in text


class Scrambled(MicroInterpreter):
    def run(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return np.roll(super().run(features), 1, axis=1)


def test_a_network_that_disagrees_in_tflm_is_refused(
    exported: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "MicroInterpreter", Scrambled)
    with pytest.raises(ExportParityError, match=r"0\.0% of .* nothing was written"):
        verify(exported.model, exported.windows, 1 << 20)


def test_a_network_that_tflm_cannot_run_is_refused_with_tflms_reason(pipeline: Pipeline) -> None:
    model = read_model(pipeline.exports["tflite", "dynamic"])
    with pytest.raises(ExportParityError, match="cannot run the network"):
        smallest_arena(model)


def run_of(**values: Any) -> Any:
    plain = {"name": "m", "tags": (), "styles": (), "second_front_end": None}
    return SimpleNamespace(**{**plain, "front_end": FrontEndParams(), **values})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"tags": TAGS}, "m has tags or styles"),
        ({"styles": STYLES}, "m has tags or styles"),
        ({"tags": TAGS, "second_front_end": SECOND}, "m has two front ends"),
    ],
)
def test_outputs_and_inputs_that_the_c_sources_do_not_know_are_refused_first(
    values: dict[str, Any], words: str, exported: Exported, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(ParameterError, match=words):
        export_sources(cast(Source, SimpleNamespace(run=run_of(**values))), out)
    assert not out.exists()
    model = cast(ModelFile, SimpleNamespace(manifest=run_of(**values), network=b""))
    with pytest.raises(ParameterError, match=words):
        sources(model, exported.windows)


def test_a_front_end_that_the_c_sources_do_not_compute_is_refused_first(tmp_path: Path) -> None:
    source = SimpleNamespace(run=run_of(front_end=FrontEndParams(dc_block_hz=20.0)))
    out = tmp_path / "out"
    with pytest.raises(ParameterError, match=r"dc_block_hz is 20\.0"):
        export_sources(cast(Source, source), out)
    assert not out.exists()


def test_what_tflm_cannot_export_is_refused_at_once(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(ParameterError, match="--quantize float16"):
        check_request("float16", None)
    with pytest.raises(ParameterError, match="is a file"):
        check_request("int8", file)
    with pytest.raises(ModelFileError, match="cannot be written"):
        write_folder(file / "below", {"a": ""})


def test_without_tflite_micro_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tflite_micro.python.tflite_micro", None)
    with pytest.raises(MissingExtraError, match=r"edge-genre\[tflm\]"):
        check_request("int8", None)
