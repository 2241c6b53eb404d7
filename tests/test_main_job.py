"""From clips to a genre: what the whole product is for, through its real command."""

import json
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_runtime import Classifier, ClassifierStream
from tests.command import refused, succeed
from tests.pipeline import VARIANTS, Pipeline
from tests.synthetic import GENRES, RATE, clip, write_data_set


@pytest.mark.parametrize("variant", VARIANTS, ids="-".join)
def test_new_clips_of_every_container_are_classified_rightly(
    pipeline: Pipeline, variant: tuple[str, str], tmp_path: Path
) -> None:
    data = tmp_path / "new"
    for genre in GENRES:
        (data / genre).mkdir(parents=True)
        for seed, suffix in enumerate((".wav", ".au", ".ogg", ".flac", ".mp3"), start=50):
            soundfile.write(data / genre / f"{seed}{suffix}", clip(genre, seed), RATE)
    report = tmp_path / "out.json"
    done = succeed("evaluate", pipeline.exports[variant], data, "--json", report)
    values = json.loads(report.read_text())
    assert values["n_tracks"] == 15
    assert values["track"]["accuracy"] == 1.0
    assert values["track"]["macro_recall"] == 1.0
    assert values["segment"]["accuracy"] > 0.9
    assert values["per_genre"]["hiss"]["recall"] == 1.0
    assert values["confusion"] == [[5, 0, 0], [0, 5, 0], [0, 0, 5]]
    assert values["labels"] == list(GENRES)
    assert "accuracy 1.000" in done.stdout


def test_evaluate_takes_a_split_file_and_leaves_out_what_it_cannot_read(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    data = write_data_set(tmp_path / "data", clips_per_genre=2)
    (data / "hiss" / "hiss.00009.wav").write_bytes(b"no sound at all")
    rows = ["id,genre,split", "hiss.00000,hiss,valid", "hiss.00009,hiss,valid"]
    rows += ["drone.00000,drone,valid", "drone.00001,drone,train"]
    (tmp_path / "tracks.csv").write_text("\n".join(rows) + "\n")
    model = pipeline.exports["tflite", "int8"]
    report = tmp_path / "out.json"
    arguments = ("--split-file", tmp_path / "tracks.csv", "--split", "valid", "--json", report)
    done = succeed("evaluate", model, data, *arguments)
    values = json.loads(report.read_text())
    assert values["n_tracks"] == 2
    assert values["n_skipped"] == 1
    assert "hiss.00009.wav" in done.stderr
    assert set(values["per_genre"]) == {"drone", "hiss"}


def test_evaluate_refuses_what_it_cannot_compare(pipeline: Pipeline, tmp_path: Path) -> None:
    model = pipeline.exports["tflite", "int8"]
    data = write_data_set(tmp_path / "data", clips_per_genre=1)
    (tmp_path / "t.csv").write_text("id,genre,split\nhiss.00000,polka,valid\n")
    split_file = ("--split-file", tmp_path / "t.csv")
    assert "does not know polka" in refused("evaluate", model, data, *split_file, code=3)
    line = refused("evaluate", model, data, *split_file, "--split", "test", code=3)
    assert "the split file has: valid" in line
    assert "--split-file" in refused("evaluate", model, data, "--split", "valid", code=2)
    assert "no such model" in refused("evaluate", tmp_path / "no.tflite", data, code=3)


def test_an_evaluation_in_which_nothing_can_be_read_is_refused(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    (tmp_path / "hiss").mkdir()
    (tmp_path / "hiss" / "a.wav").write_bytes(b"nothing")
    model = pipeline.exports["tflite", "int8"]
    assert "none of the 1 clips" in refused("evaluate", model, tmp_path, code=3)


def test_one_exported_file_is_all_that_a_device_needs(pipeline: Pipeline, tmp_path: Path) -> None:
    model = shutil.copy(pipeline.exports["tflite", "int8"], tmp_path / "device.tflite")
    soundfile.write(tmp_path / "song.wav", clip("beeps", 60), RATE)
    done = succeed("classify", "song.wav", "--model", model, "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["label"] == "beeps"


def test_a_stream_says_when_the_genre_changes(pipeline: Pipeline) -> None:
    classifier = Classifier(pipeline.exports["onnx", "int8"])
    stream = ClassifierStream(classifier, rate=48_000, channels=2)
    sound = np.concatenate([clip("drone", 70, 30.0), clip("hiss", 70, 30.0)])
    wide = np.repeat(
        np.interp(np.arange(0, len(sound), RATE / 48_000), np.arange(len(sound)), sound), 2
    )
    samples = np.round(wide.reshape(-1, 2) * 32767).astype(np.int16)
    events = [
        event
        for start in range(0, len(samples), 4801)
        for event in stream.push(samples[start : start + 4801])
    ]
    labels = [event.label for event in events]
    assert labels[0] == "drone"
    assert labels[-1] == "hiss"
    changes = sum(before != after for before, after in pairwise(labels))
    assert changes == 1
