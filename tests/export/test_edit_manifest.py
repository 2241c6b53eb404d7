"""``edge-genre export --from``: the manifest is edited, the weights stay."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_runtime.decoder import DecoderSettings
from edge_runtime.model.file import BUNDLED, read_model
from export.edit_manifest import Changes, decoder_settings, edit_manifest
from tests.command import refused, succeed
from tests.pipeline import Pipeline

FORMS = ("tflite", "onnx")


@pytest.mark.parametrize("form", FORMS)
def test_labels_and_decoder_change_and_no_bit_of_the_weights(
    pipeline: Pipeline, tmp_path: Path, form: str
) -> None:
    source, new = pipeline.exports[form, "int8"], tmp_path / f"new.{form}"
    done = succeed(
        "export", "--from", source, "--out", new, "--labels", "piep, dröhn, rausch",
        "--decoder", "dwell_s=30", "rejection_threshold=0.4", "--name", "renamed",
    )  # fmt: skip
    assert "changed: decoder, labels, name" in done.stdout
    before, after = read_model(source), read_model(new)
    assert after.network == before.network
    assert after.manifest.labels == ("piep", "dröhn", "rausch")
    assert after.manifest.decoder.dwell_s == 30.0
    assert after.manifest.decoder.rejection_threshold == 0.4
    assert after.manifest.decoder.interval_s == before.manifest.decoder.interval_s
    assert after.manifest.name == "renamed"
    assert after.manifest.licence == before.manifest.licence == "CC0-1.0"
    assert after.manifest.parity == before.manifest.parity
    changed = json.loads(succeed("info", new, "--json").stdout)["conversion"]["described_anew"]
    assert changed == ["decoder", "labels", "name"]


@pytest.mark.parametrize(
    ("changes", "code", "complaint"),
    [
        (["--labels", "one,two"], 2, "3 outputs for 2 labels"),
        (["--labels", "one,two,two"], 2, "labels are"),
        (["--labels", "one,two,silence"], 2, "the runtime's own"),
        (["--decoder", "dwell=30"], 2, "KEY one of interval_s, dwell_s"),
        (["--decoder", "dwell_s"], 2, "must be KEY=VALUE"),
        (["--decoder", "dwell_s=long"], 2, "'long' is not a number"),
        (["--decoder", "dwell_s=0"], 2, "dwell_s is 0.0"),
        ([], 2, "nothing to change"),
        (["--name", "made-up"], 2, "nothing to change"),
    ],
)
def test_what_does_not_fit_is_refused(
    pipeline: Pipeline, tmp_path: Path, changes: list[str], code: int, complaint: str
) -> None:
    source = pipeline.exports["tflite", "int8"]
    out = tmp_path / "new.tflite"
    assert complaint in refused("export", "--from", source, "--out", out, *changes, code=code)
    assert not out.exists()


def test_a_second_edit_does_not_hide_the_first(tmp_path: Path) -> None:
    first, second = tmp_path / "first.tflite", tmp_path / "second.tflite"
    edit_manifest(BUNDLED["seed-cnn"], first, Changes(name="new"))
    changed = edit_manifest(first, second, Changes(licence="CC0-1.0", decoder=["dwell_s=9"]))
    assert changed == ["decoder", "licence"]
    edited = read_model(second).manifest
    assert edited.conversion["described_anew"] == ["name", "decoder", "licence"]
    assert (edited.name, edited.licence, edited.decoder.dwell_s) == ("new", "CC0-1.0", 9.0)


def test_a_damaged_model_is_not_edited(pipeline: Pipeline, tmp_path: Path) -> None:
    data = bytearray(pipeline.exports["tflite", "int8"].read_bytes())
    data[5000] ^= 1
    (tmp_path / "bad.tflite").write_bytes(data)
    line = refused(
        "export", "--from", tmp_path / "bad.tflite", "--out", tmp_path / "new.tflite",
        "--name", "x", code=3,
    )  # fmt: skip
    assert "do not match the checksum" in line


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "name either a RUN folder or a model with --from"),
        (["run", "--from", "m.tflite"], "name either"),
        (["--from", "m.tflite"], "--from needs --out"),
        (["run", "--labels", "a,b"], "need --from"),
        (["run", "--all", "--force"], "--force is for one file"),
        (["run", "--format", "onnx", "--quantize", "int8-float-io"], "onnx has none, float16"),
    ],
)
def test_options_that_do_not_go_together_are_refused(arguments: list[str], complaint: str) -> None:
    assert complaint in refused("export", *arguments, code=2)


def test_a_rejected_label_stays_rejected_under_its_new_name(tmp_path: Path) -> None:
    labels = [f"G{number}" for number in range(10)]
    out = tmp_path / "new.tflite"
    base = BUNDLED["base"]
    renamed = (*labels, "übriges", "lärm")
    succeed("export", "--from", base, "--out", out, "--labels", ",".join(renamed))
    after = read_model(out).manifest
    assert after.labels == renamed
    assert after.rejected == ("übriges", "lärm")
    assert read_model(base).network == read_model(out).network


def test_a_level_of_silence_makes_the_gate_fixed() -> None:
    settings = DecoderSettings()
    assert decoder_settings(settings, ["silence_dbfs=-80"]).silence_margin_db is None
    assert decoder_settings(settings, ["silence_margin_db=none"]).silence_margin_db is None
    both = decoder_settings(settings, ["silence_margin_db=3", "silence_dbfs=-50"])
    assert (both.silence_dbfs, both.silence_margin_db) == (-50.0, 3.0)
