"""``edge-genre train``, run as a user runs it, on real (generated) sound."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.command import edge_genre, refused, succeed
from tests.pipeline import Pipeline
from tests.synthetic import GENRES, write_data_set


def test_a_run_folder_tells_how_it_was_trained(pipeline: Pipeline) -> None:
    run = json.loads((pipeline.run / "run.json").read_text())
    training = run["training"]
    assert run["labels"] == list(GENRES)
    assert training["split"] == "track (random, seed 3)"
    assert training["split_leaks"] is False
    assert training["n_tracks"] == {"train": 24, "valid": 6}
    assert training["n_windows"] == {"train": 48, "valid": 12}
    assert training["learning_rate"] == 0.001
    assert training["parameters"] == 45_514 - 7 * 65  # the seed's ten outputs are three here
    assert run["metrics"]["validation"]["track_accuracy"] == 1.0


def test_a_corrupt_clip_and_an_empty_genre_are_reported_skipped_and_counted(
    pipeline: Pipeline,
) -> None:
    run = json.loads((pipeline.run / "run.json").read_text())
    (skipped,) = run["training"]["skipped"]
    assert skipped.startswith("hiss/corrupt: this WAV file ends before")
    warnings = [line for line in pipeline.training_stderr.splitlines() if "warning" in line]
    assert len(warnings) == 2
    assert any("left out" in line and "corrupt.wav" in line for line in warnings)
    assert any("polka" in line and "without clips" in line for line in warnings)
    assert "hiss/corrupt" in (pipeline.run / "report.md").read_text()


def test_the_report_has_curves_and_a_value_per_epoch(pipeline: Pipeline) -> None:
    with (pipeline.run / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 30
    assert set(rows[0]) == {"epoch", "accuracy", "loss", "val_accuracy", "val_loss"}
    assert (pipeline.run / "history.png").read_bytes().startswith(b"\x89PNG")
    assert "history.png" in (pipeline.run / "report.md").read_text()


def test_no_track_stands_on_both_sides_of_the_default_split(pipeline: Pipeline) -> None:
    with (pipeline.run / "split.csv").open() as file:
        parts = {row["id"]: set(row["parts"].split()) for row in csv.DictReader(file)}
    assert all(len(own) == 1 for own in parts.values())


def test_normalisation_makes_training_windows_standard(pipeline: Pipeline) -> None:
    with np.load(pipeline.run / "windows.npz") as windows:
        features = windows["calibration_features"]
    np.testing.assert_allclose(features.mean(axis=(0, 1)), 0.0, atol=1e-3)
    np.testing.assert_allclose(features.std(axis=(0, 1)), 1.0, atol=1e-3)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data_set(tmp_path_factory.mktemp("data") / "clips", clips_per_genre=3)


def train(data: Path, out: Path, *more: str) -> tuple[str, ...]:
    return (
        "train", str(data), "--out", str(out), "--cache", str(data.parent / "cache"),
        "--epochs", "1", *more,
    )  # fmt: skip


def test_the_segment_split_says_everywhere_that_it_leaks(data: Path, tmp_path: Path) -> None:
    done = succeed(*train(data, tmp_path / "run", "--split", "segment", "--dc-block", "10"))
    assert "LEAKS" in done.stderr
    assert "LEAKS" in (tmp_path / "run" / "report.md").read_text()
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert run["training"]["split_leaks"] is True
    assert run["front_end"]["dc_block_hz"] == 10.0
    assert "LEAKS" in run["metrics"]["protocol"]


def test_the_same_seed_gives_the_same_weights(data: Path, tmp_path: Path) -> None:
    import keras

    weights = []
    for name in ("first", "second"):
        succeed(*train(data, tmp_path / name, "--seed", "5"))
        model = keras.saving.load_model(tmp_path / name / "model.keras")
        weights.append(model.get_weights())
    for first, second in zip(*weights, strict=True):
        np.testing.assert_array_equal(first, second)


def test_a_split_file_decides_who_teaches(data: Path, tmp_path: Path) -> None:
    rows = [
        f"{path.stem},{path.parent.name},{'valid' if '00000' in path.stem else 'train'}"
        for path in sorted(data.rglob("*.*"))
    ]
    listing = tmp_path / "tracks.csv"
    listing.write_text("\n".join(["id,genre,split", *rows]) + "\n")
    succeed(*train(data, tmp_path / "run", "--split", str(listing)))
    with (tmp_path / "run" / "split.csv").open() as file:
        parts = {row["id"]: row["parts"].split()[0] for row in csv.DictReader(file)}
    assert parts["hiss.00000"] == "valid"
    assert parts["hiss.00001"] == "train"


def test_a_finished_run_is_not_replaced_by_accident(data: Path, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    line = refused(*train(data, tmp_path), code=3)
    assert "--overwrite" in line
    assert (tmp_path / "run.json").read_text() == "{}"


def test_a_run_that_fails_leaves_the_one_before_it(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{}")
    (tmp_path / "data" / "hiss").mkdir(parents=True)
    (tmp_path / "data" / "hiss" / "a.wav").write_bytes(b"no sound")
    refused(*train(tmp_path / "data", tmp_path / "run", "--overwrite"), code=3)
    assert (tmp_path / "run" / "run.json").read_text() == "{}"


def test_a_split_file_without_known_parts_says_which_it_has(data: Path, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,genre,split\nhiss.00000,hiss,training\n")
    line = refused(*train(data, tmp_path / "run", "--split", str(tmp_path / "t.csv")), code=3)
    assert "the split file has: training" in line


def test_a_data_set_that_cannot_be_used_is_refused_in_one_line(tmp_path: Path) -> None:
    assert "no such folder" in refused("train", tmp_path / "nowhere", code=3)
    (tmp_path / "jazz").mkdir()
    assert "no clips found" in refused("train", tmp_path, code=3)
    assert "neither" in refused("train", tmp_path, "--split", "trak", code=3)
    assert "not a whole number" in refused("train", tmp_path, "--epochs", "0", code=2)


def test_one_genre_is_not_enough(data: Path, tmp_path: Path) -> None:
    shutil.copytree(data / "hiss", tmp_path / "data" / "hiss")
    done = edge_genre(*train(tmp_path / "data", tmp_path / "run"))
    assert done.returncode == 3
    assert "at least two" in done.stderr
    assert not (tmp_path / "run" / "run.json").exists()
