"""What is made of one run, checked without a converter."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edge_runtime.errors import ExportParityError
from export import artefact
from export.artefact import Description, Source, make
from export.cli import _report
from export.formats.conversion import Variant
from export.model_card import model_card
from export.parity import TRAINED_ON, VALIDATION, Parity
from export.run import Run, Unheard, read_run
from export.tag_parity import TagParity
from export.temperature import scaled, temperature
from export.variants import Row
from export.window_correlation import TrackCalibration
from tests.pipeline import Pipeline

from .branches import STYLES, TAGS

PARITY = Parity(
    n_windows=600, n_tracks=60, agreement=0.99, max_posterior_error=0.01,
    mean_posterior_error=0.001, kl=0.0, segment_accuracy=0.61, float_segment_accuracy=0.62,
    track_accuracy=0.71, float_track_accuracy=0.72, mcnemar_p=0.5,
)  # fmt: skip
DESCRIPTION = Description("made-up", "1.0", "CC0-1.0", "")


@pytest.fixture(scope="module")
def run(pipeline: Pipeline) -> Run:
    return read_run(pipeline.run)


def test_the_temperature_comes_from_windows_that_the_model_was_not_trained_on(run: Run) -> None:
    source = Source(run, DESCRIPTION)
    raw = run.model.predict(run.valid_features[..., np.newaxis], verbose=0)
    assert source.temperature == temperature(raw, run.valid_labels, run.valid_tracks)
    assert source.compared_on == VALIDATION
    unsure = scaled(raw, 2.0)
    unsure[: len(unsure) // 2] = unsure[: len(unsure) // 2, ::-1]  # half of them wrong
    elsewhere = Source(
        dataclasses.replace(run, unheard=Unheard(unsure, run.valid_labels, None)), DESCRIPTION
    )
    assert elsewhere.temperature == temperature(unsure, run.valid_labels)
    assert elsewhere.temperature > source.temperature
    assert elsewhere.compared_on == TRAINED_ON
    np.testing.assert_allclose(elsewhere.posteriors, scaled(raw, elsewhere.temperature), rtol=1e-6)


def test_a_network_that_gives_nan_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class LostWeights:
        def __init__(self, model: bytes) -> None:
            assert model.startswith(b"PK")

        def outputs(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return np.full((len(features), 3), np.nan, np.float32), np.empty((len(features), 0))

    monkeypatch.setattr(artefact, "Classifier", LostWeights)
    with pytest.raises(ExportParityError, match=r"numpy \(float32\): .* gives NaN"):
        make(Source(run, DESCRIPTION), Variant("numpy", "none"))


def made(**changes: Any) -> Any:
    values = {"variant": Variant("tflite", "int8"), "bytes": 5000, "parity": PARITY,
              "macs": 2_500_000, "latency_ms": 0.25}  # fmt: skip
    return SimpleNamespace(**values | changes)


def source_of(compared_on: str) -> Any:
    return SimpleNamespace(
        description=DESCRIPTION,
        compared_on=compared_on,
        macs=2_500_000,
        window_correlation=None,
        track_calibration=None,
        metrics={"validation": {"track_accuracy": 0.55}},
        run=SimpleNamespace(
            labels=("a", "b"),
            rejected=(),
            tags=(),
            styles=(),
            second_front_end=None,
            front_end=SimpleNamespace(window_seconds=3.0, sample_rate=22050, summary="13 MFCCs"),
            training={"data": "clips"},
            metrics={"validation": {"track_accuracy": 0.55}},
        ),
    )


def test_the_report_has_no_accuracy_on_windows_of_training() -> None:
    path: Any = "made-up.tflite"
    text = _report(made(), path, source_of(VALIDATION))
    assert "track accuracy    0.7100 (Keras 0.7200), McNemar's p 0.5" in text
    assert "window accuracy   0.6100 (Keras 0.6200)" in text
    text = _report(made(), path, source_of(TRAINED_ON))
    assert "accuracy" not in text
    assert "windows that both were trained on" in text


def test_the_card_gives_the_accuracy_of_the_run_and_every_file() -> None:
    rows = [
        Row(Variant("tflite", "int8"), "m-int8.tflite", made(), ()),
        Row(Variant("tflite", "none"), "m-float32.tflite", made(bytes=9000), ()),
        Row(Variant("tflite", "dynamic"), "m-dynamic.tflite", made(bytes=400), ("disagrees",)),
        Row(Variant("onnx", "int8"), "m-int8.onnx", None, ("cannot be converted",)),
    ]
    card = model_card(source_of(VALIDATION), rows)
    assert "value: 0.5500" in card  # not the 0.72 of the comparison
    assert "edge-genre listen --model m-int8.tflite" in card  # the smallest that passed
    assert re.search(
        r"m-int8\.tflite \| 5,000 \| 99\.00% \| 0\.7100 \(0\.7200\) \| 0\.50 \|  \|", card
    )
    assert re.search(r"m-dynamic\.tflite .* did not pass, not written", card)
    assert re.search(r"m-int8\.onnx .* not converted", card)
    assert "- tflite" in card
    assert "- onnx" not in card  # no such file was written


def test_the_card_and_the_report_tell_tags_styles_and_the_answers_that_are_no_genre() -> None:
    source = source_of(VALIDATION)
    source.run.labels = ("jazz", "metal", "other", "not music")
    source.run.rejected = ("other", "not music")
    source.run.tags, source.run.styles = TAGS, STYLES
    source.run.second_front_end = SimpleNamespace(window_seconds=2.9, summary="64 bands")
    source.window_correlation = 0.2
    source.track_calibration = TrackCalibration(0.2, 60, 0.9, 1.1, 0.05, 0.2)
    parity = dataclasses.replace(
        PARITY, tags=TagParity(4, 0.03, 0.004, 0.95), styles=TagParity(3, 0.02, 0.003, 0.9)
    )
    rows = [Row(Variant("tflite", "int8"), "m-int8.tflite", made(parity=parity), ())]
    card = model_card(source, rows)
    assert "edge-genre: jazz, metal.\n" in card
    assert "`other` is music of another genre; `not music` is speech, noise" in card
    assert "| second input | the 2.9 s in the middle of them: 64 bands |" in card
    assert "| tags: genre | jazz, Metal |\n| tags: mood | mellow |\n" in card
    assert "| styles: electronic | techno |\n" in card
    assert "a window correlation of 0.2" in card
    assert "4 tags: 95.00%, 0.004; 3 styles: 90.00%, 0.003 |" in card
    text = _report(made(parity=parity), Path("made-up.tflite"), source)
    assert "4 tags          probability error 0.03 at most, 0.004 in the mean; the same" in text
    assert "calibration error 0.050 with window correlation 0.2, 0.200 as the mean" in text
    source.track_calibration = TrackCalibration(None, 60, 0.9, 0.9, 0.2, 0.2)
    assert "which no window correlation betters" in _report(made(), Path("m"), source)


def test_whole_tracks_are_calibrated_with_windows_that_the_model_was_not_trained_on(
    run: Run,
) -> None:
    """Sixty tracks of four windows, all of which say the same again."""
    labels = np.arange(60) % 3
    sure = scaled(np.eye(3, dtype=np.float32)[labels] * 0.7 + 0.1, 1.0)
    sure[::4] = np.roll(sure[::4], 1, axis=1)  # a quarter of the tracks is wrong
    windows = [np.repeat(values, 4, axis=0) for values in (sure, labels, np.arange(60))]
    source = Source(dataclasses.replace(run, unheard=Unheard(*windows)), DESCRIPTION)
    assert source.track_calibration is not None
    assert source.window_correlation == 1.0
    assert source.metrics["track_calibration"]["n_tracks"] == 60
    manifest = make(source, Variant("numpy", "none")).manifest
    assert manifest.window_correlation == 1.0
    assert manifest.metrics == source.metrics
    given = dataclasses.replace(run, unheard=Unheard(*windows), window_correlation=0.25)
    assert Source(given, DESCRIPTION).window_correlation == 0.25
    old = Source(dataclasses.replace(run, unheard=Unheard(*windows[:2], None)), DESCRIPTION)
    assert (old.track_calibration, old.window_correlation) == (None, None)
    assert old.metrics == run.metrics
