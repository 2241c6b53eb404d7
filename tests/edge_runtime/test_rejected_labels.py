"""A model that has a class for what is no genre, and genres that the user ignores."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from edge_runtime import Classifier, ClassifierStream
from edge_runtime.errors import ParameterError
from edge_runtime.model.file import read_model, write_model
from tests.command import succeed

from .sounds import RATE, noise, write_wav

SOUND = noise(4 * RATE)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    """The one of the models that ship which rejects nothing."""
    return Classifier("seed-cnn")


@pytest.fixture(scope="module")
def likeliest(classifier: Classifier) -> str:
    """The label that it gives noise."""
    return max(classifier.by_label(classifier.classify_window(SOUND[: 3 * RATE]).posterior).items(),
               key=lambda item: item[1])[0]  # fmt: skip


@pytest.fixture
def rejecting(likeliest: str, tmp_path: Path) -> Path:
    """The same model, with that label rejected."""
    model = read_model("seed-cnn")
    path = tmp_path / "rejecting.tflite"
    manifest = dataclasses.replace(model.manifest, schema_version="1.2", rejected=(likeliest,))
    write_model(path, model.network, manifest)
    return path


def test_a_label_that_is_no_genre_is_answered_by_its_own_name(
    rejecting: Path, classifier: Classifier, likeliest: str, tmp_path: Path
) -> None:
    clip = write_wav(tmp_path / "noise.wav", SOUND)
    rejects = Classifier(rejecting)
    assert rejects.classify(clip) == classifier.classify(clip)
    (before, *_), (after, *_) = (
        ClassifierStream(model).push(SOUND) for model in (classifier, rejects)
    )
    assert before.label == after.label == likeliest
    assert after.confidence == after.posterior[likeliest]


def test_a_file_and_its_windows_are_unknown_where_the_user_ignores_the_label(
    rejecting: Path, classifier: Classifier, likeliest: str, tmp_path: Path
) -> None:
    clip = write_wav(tmp_path / "noise.wav", SOUND)
    before = classifier.classify(clip)
    for model in ("seed-cnn", rejecting):
        after = Classifier(model, ignored=[likeliest]).classify(clip)
        assert before.label == likeliest
        assert after.label == "unknown"
        assert {window.label for window in after.windows} == {"unknown"}
        assert after.posterior == before.posterior
        assert after.confidence == after.posterior[likeliest]


def test_a_stream_is_unknown_where_the_user_ignores_the_label(
    classifier: Classifier, likeliest: str
) -> None:
    ignoring = Classifier("seed-cnn", ignored=[likeliest])
    (before, *_), (after, *_) = (
        ClassifierStream(model).push(SOUND) for model in (classifier, ignoring)
    )
    assert (before.label, after.label) == (likeliest, "unknown")
    assert after.posterior == before.posterior
    assert after.confidence == after.posterior[likeliest]


def test_where_a_genre_is_likelier_nothing_changes(
    classifier: Classifier, likeliest: str, tmp_path: Path
) -> None:
    model = read_model("seed-cnn")
    other = next(label for label in classifier.labels if label != likeliest)
    write_model(tmp_path / "m.tflite", model.network,
                dataclasses.replace(model.manifest, rejected=(other,)))  # fmt: skip
    clip = write_wav(tmp_path / "noise.wav", SOUND)
    rejecting = Classifier(tmp_path / "m.tflite")
    assert rejecting.classify(clip) == classifier.classify(clip)


def test_the_commands_print_the_label_that_is_no_genre(
    rejecting: Path, likeliest: str, tmp_path: Path
) -> None:
    clip = write_wav(tmp_path / "noise.wav", SOUND)
    (line,) = succeed("classify", clip, "--model", rejecting).stdout.splitlines()
    assert line.split()[1] == likeliest
    result = json.loads(succeed("classify", clip, "--model", rejecting, "--json").stdout)
    assert result["label"] == result["segments"][0]["label"] == likeliest
    events = succeed("listen", "--input", clip, "--fast", "--json", "--model", rejecting).stdout
    assert {json.loads(event)["label"] for event in events.splitlines()} == {likeliest}
    card = " ".join(succeed("info", rejecting).stdout.split())
    assert f"{likeliest} (no genre)" in card


def test_genres_that_are_ignored_or_not_among_those_wanted_are_rejected() -> None:
    every = Classifier("tiny").labels
    no_genre = ("other", "not music")
    assert Classifier("tiny").rejected == no_genre
    assert Classifier("tiny", ignored=["jazz", "rock"]).rejected == ("jazz", "rock", *no_genre)
    wanted = Classifier("tiny", only=["jazz", "rock"]).rejected
    assert wanted == tuple(label for label in every if label not in ("jazz", "rock"))
    both = Classifier("tiny", only=["jazz", "rock"], ignored=["rock"]).rejected
    assert both == tuple(label for label in every if label != "jazz")


def test_what_is_no_genre_keeps_its_own_name_beside_ignored_genres_unless_it_is_ignored_too() -> (
    None
):
    assert Classifier("tiny", ignored=["jazz"]).ignored == ("jazz",)
    assert "not music" not in Classifier("tiny", only=["jazz"]).ignored
    assert Classifier("tiny", ignored=["not music"]).ignored == ("not music",)


def test_a_genre_that_is_none_is_refused_with_one_like_it_and_one_must_be_left() -> None:
    with pytest.raises(ParameterError, match=r"knows no genre 'jaz' \(did you mean 'jazz'\?\)"):
        Classifier("tiny", only=["jaz"])
    with pytest.raises(ParameterError, match="knows no genre 'polka'; it knows blues, classical"):
        Classifier("tiny", ignored=["polka"])
    with pytest.raises(ParameterError, match=r"no genre is left of .* \(blues, .*\); leave one"):
        Classifier("tiny", only=["jazz"], ignored=["jazz"])
    with pytest.raises(ParameterError, match="no genre is left"):
        Classifier("tiny", only=["not music"])


def test_ignored_genres_become_unknown_in_listen(likeliest: str, tmp_path: Path) -> None:
    clip = write_wav(tmp_path / "noise.wav", SOUND)
    for options, label in (
        (("--ignore", likeliest), "unknown"), (("--only", f"{likeliest},jazz"), likeliest),
    ):  # fmt: skip
        printed = succeed("listen", "--input", clip, "--fast", "--json", "--model", "seed-cnn",
                          *options).stdout  # fmt: skip
        assert {json.loads(event)["label"] for event in printed.splitlines()} == {label}
