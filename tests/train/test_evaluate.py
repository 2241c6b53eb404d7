"""``edge-genre evaluate`` against other models, on real (generated) sound."""

import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.cli import main
from edge_runtime.errors import DataSetError
from tests.command import edge_genre, refused, succeed
from tests.pipeline import Pipeline
from tests.synthetic import GENRES
from train.evaluation.scores import score_predictions
from train.evaluation.track_results import compare_results, difference_text, track_results
from train.run.predictions import REJECTED, load_predictions

from .predictions import labelling, write_run


def test_predictions_hold_what_the_scores_were_made_of(pipeline: Pipeline, tmp_path: Path) -> None:
    written, report = tmp_path / "new" / "mine.npz", tmp_path / "out.json"
    model = pipeline.exports["tflite", "none"]
    succeed("evaluate", model, pipeline.data, "--predictions", written, "--json", report)
    values = json.loads(report.read_text())
    predictions = load_predictions(written)
    assert predictions.labels == GENRES
    assert predictions.track_ids == tuple(track["id"] for track in values["tracks"])
    again = score_predictions(predictions).to_dict()
    assert again == {key: values[key] for key in again}


@pytest.mark.parametrize("kind", ["model", "npz", "json", "run"])
def test_a_model_is_compared_with_a_model_predictions_a_report_or_a_run(
    pipeline: Pipeline, tmp_path: Path, kind: str
) -> None:
    model, other = pipeline.exports["tflite", "none"], pipeline.exports["onnx", "none"]
    n_tracks = 30
    if kind == "model":
        against = other
    elif kind == "run":
        against, n_tracks = pipeline.run, 6  # it was validated on a fifth of the clips
    else:
        against = tmp_path / f"other.{kind}"
        option = {"npz": "--predictions", "json": "--json"}[kind]
        succeed("evaluate", other, pipeline.data, option, against)
    report = tmp_path / "out.json"
    done = succeed("evaluate", model, pipeline.data, "--against", against, "--json", report)
    assert f"{against.name}, on " in done.stdout
    assert "McNemar" in done.stdout
    difference = json.loads(report.read_text())["against"]
    assert difference["n"] == n_tracks
    assert difference["p"] == 1.0  # the same network
    assert len(difference["accuracy"]) == 2


@pytest.mark.parametrize(
    ("option", "module"), [("--against", "scipy"), ("--rejection-plot", "matplotlib")]
)
def test_an_option_whose_library_is_missing_names_its_extra_at_once(
    option: str,
    module: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)  # the folder of the project may not be writable
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == module else found(name)
    )
    assert main(["evaluate", "tiny", "nowhere", option, "some.file"]) == 4
    assert capsys.readouterr().err == (
        f'edge-genre: {option} ({module} missing) needs the extra "train": '
        'pip install "edge-genre[train]"\n'
    )


def test_a_run_on_a_leaky_split_is_pointed_out(pipeline: Pipeline, tmp_path: Path) -> None:
    names = [f"{genre}/{genre}.{index:05}" for genre in GENRES for index in range(10)]
    predictions = labelling(np.repeat(range(3), 10), [0] * 30, labels=GENRES)
    predictions = type(predictions)(
        GENRES, tuple(names), *(vars(predictions)[k] for k in
                                ("track_labels", "segment_tracks", "posteriors")),
    )  # fmt: skip
    run = write_run(tmp_path / "leaky", predictions, split_leaks=True)
    model = pipeline.exports["tflite", "none"]
    done = succeed("evaluate", model, pipeline.data, "--against", run)
    assert "LEAKS" in done.stderr
    assert "more than chance" in done.stdout  # the other calls everything beeps


def test_what_cannot_be_tested_against_is_refused_before_anything_is_computed(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    model = pipeline.exports["tflite", "none"]
    (tmp_path / "bad.json").write_text('{"tracks": 3}')
    (tmp_path / "bad.npz").write_bytes(b"nothing")
    for name, words in (
        ("bad.json", "lists no tracks"),
        ("bad.npz", "is not a predictions file"),
        ("none.json", "cannot be read"),
        ("none.npz", "no such file"),
        ("none.onnx", "no such model"),
        (".", "is not a finished training run"),
    ):
        line = refused("evaluate", model, pipeline.data, "--against", tmp_path / name, code=3)
        assert words in line, name


def test_other_tracks_or_other_truths_cannot_be_compared() -> None:
    here = track_results("here", labelling([0, 1], [0, 1]))
    elsewhere = track_results("there", labelling([0, 1], [0, 1], labels=("funk", "ska", "dub")))
    with pytest.raises(DataSetError, match="has 'track 0' as funk"):
        compare_results(here, elsewhere)
    alien = type(here)("alien", {"x": True}, {"x": "jazz"})
    with pytest.raises(DataSetError, match="none of its 1 tracks"):
        compare_results(here, alien)


def test_only_common_tracks_count_and_spelling_of_genres_does_not() -> None:
    few = track_results("few", labelling([0, 1], [0, 0], labels=("Hip-Hop", "jazz")))
    many = track_results("many", labelling([0, 1, 1], [0, 1, 0], labels=("hiphop", "Jazz")))
    difference = compare_results(few, many)
    assert difference.test.n == 2
    assert difference.accuracies == (0.5, 1.0)
    assert (difference.test.b, difference.test.c) == (0, 1)


def test_labels_that_are_no_genre_are_wrong_here_too() -> None:
    first = track_results("first", labelling([0] * 9, [0] * 9))
    second = track_results("second", labelling([0] * 9, [REJECTED] * 9))
    difference = compare_results(first, second)
    assert (difference.test.b, difference.test.c) == (9, 0)
    assert "p = 0.004" in difference_text(difference)
    assert "more than chance" in difference_text(difference)


def test_a_folder_named_like_a_part_is_evaluated_alone(pipeline: Pipeline, tmp_path: Path) -> None:
    for name, number in (("train", 0), ("val", 1), ("test", 2)):
        for genre in ("beeps", "hiss"):
            (tmp_path / "music" / name / genre).mkdir(parents=True)
            (sound,) = (pipeline.data / genre).glob(f"*0000{number}.*")
            shutil.copy(sound, tmp_path / "music" / name / genre)
    model, music = pipeline.exports["tflite", "none"], tmp_path / "music"
    out = ("--json", tmp_path / "out.json")
    succeed("evaluate", model, music, "--split", "valid", *out)
    assert json.loads((tmp_path / "out.json").read_text())["n_tracks"] == 2
    line = edge_genre("evaluate", model, music, "--split", "other").stderr.splitlines()[-1]
    assert "no clips in part 'other'; the folders are: test, train, valid" in line
    assert "GTZAN" in refused("evaluate", model, music, "--data-set", "gtzan", code=3)
