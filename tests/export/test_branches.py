"""A network with tags, styles and two front ends, in every format and variant."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from edge_runtime import Classifier
from edge_runtime.classifier import softmax
from edge_runtime.errors import DataSetError, ParameterError
from edge_runtime.model.file import model_bytes, read_model
from edge_runtime.model.run_folder import MODEL, read_run_record
from edge_runtime.tags import probabilities
from export.artefact import Description, Source, make, write
from export.edit_manifest import Changes, edit_manifest
from export.formats import FORMATS
from export.formats.conversion import FLOAT32, Variant
from export.quantize.equalize import shift_logits
from export.quantize.last_layers import last_layers
from export.run import logits_model, read_run
from tests.command import succeed

from .branches import FIRST, LABELS, REJECTED, ROWS, SECOND, STYLES, TAGS, run_values, write_run

VARIANTS = [Variant(fmt, q) for fmt in FORMATS for q in FORMATS[fmt].quantizations]
TOLERANCE = {FLOAT32: 1e-5, "float16": 1e-2}
"""Of posteriors and probabilities; eight bits differ by more in a network so small"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("branches") / "run")


@pytest.fixture(scope="module")
def source(run: Path) -> Source:
    return Source(read_run(run), Description("branches", "1.0", "CC0-1.0", ""))


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: f"{v.format}-{v.precision}")
def test_every_variant_gives_labels_tags_and_styles(source: Source, variant: Variant) -> None:
    made = make(source, variant)
    manifest = made.manifest
    assert (manifest.labels, manifest.rejected) == (LABELS, REJECTED)
    assert (manifest.tags, manifest.styles, manifest.style_threshold) == (TAGS, STYLES, 0.4)
    assert (manifest.front_end, manifest.second_front_end) == (FIRST, SECOND)
    assert manifest.output.shape[-1] == len(LABELS) + len(TAGS) + len(STYLES)

    classifier = Classifier(model_bytes(made.network, dataclasses.replace(manifest, parity={})))
    features = source.run.valid_features
    posterior, tags, styles = source.run.model.predict(features[..., np.newaxis], verbose=0)
    logits = np.log(posterior) / manifest.temperature
    slopes, biases = np.array([(tag.slope, tag.bias) for tag in (*TAGS, *STYLES)]).T
    expected = probabilities(np.concatenate([tags, styles], axis=1) * slopes + biases)
    posteriors, tag_logits = classifier.outputs(features)
    tolerance = TOLERANCE.get(variant.quantization, 0.3)
    np.testing.assert_allclose(posteriors, softmax(logits), atol=tolerance)
    np.testing.assert_allclose(probabilities(tag_logits), expected, atol=tolerance)

    found = np.abs(probabilities(tag_logits) - expected)
    for name, own in (("tags", found[:, :4]), ("styles", found[:, 4:])):
        figures = manifest.parity[name]
        assert figures["n"] == own.shape[1]
        assert figures["max_error"] == pytest.approx(own.max(), rel=0.01, abs=1e-6)
        assert figures["mean_error"] == pytest.approx(own.mean(), rel=0.01, abs=1e-7)
    assert made.failures == ()


@pytest.mark.parametrize("fmt", ["tflite", "onnx"])
def test_int8_mixed_leaves_the_last_layer_of_each_output_in_float(source: Source, fmt: str) -> None:
    in_float = make(source, Variant(fmt, "int8-mixed")).manifest.conversion["float_layers"]
    assert "conv2d" in in_float[0]
    for name in ("logits", "tags", "styles"):
        assert sum(name in re.split(r"[/_]", layer) for layer in in_float[1:-1]) == 1


def test_rounding_is_taken_back_from_each_output_but_from_none_that_other_layers_take(
    source: Source,
) -> None:
    """The tags of this network go into its labels as well."""
    model = keras.models.clone_model(source.model)
    model.set_weights(source.model.get_weights())
    window = source.run.valid_features[:1, ..., np.newaxis]
    before = model.predict(window, verbose=0)[0]
    shift_logits(model, np.arange(len(before)) + 1.0)
    moved = model.predict(window, verbose=0)[0] - before
    expected = np.array([1, 2, 3, 4, 0, 0, 0, 0, 9, 10, 11])
    np.testing.assert_allclose(moved, expected, atol=1e-5)
    assert [layer.name for layer in last_layers(model)] == ["logits", "tags", "styles"]


def test_sound_goes_through_both_front_ends_into_the_exported_file(source: Source) -> None:
    made = make(source, Variant("numpy", FLOAT32))
    classifier = Classifier(model_bytes(made.network, made.manifest))
    window = np.random.default_rng(3).normal(0.0, 0.1, FIRST.window_samples).astype(np.float32)
    assert classifier.features(window).shape == (ROWS, 8)
    rate = 16_000  # a file has a rate of its own
    result = classifier.classify(np.repeat(window, 160), rate=rate)
    assert set(result.tags) == {tag.path for tag in TAGS}
    assert result.label in LABELS


def complaint(folder: Path, **changes: Any) -> str:
    """What is wrong with a run, in one line that names it."""
    with pytest.raises(DataSetError) as caught:
        read_run(write_run(folder / "run", 40, **changes))
    line = str(caught.value)
    assert line.startswith(str(folder / "run"))
    assert "\n" not in line
    return line


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tags": None}, "the network has 3 outputs, run.json names labels and styles"),
        ({"tags": None, "styles": None}, "the network has 3 outputs, run.json names labels"),
        ({"tags": run_values()["tags"][1:]}, "4 outputs for 3 tags"),
        ({"styles": run_values()["styles"][1:]}, "3 outputs for 2 styles"),
        ({"second_front_end": None}, "the network takes (8, 8), the front end makes (6, 8)"),
        (
            {"second_front_end": SECOND.to_dict() | {"window_samples": 96}},
            "the network takes (8, 8), the front ends make (7, 8)",
        ),
        ({"tags": [*run_values()["tags"][1:], run_values()["tags"][1]]}, "no two may be the same"),
        ({"styles": [{"name": "x", "kind": "genre", "base_rate": 0.1}]}, "'x' has no family"),
        ({"style_threshold": 1.0}, "style_threshold is 1.0"),
        ({"window_correlation": -0.1}, "window_correlation is -0.1; it must be from 0 to 1"),
        (
            {"second_front_end": SECOND.to_dict() | {"sample_rate": 2000}},
            "second_front_end does not fit front_end",
        ),
        ({"second_front_end": {"pcen": 1}}, "second_front_end has pcen, which this version"),
    ],
)
def test_outputs_and_rows_that_do_not_fit_are_refused(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    assert words in complaint(tmp_path, **changes)


def test_an_output_of_another_layer_or_with_an_activation_is_refused(
    run: Path, tmp_path: Path
) -> None:
    model = keras.saving.load_model(run / MODEL, compile=False)
    posterior, tags, styles = model.outputs
    for outputs, words in (
        ([posterior, styles], "run.json names labels and tags and styles"),
        ([posterior, layers.Dense(4, name="x")(tags), styles], "comes from layer 'x' (Dense)"),
        ([tags, tags, styles], "the network ends in Dense, not in a Softmax layer"),
    ):
        changed = keras.Model(model.inputs, outputs)
        assert words in complaint_about(changed, tmp_path / str(len(words)))
    model.get_layer("tags").activation = keras.activations.sigmoid
    words = "comes from layer 'tags' (Dense), not from one without activation named 'tags'"
    assert words in complaint_about(model, tmp_path / "sigmoid")


def complaint_about(model: Any, folder: Path) -> str:
    """What is wrong with a run of this network."""
    write_run(folder, 40)
    model.save(folder / MODEL)
    with pytest.raises(DataSetError) as caught:
        read_run(folder)
    return str(caught.value)


def test_a_record_is_written_as_it_was_read(run: Path) -> None:
    record = read_run_record(run)
    assert read_run_record(run).to_dict() == record.to_dict()
    values = {k: v for k, v in run_values().items() if k in record.to_dict()}
    assert record.to_dict() == values | {"labels": LABELS, "rejected": REJECTED}


def test_a_model_of_one_output_is_as_before() -> None:
    inputs = keras.Input((3, 3, 1))
    model = keras.Model(inputs, layers.Softmax()(layers.Dense(2)(layers.Flatten()(inputs))))
    assert [layer.name for layer in last_layers(logits_model(model))] == [model.layers[-2].name]


def test_an_edited_manifest_keeps_tags_styles_and_both_front_ends(
    source: Source, tmp_path: Path
) -> None:
    old, new = tmp_path / "old.npz", tmp_path / "new.npz"
    write(make(source, Variant("numpy", FLOAT32)), old)
    labels = ("Jazz", "Metal", "sonst", "Lärm")
    edit_manifest(old, new, Changes(labels=labels, name="neu"))
    before, after = read_model(old).manifest, read_model(new).manifest
    assert after == dataclasses.replace(
        before,
        name="neu",
        labels=labels,
        rejected=("sonst", "Lärm"),
        conversion={"described_anew": ["labels", "name", "rejected"]},
    )
    assert len(after.tags) == len(TAGS)
    card = succeed("info", new).stdout
    assert re.search(r"\ntags +n 4, max error \S+, mean error \S+, same likeliest 1\n", card)
    assert re.search(r"\nstyles +n 3, max error ", card)
    assert re.search(r"\ntrack calibration +window correlation ", card)
    with pytest.raises(ParameterError, match="has 4 outputs for 2 labels; name all of jazz, metal"):
        edit_manifest(old, tmp_path / "x.npz", Changes(labels=("a", "b")))
