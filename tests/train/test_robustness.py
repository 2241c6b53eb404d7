"""``edge-genre robustness`` on generated clips, through the real command."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.command import edge_genre, refused, succeed
from tests.pipeline import Pipeline
from tests.synthetic import GENRES, RATE, clip, write_data_set


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clips a genre."""
    return write_data_set(tmp_path_factory.mktemp("robustness") / "data", clips_per_genre=3)


@pytest.mark.slow
def test_every_condition_is_set_against_the_clean_clips(
    pipeline: Pipeline, data: Path, tmp_path: Path
) -> None:
    report, clean = tmp_path / "new" / "out.json", tmp_path / "clean.json"
    models = [pipeline.exports["tflite", "int8"], pipeline.exports["onnx", "none"]]
    names = "room-0.4,snr-5,source-8k,opus-24,level-40"
    done = succeed("robustness", *models, data, "--conditions", names, "--json", report)
    values = json.loads(report.read_text())
    assert [model["file"] for model in values["models"]] == ["int8.tflite", "none.onnx"]
    for model in values["models"]:
        rows = model["conditions"]
        assert [row["condition"] for row in rows] == ["clean", *names.split(",")]
        assert rows[0]["points_to_clean"] == 0.0
        for row in rows:
            assert row["n_tracks"] == 9
            points = 100 * (row["track"]["accuracy"] - rows[0]["track"]["accuracy"])
            assert row["points_to_clean"] == pytest.approx(points)
            assert points == pytest.approx(100 * (row["gained"] - row["lost"]) / 9)
            assert 0 < row["p_to_clean"] <= 1
    for name in names.split(","):
        assert sum(line.startswith(name) for line in done.stdout.splitlines()) == 2
    succeed("evaluate", models[1], data, "--json", clean)
    evaluated = json.loads(clean.read_text())
    for measure in ("track", "segment", "confusion", "tracks"):
        assert rows[0][measure] == evaluated[measure]


def test_a_split_file_chooses_the_clips_and_a_damaged_one_is_left_out(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    for genre in GENRES:
        (data / genre).mkdir(parents=True)
        sound = np.stack([clip(genre, 7), clip(genre, 8)], axis=1)
        sound[100] = np.nan
        soundfile.write(data / genre / f"{genre}.wav", sound, RATE, subtype="FLOAT")
    (data / "hiss" / "bad.wav").write_bytes(b"RIFF\x24\x00\x00\x00WAVEfmt ")
    lines = [f"{genre},valid,{genre}/{genre}.wav" for genre in GENRES[1:]]
    listed = ["genre,split,path", *lines, "hiss,valid,hiss/bad.wav", "beeps,train,beeps/beeps.wav"]
    (tmp_path / "list.csv").write_text("\n".join(listed) + "\n")
    done = succeed(
        "robustness", pipeline.exports["tflite", "none"], data, "--conditions", "room-0.2",
        "--split-file", tmp_path / "list.csv", "--split", "valid",
    )  # fmt: skip
    assert "on data, 2 tracks" in done.stdout
    assert done.stderr.count("left out: ") == 1
    assert "bad.wav" in done.stderr


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--conditions", "room-0.3"], 2, "there is no 'room-0.3'; did you mean room-0."),
        (["--conditions", ""], 2, "--conditions is empty"),
        (["--conditions", ","], 2, "there is no ''; there are clean, level-20"),
        (["--split", "valid"], 2, "add --split-file CSV"),
        (["--split-file", "none.csv"], 3, "none.csv"),
        (["--json", "."], 2, "is a folder"),
    ],
)
def test_bad_arguments_are_refused_before_any_work(
    pipeline: Pipeline, data: Path, options: list[str], code: int, words: str
) -> None:
    model = pipeline.exports["tflite", "none"]
    assert words in refused("robustness", model, data, *options, code=code)


def test_a_model_that_cannot_be_read_or_does_not_know_the_genres_is_refused(
    pipeline: Pipeline, data: Path, tmp_path: Path
) -> None:
    model = pipeline.exports["tflite", "none"]
    assert "no such" in refused("robustness", model, tmp_path / "x.tflite", data, code=3)
    assert "no such folder" in refused("robustness", model, tmp_path / "none", code=3)
    (tmp_path / "list.csv").write_text("genre,split,path\npolka,valid,hiss/hiss.00000.wav\n")
    line = refused("robustness", model, data, "--split-file", tmp_path / "list.csv", code=3)
    assert "does not know polka" in line
    (tmp_path / "list.csv").write_text("genre,split,path\nhiss,valid,hiss/hiss.00000.wav\n")
    chosen = ("--split-file", tmp_path / "list.csv", "--split", "test")
    assert "no clips in part 'test'" in refused("robustness", model, data, *chosen, code=3)


def test_help_lists_the_conditions() -> None:
    done = edge_genre("robustness", "--help")
    assert done.returncode == 0
    assert "room-0.4-snr-10" in done.stdout
