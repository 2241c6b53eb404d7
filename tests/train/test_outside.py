"""``edge-genre evaluate --outside``: music of no genre that the model knows."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from edge_runtime import Classification, Classifier
from edge_runtime.audio.folder import find_audio
from edge_runtime.errors import AudioFormatError
from tests.command import edge_genre, refused, succeed
from tests.pipeline import Pipeline
from train.evaluation.outside import evaluate_outside, outside_text


class Answering:
    """Answers what a file's name says: ``jazz 0.4.wav``."""

    manifest = SimpleNamespace(genres=("jazz", "pop"))

    def classify(self, path: Path) -> Classification:
        label, p = path.stem.rsplit(" ", 1)
        if label == "broken":
            raise AudioFormatError(f"{path}: is no audio")
        return Classification(str(path), label, {label: float(p)}, (), 1.0, (), style="polka")


def folder_of(root: Path, *names: str) -> Path:
    for name in names:
        path = root / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return root


def test_shares_are_counted_by_folder_and_in_all(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path, "polka/other 0.9", "polka/other 0.6", "polka/a/jazz 0.5", "polka/pop 0.49",
        "hymns/not music 0.9", "hymns/silence 0", "hymns/unknown 0.2", "hymns/broken 1",
        "pop 0.8",
    )  # fmt: skip
    outside = evaluate_outside(cast(Classifier, Answering()), folder, find_audio(folder))
    values = outside.to_dict()
    assert values["n_tracks"] == 8
    assert values["n_skipped"] == 1
    assert "is no audio" in values["skipped"][0]
    assert values["total"] == {
        "n_tracks": 8, "other": 0.25, "not_music": 0.125, "unknown": 0.125, "silence": 0.125,
        "genre": 0.375, "confident_genre": 0.25, "genres": {"pop": 2, "jazz": 1},
    }  # fmt: skip
    assert values["folders"]["polka"]["genre"] == 0.5
    assert values["folders"]["polka"]["confident_genre"] == 0.25
    assert values["folders"]["hymns"]["other"] == 0.0
    assert values["folders"]["."]["genres"] == {"pop": 1}
    assert {"id": "pop 0.8.wav", "answer": "pop", "posterior": {"pop": 0.8}, "style": "polka"} in (
        values["tracks"]
    )
    text = outside_text(outside)
    assert [line.split()[:3] for line in text.splitlines()[2:]] == [
        ["hymns", "3", "0.000"],
        ["polka", "4", "0.500"],
        [".", "1", "0.000"],
        ["all", "8", "0.250"],
    ]
    assert text.splitlines()[-1].endswith("0.250  pop 2, jazz 1")


def test_one_folder_has_one_row(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "other 0.9", "jazz 0.9")
    outside = evaluate_outside(cast(Classifier, Answering()), folder, find_audio(folder))
    assert [line.split()[0] for line in outside_text(outside).splitlines()[2:]] == ["all"]


def test_the_command_prints_and_writes_it(pipeline: Pipeline, tmp_path: Path) -> None:
    """A model without a label for other music gives all of it a genre."""
    report = tmp_path / "out.json"
    model = pipeline.exports["tflite", "none"]
    done = succeed("evaluate", model, pipeline.data, "--outside", "--json", report)
    assert "outside its genres" in done.stdout
    assert "left out: 1 files" in done.stdout
    values = json.loads(report.read_text())
    assert values["total"]["n_tracks"] == 30
    assert values["total"]["genre"] == 1.0
    assert set(values["folders"]) == {"beeps", "drone", "hiss"}
    assert values["model"]["file"] == model.name
    assert values["data"] == pipeline.data.name


@pytest.mark.parametrize(
    ("options", "option"),
    [
        (["--split", "valid"], "--split"),
        (["--against", "x.npz"], "--against"),
        (["--data-set", "gtzan"], "--data-set"),
        (["--predictions", "x.npz"], "--predictions"),
        (["--rejection"], "--rejection"),
    ],
)
def test_options_that_need_genres_are_refused(
    tmp_path: Path, options: list[str], option: str
) -> None:
    line = refused("evaluate", "tiny", tmp_path, "--outside", *options, code=2)
    assert line.endswith(f"leave out {option}")


def test_what_holds_no_music_is_refused(tmp_path: Path) -> None:
    line = refused("evaluate", "tiny", tmp_path, "--outside", code=3)
    assert f"{tmp_path}: holds no audio files" in line
    line = refused("evaluate", "tiny", tmp_path / "none", "--outside", code=3)
    assert "no such folder" in line
    (tmp_path / "x.wav").write_bytes(b"nothing")
    done = edge_genre("evaluate", "tiny", tmp_path, "--outside")
    assert "none of the 1 files can be used" in done.stderr
