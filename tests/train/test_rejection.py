"""How often sounds that are not music are taken for it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from edge_runtime import Classifier
from edge_runtime.model.file import read_model, write_model
from tests.command import refused, succeed
from tests.pipeline import Pipeline
from tests.synthetic import GENRES
from train.data.tracks import Track
from train.evaluation.classify import evaluate
from train.evaluation.rejection import (
    Separation,
    measure_rejection,
    music_scores,
    rejection_text,
    roc_auc,
)
from train.not_music.sounds import make_sounds

LABELS = ("blues", "not music", "rock")


@pytest.fixture
def rejecting(pipeline: Pipeline, tmp_path: Path) -> Path:
    """The small model, for which hiss is no genre any more."""
    model = read_model(pipeline.exports["tflite", "int8"])
    manifest = dataclasses.replace(model.manifest, rejected=("hiss",))
    write_model(tmp_path / "rejecting.tflite", model.network, manifest)
    return tmp_path / "rejecting.tflite"


def music(pipeline: Pipeline) -> list[Track]:
    return [
        Track(path=path, id=path.stem, label=genre)
        for genre in GENRES[:2]
        for path in sorted((pipeline.data / genre).glob("*.wav"))
    ]


def test_the_area_under_the_curve_is_scikit_learns_ties_included() -> None:
    generator = np.random.default_rng(1)
    positive = np.round(generator.normal(0.6, 0.2, 80), 1)
    negative = np.round(generator.normal(0.4, 0.2, 50), 1)
    assert roc_auc(positive, negative) == pytest.approx(
        roc_auc_score([1] * 80 + [0] * 50, np.concatenate([positive, negative]))
    )


def test_music_is_what_is_not_rejected_and_silence_is_not() -> None:
    posteriors = np.array([[0.1, 0.7, 0.2], [0.5, 0.0, 0.5], [0.0, 0.0, 0.0]], np.float32)
    assert music_scores(posteriors, LABELS, ("not music",)) == pytest.approx([0.3, 1.0, 0.0])
    assert music_scores(posteriors, LABELS, ()) == pytest.approx([0.7, 0.5, 0.0])


def test_scores_next_to_one_differ() -> None:
    posteriors = np.array([[1.0, 1e-9, 0.0], [1.0, 1e-12, 0.0]], np.float32)
    less, more = music_scores(posteriors, LABELS, ("not music",))
    assert less < more < 1.0


def test_false_accepts_are_counted_where_95_of_100_pieces_of_music_are_accepted() -> None:
    separation = Separation(
        np.arange(1, 101) / 100,
        {"hum": np.array([0.01, 0.05]), "speech": np.array([0.0, 0.06, 0.5, 0.9])},
    )
    assert separation.threshold == 0.06
    assert separation.accepted == 0.95
    assert separation.false_accepts == {"hum": 0.0, "speech": 0.75}
    assert separation.false_accept == 0.5
    assert Separation(np.ones(10), {"hum": np.zeros(3)}).auc == 1.0


def test_a_model_that_rejects_hiss_rejects_noise(rejecting: Path, pipeline: Pipeline) -> None:
    classifier = Classifier(rejecting)
    evaluation = evaluate(classifier, music(pipeline))
    rate = classifier.manifest.front_end.sample_rate
    sounds = make_sounds("test", rate=rate, seconds=7.0, per_kind=3, kinds=["silence", "tone"])
    found = measure_rejection(classifier, evaluation.predictions, sounds)
    assert found.windows.false_accepts["silence"] == found.labelled["silence"] == 0.0
    assert len(found.windows.other["tone"]) == 3 * 2  # the rest is less than half a window
    assert len(found.tracks.other["tone"]) == 3
    assert len(found.tracks.music) == len(music(pipeline))
    hissing = [
        dataclasses.replace(sound, kind="hiss", samples=_hiss(rate, sound.seed))
        for sound in make_sounds("test", rate=rate, seconds=7.0, per_kind=3, kinds=["tone"])
    ]
    found = measure_rejection(classifier, evaluation.predictions, hissing)
    assert found.labelled == {"hiss": 0.0}
    assert found.windows.auc == found.tracks.auc == 1.0
    assert found.windows.false_accept == 0.0
    assert "hiss" in rejection_text(found)


def _hiss(rate: int, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(7 * rate)
    return (0.05 * np.convolve(noise, np.hanning(12), "same")).astype(np.float32)


@pytest.mark.slow
@pytest.mark.system_packages("espeak-ng")
def test_the_command_prints_writes_and_draws_it(
    rejecting: Path, pipeline: Pipeline, tmp_path: Path
) -> None:
    report, picture = tmp_path / "out.json", tmp_path / "new" / "rejection.png"
    done = succeed(
        "evaluate", rejecting, pipeline.data, "--json", report, "--rejection-plot", picture,
        constants={"train.evaluation.rejection.CLIPS_PER_KIND": 3},
    )  # fmt: skip
    values = json.loads(report.read_text())
    assert values["labels"] == list(GENRES[:2])
    assert values["n_tracks"] == 20
    rejection = values["rejection"]
    assert rejection["acceptance"] == 0.95
    assert {"noise", "hum", "crowd", "speech", "silence"} <= set(rejection["answered_with_a_genre"])
    for level, n in (("windows", 40), ("tracks", 20)):
        own = rejection[level]
        assert own["n_music"] >= n
        assert own["accepted"] >= 0.95
        assert 0.0 <= own["false_accept"] <= 1.0
        assert own["per_kind"]["silence"] == 0.0
    assert "false accepts where" in done.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_without_espeak_nothing_is_begun(
    rejecting: Path, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    line = refused("evaluate", rejecting, pipeline.data, "--rejection", code=4)
    assert "sudo apt install espeak-ng" in line


def test_clips_of_a_rejected_label_are_no_genre_to_evaluate(
    rejecting: Path, pipeline: Pipeline, tmp_path: Path
) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text("id,genre,path,split\nh,hiss,hiss/hiss.00000.wav,valid\n")
    line = refused("evaluate", rejecting, pipeline.data, "--split-file", listed, code=3)
    assert "does not know hiss as a genre; its genres are beeps, drone" in line


def test_where_95_of_100_is_no_whole_number_more_of_the_music_is_accepted() -> None:
    music = np.arange(10) / 10
    found = Separation(music, {"hiss": np.array([0.0, 0.05, 0.1]), "hum": np.array([-1.0])})
    assert (found.threshold, found.accepted) == (0.0, 1.0)
    assert found.false_accepts == {"hiss": 1.0, "hum": 0.0}
    assert found.false_accept == 0.75
    twenty = Separation(np.arange(20) / 20, {"hiss": np.array([0.0, 0.05])})
    assert (twenty.threshold, twenty.accepted, twenty.false_accept) == (0.05, 0.95, 0.5)
