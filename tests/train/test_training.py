"""``edge-genre train``, run as a user runs it, on real (generated) sound."""

import csv
import errno
import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_runtime import Classifier
from edge_runtime.cli import main
from tests.command import refused, succeed
from tests.pipeline import Pipeline
from tests.synthetic import GENRES, clip, write_data_set
from train.models import BASELINES
from train.run.predictions import load_predictions


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


@pytest.fixture(scope="module")
def plain(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one epoch."""
    out = tmp_path_factory.mktemp("plain") / "run"
    succeed(*train(data, out, "--seed", "5"))
    return out


def train_svm(data: Path, out: Path, *more: str | Path) -> subprocess.CompletedProcess[str]:
    """A training that needs no TensorFlow, for what is the same of every model."""
    cache = data.parent / "cache"
    return succeed("train", data, "--model", "svm", "--out", out, "--cache", cache, *more)


@pytest.mark.slow
def test_the_segment_split_says_everywhere_that_it_leaks_and_tensorboard_logs_are_written(
    data: Path, tmp_path: Path
) -> None:
    options = ("--split", "segment", "--dc-block", "10", "--tensorboard")
    done = succeed(*train(data, tmp_path / "run", *options))
    assert "LEAKS" in done.stderr
    assert "LEAKS" in (tmp_path / "run" / "report.md").read_text()
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert run["training"]["split_leaks"] is True
    assert run["front_end"]["dc_block_hz"] == 10.0
    assert "LEAKS" in run["metrics"]["protocol"]
    assert list((tmp_path / "run" / "tensorboard").rglob("events.out.tfevents.*"))


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights(plain: Path, data: Path, tmp_path: Path) -> None:
    succeed(*train(data, tmp_path / "run", "--seed", "5"))
    for first, second in zip(weights(plain), weights(tmp_path / "run"), strict=True):
        np.testing.assert_array_equal(first, second)


def weights(run: Path) -> list[np.ndarray]:
    import keras

    return keras.saving.load_model(run / "model.keras").get_weights()


@pytest.mark.slow
def test_a_training_that_was_killed_goes_on_and_ends_as_if_it_had_not_been(
    data: Path, tmp_path: Path
) -> None:
    def command(out: Path, *more: str) -> tuple[str, ...]:
        varied = ("--gain-db", "6", "--spec-augment", "--mixup", "0.2", "--schedule", "cosine")
        return (*train(data, out, "--patience", "9", *varied, *more), "--epochs", "4")

    killed = subprocess.Popen(
        [sys.executable, "-m", "edge_runtime", *command(tmp_path / "killed")],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert killed.stderr is not None
    for line in killed.stderr:
        if line.startswith("epoch   2 of"):
            killed.kill()
            break
    killed.wait()
    assert not (tmp_path / "killed" / "run.json").exists()

    line = refused(*command(tmp_path / "killed", "--resume", "--learning-rate", "0.5"), code=3)
    assert "another learning rate (0.0001, not 0.5)" in line

    done = succeed(*command(tmp_path / "killed", "--resume"))
    assert "going on after epoch" in done.stderr
    succeed(*command(tmp_path / "through"))
    for one, other in zip(weights(tmp_path / "killed"), weights(tmp_path / "through"), strict=True):
        np.testing.assert_array_equal(one, other)
    histories = [(tmp_path / name / "history.csv").read_text() for name in ("killed", "through")]
    assert histories[0] == histories[1]
    assert not (tmp_path / "killed" / "checkpoint").exists()


@pytest.mark.slow
def test_the_best_epoch_is_taken_where_patience_is_set(data: Path, tmp_path: Path) -> None:
    succeed(
        *train(data, tmp_path / "run", "--patience", "2", "--learning-rate", "0.01"),
        "--epochs", "40", "--batch-size", "4", "--class-weight", "balanced",
    )  # fmt: skip
    training = json.loads((tmp_path / "run" / "run.json").read_text())["training"]
    with (tmp_path / "run" / "history.csv").open() as file:
        losses = [float(row["val_loss"]) for row in csv.DictReader(file)]
    assert training["best_epoch"] == 1 + int(np.argmin(losses))
    assert len(losses) == min(40, training["best_epoch"] + 2)
    with np.load(tmp_path / "run" / "windows.npz") as arrays:
        labels, features = arrays["valid_labels"], arrays["valid_features"]
    posteriors = load_predictions(tmp_path / "run" / "predictions.npz").posteriors
    import keras

    model = keras.saving.load_model(tmp_path / "run" / "model.keras")
    np.testing.assert_allclose(model.predict(features[..., None], verbose=0), posteriors, atol=1e-5)
    loss = -np.log(posteriors[np.arange(len(labels)), labels]).mean()
    assert loss == pytest.approx(min(losses), abs=1e-3)


@pytest.mark.parametrize("name", sorted(BASELINES))
def test_every_baseline_trains_on_sound_and_is_not_exported(
    name: str, pipeline: Pipeline, tmp_path: Path
) -> None:
    done = succeed("train", pipeline.data, "--model", name, "--out", tmp_path / "run",
                   "--cache", pipeline.run.parent / "cache", "--seed", "3")  # fmt: skip
    assert "next: edge-genre export" not in done.stdout
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert run["metrics"]["validation"]["track_accuracy"] == 1.0
    assert run["training"]["parameters"] > 0
    assert (tmp_path / "run" / "report.md").exists()
    line = refused("export", tmp_path / "run", code=3)
    assert f"{name} is a baseline" in line
    assert "is for networks" in refused(
        "train",
        pipeline.data,
        "--model",
        name,
        "--out",
        tmp_path / "other",
        "--epochs",
        "3",
        code=2,
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["seed-cnn-mel", "crnn"])
def test_the_other_networks_train_and_export(name: str, data: Path, tmp_path: Path) -> None:
    succeed(*train(data, tmp_path / "run", "--model", name, "--batch-size", "8"))
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert run["front_end"]["kind"] == "log_mel"
    # 6.5 s: at half a window's distance three windows train (0, 1.5 and 3 s), two validate.
    assert run["training"]["n_windows"] == {"train": 18, "valid": 6}
    model = tmp_path / "model.tflite"
    succeed("export", tmp_path / "run", "--quantize", "none", "--out", model)
    assert Classifier(model).classify("demo").label in (*GENRES, "unknown")


def test_the_student_reports_json_trains_with_the_split_that_leaks_alone(
    data: Path, tmp_path: Path
) -> None:
    written = tmp_path / "data.json"
    succeed("features", data, "--format", "json", "--out", written)
    line = refused("train", written, "--model", "svm", "--out", tmp_path / "run", code=3)
    assert "does not say which track" in line
    done = succeed(
        "train", written, "--model", "svm", "--split", "segment", "--out", tmp_path / "run"
    )
    assert "LEAKS" in done.stderr
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert sum(run["training"]["n_windows"].values()) == 18


def test_folds_validate_every_track_once(data: Path, tmp_path: Path) -> None:
    validated: list[str] = []
    for fold in ("1/3", "2/3", "3/3"):
        out = tmp_path / fold[0]
        train_svm(data, out, "--split", fold)
        validated += load_predictions(out / "predictions.npz").track_ids
        training = json.loads((out / "run.json").read_text())["training"]
        assert training["split_id"] == f"fold{fold[0]}of3-track-seed0"
    assert len(validated) == len(set(validated)) == 9
    assert "from 1 to K" in refused("train", data, "--split", "4/3", code=2)


@pytest.mark.slow
def test_varied_copies_train_and_never_validate(plain: Path, data: Path, tmp_path: Path) -> None:
    more = tmp_path / "more"
    train_svm(data, more, "--augment-copies", "2", "--copies-stretch", "0")
    counts = [
        json.loads((run / "run.json").read_text())["training"]["n_windows"] for run in (plain, more)
    ]
    assert counts[1]["train"] == 3 * counts[0]["train"]
    assert counts[1]["valid"] == counts[0]["valid"]
    assert "add --augment-copies" in refused(
        *train(data, tmp_path / "none", "--copies-eq-db", "3"), code=2
    )


def test_a_split_file_decides_the_parts(data: Path, tmp_path: Path) -> None:
    rows = [
        f"{path.stem},{path.parent.name},{'valid' if '00000' in path.stem else 'train'}"
        for path in sorted(data.rglob("*.*"))
    ]
    listing = tmp_path / "tracks.csv"
    listing.write_text("\n".join(["id,genre,split", *rows]) + "\n")
    train_svm(data, tmp_path / "run", "--split", listing)
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
    for genre in ("hiss", "beeps"):
        (tmp_path / "data" / genre).mkdir(parents=True)
        (tmp_path / "data" / genre / "a.wav").write_bytes(b"no sound")
    refused(*train(tmp_path / "data", tmp_path / "run", "--overwrite"), code=3)
    assert (tmp_path / "run" / "run.json").read_text() == "{}"


def test_a_split_file_without_known_parts_says_which_it_has(data: Path, tmp_path: Path) -> None:
    rows = "hiss.00000,hiss,first\nbeeps.00000,beeps,second\n"
    (tmp_path / "t.csv").write_text(f"id,genre,split\n{rows}")
    line = refused(*train(data, tmp_path / "run", "--split", str(tmp_path / "t.csv")), code=3)
    assert "the split file has: first, second" in line


def test_a_data_set_that_cannot_be_used_is_refused_in_one_line(tmp_path: Path) -> None:
    assert "no such folder" in refused("train", tmp_path / "nowhere", code=3)
    (tmp_path / "jazz").mkdir()
    assert "no clips found" in refused("train", tmp_path, code=3)
    assert "neither" in refused("train", tmp_path, "--split", "trak", code=3)
    assert "not a whole number" in refused("train", tmp_path, "--epochs", "0", code=2)


def test_one_genre_is_not_enough(data: Path, tmp_path: Path) -> None:
    shutil.copytree(data / "hiss", tmp_path / "data" / "hiss")
    line = refused(*train(tmp_path / "data", tmp_path / "run"), code=3)
    assert "two genres or more are needed" in line
    assert not (tmp_path / "run" / "run.json").exists()


def test_folders_named_like_parts_are_the_split_unless_another_is_wanted(
    data: Path, tmp_path: Path
) -> None:
    for name, number in (("train", 0), ("val", 1), ("test", 2)):
        for genre in ("beeps", "hiss"):
            (tmp_path / "music" / name / genre).mkdir(parents=True)
            (sound,) = (data / genre).glob(f"*0{number}.*")
            shutil.copy(sound, tmp_path / "music" / name / genre)
    done = train_svm(tmp_path / "music", tmp_path / "run")
    assert "are taken for parts of a split" in done.stderr
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert run["labels"] == ["beeps", "hiss"]
    assert run["training"]["split"] == "parts, the folders'"
    assert run["training"]["n_tracks"] == {"train": 2, "valid": 2}
    rows = list(csv.DictReader((tmp_path / "run" / "split.csv").open()))
    assert not any(row["id"].startswith("test/") for row in rows)
    train_svm(tmp_path / "music", tmp_path / "again", "--split", "track")
    run = json.loads((tmp_path / "again" / "run.json").read_text())
    assert run["training"]["n_tracks"] == {"train": 4, "valid": 2}
    shutil.rmtree(tmp_path / "music" / "val")
    line = refused("train", tmp_path / "music", "--out", tmp_path / "no", code=3)
    assert "no clips in a part 'valid'" in line


@pytest.mark.parametrize("command", ["train", "features", "teach"])
def test_a_genre_that_cannot_be_a_label_is_refused_before_any_work(
    data: Path, tmp_path: Path, command: str
) -> None:
    shutil.copytree(data / "hiss", tmp_path / "music" / "rock")
    shutil.copytree(data / "beeps", tmp_path / "music" / "Unknown")
    out = {"teach": "model.tflite"}.get(command, "run")
    assert "'Unknown' cannot be a genre" in refused(
        command, tmp_path / "music", "--out", tmp_path / out, "--cache", tmp_path / "c", code=3
    )
    assert not (tmp_path / "c").exists()


def test_a_list_that_leaves_a_genre_without_training_clips_is_refused_before_any_work(
    data: Path, tmp_path: Path
) -> None:
    rows = "hiss.00000,hiss,train\nhiss.00001,hiss,valid\nbeeps.00000,beeps,valid\n"
    (tmp_path / "t.csv").write_text(f"id,genre,split\n{rows}")
    line = refused(
        "train", data, "--split", tmp_path / "t.csv", "--out", tmp_path / "run",
        "--cache", tmp_path / "cache", code=3,
    )  # fmt: skip
    assert "no training clips of beeps" in line
    assert not (tmp_path / "cache").exists()


def test_a_genre_whose_only_clip_validates_another_genre_is_refused_in_one_line(
    data: Path, tmp_path: Path
) -> None:
    """Its training clip is left out, and then nothing of it is in the split."""
    shutil.copytree(data / "hiss", tmp_path / "music" / "hiss")
    shutil.copytree(data / "drone", tmp_path / "music" / "drone")
    (tmp_path / "music" / "beeps").mkdir()
    shutil.copy(data / "hiss" / "hiss.00000.wav", tmp_path / "music" / "beeps" / "b.wav")
    (tmp_path / "t.csv").write_text(
        "path,genre,split\nhiss/hiss.00000.wav,hiss,valid\nhiss/hiss.00001.au,hiss,train\n"
        "drone/drone.00001.au,drone,train\nbeeps/b.wav,beeps,train\n"
    )
    line = refused(
        "train", tmp_path / "music", "--model", "svm", "--split", tmp_path / "t.csv",
        "--out", tmp_path / "run", "--cache", tmp_path / "cache", code=3,
    )  # fmt: skip
    assert "leaves no clips of beeps" in line
    assert "hold the same sound" in line


def test_songs_in_pieces_do_not_leak_and_a_list_that_tears_them_is_pointed_out(
    data: Path, tmp_path: Path
) -> None:
    music, rows = tmp_path / "music", []
    for genre in ("beeps", "hiss"):
        (music / genre).mkdir(parents=True)
        for song in range(3):
            samples = clip(genre, song, 9.0)
            for piece in range(3):
                name = f"{genre}.{song:05}.{piece}.wav"
                soundfile.write(music / genre / name, samples[piece * 66_150 :][:66_150], 22_050)
                rows.append(f"{genre}/{name},{genre},{'valid' if piece else 'train'}")
    done = train_svm(music, tmp_path / "run")
    assert "18 clips of a few seconds are taken for pieces of 6 songs" in done.stderr
    sides = defaultdict(set)
    for row in csv.DictReader((tmp_path / "run" / "split.csv").open()):
        sides[row["id"].rpartition(".")[0]].add(row["parts"])
    assert all(len(parts) == 1 for parts in sides.values())
    (tmp_path / "t.csv").write_text("path,genre,split\n" + "\n".join(rows))
    done = train_svm(music, tmp_path / "torn", "--split", tmp_path / "t.csv")
    assert "pieces of 6 songs train and validate" in done.stderr


def test_what_cannot_be_written_is_refused_before_any_work(data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for options, why in (
        (("--out", tmp_path / "file"), "file: is a file; name a folder"),
        (("--out", tmp_path / "file" / "run"), "run: cannot be written"),
        (("--out", tmp_path / "run", "--cache", tmp_path / "file" / "c"), "c: cannot be written"),
    ):
        assert why in refused("train", data, "--model", "svm", *options, code=3)
    assert not (tmp_path / "run").exists()
    json_file = ("--format", "json", "--out", tmp_path / "file" / "a.json")
    cache = ("--cache", tmp_path / "cache")
    assert "a.json: cannot be written" in refused("features", data, *json_file, *cache, code=3)


def test_a_run_whose_folder_has_no_space_is_named(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("joblib.dump", full)
    out = ("--out", str(tmp_path / "run"), "--cache", str(data.parent / "cache"))
    assert main(["train", str(data), "--model", "svm", *out]) == 3
    line = capfd.readouterr().err.splitlines()[-1]
    assert f"{tmp_path}/run: no space left there" in line


def test_a_json_file_with_a_label_of_the_runtimes_own_is_refused(tmp_path: Path) -> None:
    window = [[0.5] * 13] * 130
    content = {"mapping": ["rock", "unknown"], "labels": [0, 1] * 5, "mfcc": [window] * 10}
    (tmp_path / "data.json").write_text(json.dumps(content))
    line = refused(
        "train", tmp_path / "data.json", "--split", "segment", "--model", "svm",
        "--out", tmp_path / "run", "--cache", tmp_path / "cache", code=3,
    )  # fmt: skip
    assert "'unknown' cannot be a genre" in line


def test_files_and_folders_whose_names_are_not_utf8_are_trained_on(
    data: Path, tmp_path: Path
) -> None:
    music = Path(os.fsdecode(os.fsencode(tmp_path) + b"/m\xfasica"))
    for genre in ("beeps", "hiss"):
        shutil.copytree(data / genre, music / genre)
        sound = music / genre / f"{genre}.00000.wav"
        sound.rename(os.fsdecode(os.fsencode(music / genre) + b"/can\xe7\xe3o.wav"))
    (music / "hiss" / os.fsdecode(b"b\xe1d.wav")).write_bytes(b"RIFF....")
    train_svm(music, tmp_path / "run", "--cache", tmp_path / "cache")
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert run["training"]["data"] == "m\udcfasica"
    assert run["training"]["n_tracks"] == {"train": 4, "valid": 2}
    out = ("--format", "json", "--out", tmp_path / "data.json", "--cache", tmp_path / "cache")
    assert "6 tracks" in succeed("features", music, *out).stdout
    succeed("compare", tmp_path / "run")
