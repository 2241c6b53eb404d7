from pathlib import Path
from typing import Any

import numpy as np
import pytest

from train.evaluation.report import write_report
from train.run.predictions import REJECTED, Predictions

from .predictions import labelling, random_predictions

HISTORY = {
    "accuracy": [0.4, 0.6],
    "loss": [1.2, 0.9],
    "val_accuracy": [0.3, 0.35],
    "val_loss": [1.4, 1.3],
}


def run_of(**training: Any) -> dict[str, Any]:
    facts = {
        "split": "tracks.csv",
        "split_leaks": False,
        "split_sha256": "ab" * 32,
        "machine": "x86_64, 2 cores",
        "seconds": 12.5,
        "commit": "0123abc",
        "versions": {"python": "3.11.7", "numpy": "2.4.6"},
    }
    return {"name": "seed-cnn", "training": facts | training}


def report(
    folder: Path,
    predictions: Predictions,
    history: dict[str, list[float]] | None = HISTORY,
    **training: Any,
) -> str:
    write_report(folder, run_of(**training), predictions, history)
    return (folder / "report.md").read_text(encoding="utf-8")


def picture_size(path: Path) -> tuple[int, int]:
    header = path.read_bytes()[:24]
    assert header.startswith(b"\x89PNG")
    return int.from_bytes(header[16:20], "big"), int.from_bytes(header[20:24], "big")


def test_the_report_has_scores_pictures_and_how_it_was_made(tmp_path: Path) -> None:
    text = report(tmp_path, random_predictions(0))
    for name in ("history.png", "confusion.png", "recall.png"):
        assert f"({name})" in text
        width, height = picture_size(tmp_path / name)
        assert min(width, height) > 200
    for words in ("track accuracy", "95 % interval", "calibration error", "labelled as"):
        assert words in text
    for fact in ("x86_64, 2 cores", "12.5", "0123abc", "python 3.11.7", "ab" * 32, "tracks.csv"):
        assert fact in text
    assert "Warning" not in text


def test_a_leaky_split_is_warned_of_first(tmp_path: Path) -> None:
    text = report(tmp_path, random_predictions(0), split_leaks=True)
    assert text.index("LEAKS") < text.index("## Validation")


@pytest.mark.parametrize("history", [None, {}])
def test_a_model_without_epochs_has_no_curves(
    tmp_path: Path, history: dict[str, list[float]] | None
) -> None:
    report(tmp_path, random_predictions(0))
    text = report(tmp_path, random_predictions(0), history)
    assert "history.png" not in text
    assert not (tmp_path / "history.png").exists()  # nor those of the run before it


def test_the_worst_tracks_are_the_wrong_ones_whose_genre_has_the_least_posterior(
    tmp_path: Path,
) -> None:
    posteriors = np.array(
        [[0.45, 0.55, 0.0], [0.05, 0.05, 0.9], [0.5, 0.3, 0.2], [0.2, 0.8, 0.0]], np.float32
    )
    predictions = Predictions(
        ("blues", "jazz", "rock"),
        ("narrowly wrong", "badly | wrong", "right", "wrong"),
        np.array([0, 1, 0, 0]),
        np.arange(4),
        posteriors,
    )
    text = report(tmp_path, predictions)
    table = text[text.index("## Worst") :]
    assert r"| badly \| wrong | jazz | rock | 0.050 | 0.900 |" in table
    assert (
        table.index("badly")
        < table.index("| wrong | blues | jazz | 0.200")
        < table.index("narrowly")
    )
    assert "| right |" not in table


def test_no_more_than_fifteen_tracks_are_listed(tmp_path: Path) -> None:
    text = report(tmp_path, labelling([0] * 40, [1] * 40))
    assert text.count("| blues | jazz |") == 15
    assert "The 15 of 40 wrongly labelled tracks" in text


def test_a_flawless_model_has_no_worst_track(tmp_path: Path) -> None:
    assert "Every track was labelled rightly" in report(tmp_path, labelling([0, 1, 2], [0, 1, 2]))


def test_labels_that_are_no_genre_are_counted(tmp_path: Path) -> None:
    text = report(tmp_path, labelling([0, 1], [0, REJECTED]))
    assert "1 of 2 tracks were labelled with no genre" in text
    assert "| track 1 | jazz | no genre | 0.000 |" in text


@pytest.mark.filterwarnings("error")
def test_genres_of_any_name_and_number_are_drawn(tmp_path: Path) -> None:
    labels = ("r$b$", "演歌", "_x^{", *(f"genre {index}" for index in range(40)))
    everyone = np.arange(len(labels))
    report(tmp_path, labelling(everyone, everyone[::-1], labels=labels), {"loss": [1.0]})
    width, height = picture_size(tmp_path / "confusion.png")
    assert max(width, height) < 4000
