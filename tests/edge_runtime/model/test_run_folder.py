"""The run folder: each kind of broken run gives one error that names the file and the fault."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime.errors import DataSetError
from edge_runtime.frontend import FrontEndParams
from edge_runtime.model.run_folder import (
    PREDICTIONS,
    RUN,
    WINDOWS,
    RunWindows,
    WindowPosteriors,
    read_predictions,
    read_run_record,
    read_run_windows,
)

LABELS = ("beeps", "drone", "hiss")
PARAMS = FrontEndParams()
TRAINING = {
    "data": "clips",
    "split": "track (random, seed 3)",
    "split_sha256": "a1" * 32,
    "split_leaks": False,
    "parameters": 45_059,
    "seed": 3,
    "learning_rate": 1e-3,
}
VALUES = {
    "name": "seed-cnn",
    "labels": list(LABELS),
    "front_end": PARAMS.to_dict(),
    "training": TRAINING,
    "metrics": {"protocol": "float"},
}
"""As every version of ``edge-genre train`` wrote it; later ones have more"""


def windows() -> RunWindows:
    generator = np.random.default_rng(0)
    shape = (PARAMS.n_frames, PARAMS.n_coefficients)
    return RunWindows(
        generator.standard_normal((4, *shape)).astype(np.float32),
        np.array([0, 1, 2, 2]),
        np.array([5, 5, 6, 7]),
        generator.standard_normal((3, *shape)).astype(np.float32),
        np.array([0, 1, 2]),
    )


def posteriors(**changes: Any) -> WindowPosteriors:
    values = WindowPosteriors(
        LABELS,
        ("a", "b"),
        np.array([0, 2]),
        np.array([0, 0, 1]),
        np.array([[1, 0, 0], [0.5, 0.5, 0], [0, 0, 0]], np.float32),
    )
    return dataclasses.replace(values, **changes)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / RUN).write_text(json.dumps(VALUES))
    windows().save(tmp_path / WINDOWS)
    posteriors().save(tmp_path / PREDICTIONS)
    return tmp_path


def test_a_record_that_was_edited_on_windows_is_read(run: Path) -> None:
    text = (run / RUN).read_text(encoding="utf-8")
    (run / RUN).write_text(text, encoding="utf-8-sig")
    assert read_run_record(run).name == "seed-cnn"


def test_a_run_from_before_rejected_labels_and_cross_validation_is_read(run: Path) -> None:
    record = read_run_record(run)
    assert (record.name, record.labels, record.rejected) == ("seed-cnn", LABELS, ())
    assert record.facts.seconds is None
    assert record.facts.fitted_to == ()
    assert record.training == TRAINING  # also what is not read again
    assert record.front_end_params() == PARAMS
    found = read_run_windows(record)
    assert found.unheard_posteriors is None
    np.testing.assert_array_equal(found.valid_features, windows().valid_features)
    with np.load(run / PREDICTIONS) as file:
        old = {name: file[name] for name in file.files if not name.startswith("reject")}
    np.savez(run / PREDICTIONS, **old)
    read = read_predictions(run / PREDICTIONS, record.labels)
    assert (read.rejection_threshold, read.rejected) == (0.0, ())
    assert read.track_ids == ("a", "b")


def test_what_is_written_is_read_again(run: Path) -> None:
    new = {**VALUES, "rejected": ["hiss"]}
    new["training"] = {**TRAINING, "seconds": 12, "fitted_to": ["train", "valid"]}
    (run / RUN).write_text(json.dumps(new))
    record = read_run_record(run)
    assert record.rejected == ("hiss",)
    assert record.facts.seconds == 12.0
    assert record.facts.fitted_to == ("train", "valid")
    assert json.loads(json.dumps(record.to_dict())) == new
    unheard = np.full((2, 3), 1 / 3, np.float32)
    dataclasses.replace(
        windows(),
        unheard_posteriors=unheard,
        unheard_labels=np.array([2, 0]),
        unheard_tracks=np.array([7, 5]),
    ).save(run / WINDOWS)
    found = read_run_windows(record)
    assert found.unheard_posteriors is not None
    assert found.unheard_labels is not None
    np.testing.assert_array_equal(found.unheard_posteriors, unheard)
    assert found.unheard_tracks is not None
    np.testing.assert_array_equal(found.unheard_tracks, [7, 5])
    posteriors(rejected=("hiss",), rejection_threshold=0.25).save(run / PREDICTIONS)
    read = read_predictions(run / PREDICTIONS)
    assert (read.rejected, read.rejection_threshold) == (("hiss",), 0.25)
    np.testing.assert_array_equal(read.posteriors, posteriors().posteriors)


def complaint(read: Callable[[], object], path: Path) -> str:
    """The message of the error, which names the path and takes one line."""
    with pytest.raises(DataSetError) as caught:
        read()
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message


def test_a_missing_file_is_no_finished_run(run: Path) -> None:
    record = read_run_record(run)
    (run / WINDOWS).unlink()
    assert "there is no windows.npz" in complaint(lambda: read_run_windows(record), run)
    (run / PREDICTIONS).unlink()
    path = run / PREDICTIONS
    assert "has no predictions" in complaint(lambda: read_predictions(path), path)
    (run / RUN).unlink()
    for folder in (run, run / "nowhere", path / "below"):
        line = complaint(lambda folder=folder: read_run_record(folder), folder)
        assert "there is no run.json); name the folder" in line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is damaged (Expecting"),
        ("\udcff", "is damaged ("),
        ("[" * 100_000, "is damaged (maximum recursion"),
        ("[]", "holds no object"),
        ("{}", "training: lacks 'data'"),
        ('{"training": 3}', "3 is no object"),
        ({"name": None}, "lacks 'name'"),
        ({"labels": None}, "lacks 'labels'"),
        ({"front_end": None}, "lacks 'front_end'"),
        ({"metrics": None}, "lacks 'metrics'"),
        ({"name": 3}, "key 'name' is 3; it must be a str"),
        ({"labels": "beeps"}, "key 'labels' is 'beeps'"),
        ({"labels": ["beeps", 3, "hiss"]}, "key 'labels' is 3"),
        ({"labels": ["beeps", "hiss", "beeps"]}, "no two may be the same"),
        ({"rejected": ["polka"]}, "rejected has ['polka']"),
        ({"training": {**TRAINING, "seed": "3"}}, "training: key 'seed' is '3'"),
        ({"training": {**TRAINING, "split_leaks": 0}}, "key 'split_leaks' is 0"),
        ({"training": {**TRAINING, "seconds": "long"}}, "key 'seconds' is 'long'"),
    ],
)
def test_a_broken_run_json_is_refused(run: Path, text: Any, words: str) -> None:
    if isinstance(text, dict):
        kept = {key: value for key, value in {**VALUES, **text}.items() if value is not None}
        text = json.dumps(kept)
    (run / RUN).write_text(text, encoding="utf-8", errors="surrogateescape")
    line = complaint(lambda: read_run_record(run), run / RUN)
    assert words in line
    assert line.endswith("train it again")


@pytest.mark.parametrize("key", [name for name in TRAINING if name != "learning_rate"])
def test_each_key_of_a_training_that_is_read_again_is_asked_for(run: Path, key: str) -> None:
    training = {name: value for name, value in TRAINING.items() if name != key}
    (run / RUN).write_text(json.dumps({**VALUES, "training": training}))
    assert f"training: lacks {key!r}" in complaint(lambda: read_run_record(run), run / RUN)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"pcen": True}, "front_end has pcen, which this version does not know"),
        ({"hop": "long"}, "key 'hop' is 'long'"),
        ({"kind": "cqt"}, "kind is 'cqt'"),
    ],
)
def test_a_front_end_that_is_not_known_is_refused(
    run: Path, change: dict[str, Any], words: str
) -> None:
    values = {**VALUES, "front_end": {**PARAMS.to_dict(), **change}}
    (run / RUN).write_text(json.dumps(values))
    record = read_run_record(run)
    assert words in complaint(record.front_end_params, run / RUN)


UNHEARD = np.full((2, 3), 1 / 3, np.float32)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"valid_tracks": None}, "lacks 'valid_tracks'"),
        ({"calibration_labels": None}, "lacks 'calibration_labels'"),
        ({"valid_features": windows().valid_features[:, 1:]}, "valid arrays do not fit"),
        ({"valid_labels": np.array([0, 1, 2])}, "valid arrays do not fit"),
        ({"valid_labels": np.array([0.0, 1.0, 2.0, 2.0])}, "valid arrays do not fit"),
        ({"valid_tracks": np.array([0, 1, 2])}, "valid arrays do not fit"),
        ({"valid_labels": np.array([0, 1, 2, 3])}, "of labels 0 to 3, the network has 0 to 2"),
        ({"valid_labels": np.array([0, 1, 2, -1])}, "of labels -1 to 2"),
        ({"calibration_labels": np.array([0, 1, 3])}, "calibration windows are of labels 0 to 3"),
        ({"calibration_features": windows().calibration_features * np.float32(np.nan)}, "NaN"),
        ({"calibration_features": windows().calibration_features[:2]}, "calibration arrays"),
        (
            {name: array[:0] for name, array in vars(windows()).items() if name[:5] == "valid"},
            "there are no valid windows",
        ),
        ({"unheard_posteriors": UNHEARD}, "unheard arrays"),
        ({"unheard_posteriors": UNHEARD[:, :2], "unheard_labels": np.array([0, 1])}, "unheard"),
        ({"unheard_posteriors": UNHEARD, "unheard_labels": np.array([0, 3])}, "unheard arrays"),
        ({"unheard_posteriors": UNHEARD[:0], "unheard_labels": np.arange(0)}, "unheard arrays"),
        (
            {
                "unheard_posteriors": UNHEARD,
                "unheard_labels": np.array([0, 1]),
                "unheard_tracks": np.array([0]),
            },
            "unheard arrays",
        ),
    ],
)
def test_windows_that_do_not_fit_the_run_are_refused(
    run: Path, change: dict[str, Any], words: str
) -> None:
    arrays = {**vars(windows()), **change}
    np.savez(run / WINDOWS, **{name: array for name, array in arrays.items() if array is not None})
    record = read_run_record(run)
    assert words in complaint(lambda: read_run_windows(record), run / WINDOWS)


@pytest.mark.parametrize(
    "change",
    [
        {"track_labels": np.array([0, 3])},
        {"track_labels": np.array([0.0, 2.0])},
        {"segment_tracks": np.array([0, 1])},
        {"segment_tracks": np.array([0, 0, 2])},
        {"track_ids": ("a",)},
        {"rejected": ("polka",)},
        {"posteriors": posteriors().posteriors[:, :2]},
        {"posteriors": np.full((3, 3), np.inf, np.float32)},
        {"posteriors": np.ones((3, 3), np.int64)},
    ],
)
def test_predictions_that_do_not_fit_themselves_are_refused(
    run: Path, change: dict[str, Any]
) -> None:
    path = run / PREDICTIONS
    posteriors(**change).save(path)
    assert "is not a predictions file" in complaint(lambda: read_predictions(path), path)


def test_predictions_of_other_labels_than_the_runs_are_refused(run: Path) -> None:
    path = run / PREDICTIONS
    posteriors(labels=("hiss", "drone", "beeps")).save(path)
    assert read_predictions(path).labels == ("hiss", "drone", "beeps")
    line = complaint(lambda: read_predictions(path, LABELS), path)
    assert "of the labels hiss, drone, beeps, run.json has beeps, drone, hiss" in line


def changed(data: bytes, place: int, byte: int) -> bytes:
    return data[:place] + bytes([byte]) + data[place + 1 :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "something else": lambda data: b"nothing",
    "empty": lambda data: b"",
    "cut off": lambda data: data[: len(data) // 2],
    "an array changed": lambda data: changed(data, data.index(b"NUMPY") - 1, 0),
    "a method of compression changed": lambda data: changed(data, data.rindex(b"PK\1\2") + 10, 99),
    "called encrypted": lambda data: changed(data, data.rindex(b"PK\1\2") + 8, 1),
}


@pytest.mark.parametrize("name", [WINDOWS, PREDICTIONS])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_archive_is_refused(run: Path, name: str, damage: str) -> None:
    path = run / name
    if name == PREDICTIONS:  # compressed, so that its arrays cannot be found
        with np.load(path) as file:
            np.savez(path, **file)
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    record = read_run_record(run)
    line = complaint(
        lambda: read_run_windows(record) if name == WINDOWS else read_predictions(path), path
    )
    assert ("cannot be read" if name == WINDOWS else "is not a predictions file") in line


def test_a_damaged_stream_of_compressed_bytes_is_refused(run: Path) -> None:
    path = run / PREDICTIONS
    data = path.read_bytes()
    path.write_bytes(changed(data, data.index(b"labels.npy") + 30, 255))
    assert "is not a predictions file" in complaint(lambda: read_predictions(path), path)
