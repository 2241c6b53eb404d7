"""``edge-genre compare``, run as a user runs it, on runs whose predictions are known."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edge_runtime.model.run_folder import PREDICTIONS
from tests.command import edge_genre, refused, succeed
from train.augment.conditions import GRID
from train.evaluation.comparison import Leak
from train.evaluation.robustness import InCondition
from train.evaluation.significance import McNemar
from train.evaluation.track_results import Difference, difference_text, p_text

from .predictions import labelling, write_run

TRUE = np.arange(40) % 3
LEAKY = {"split": "segment (random, seed 0)", "split_sha256": "b2" * 32, "split_leaks": True}


def right_on(n: int) -> np.ndarray:
    """TrackResults that are right on the first `n` tracks."""
    return np.where(np.arange(len(TRUE)) < n, TRUE, (TRUE + 1) % 3)


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    return [
        write_run(tmp_path / "leaky", labelling(TRUE, right_on(34)), **LEAKY),
        write_run(tmp_path / "knn", labelling(TRUE, right_on(12)), name="knn", parameters=0),
        write_run(tmp_path / "honest", labelling(TRUE, right_on(20))),
    ]


def test_the_table_shows_the_leak(runs: list[Path]) -> None:
    out = succeed("compare", *runs).stdout
    assert (
        "seed-cnn: 0.850 on the leaky split, 0.500 on the honest one: 35 points are the leak" in out
    )
    honest, leaky = out.index("split tracks.csv"), out.index("split segment")
    assert honest < leaky
    assert "LEAKS" in out[leaky:]
    assert "LEAKS" not in out[honest:leaky]
    assert honest < out.index("seed-cnn  ") < out.index("knn  ") < leaky  # the best first
    assert "45,514" in out
    assert "knn: 0." not in out  # it has no leaky run


def test_json_goes_to_stdout_alone_and_has_every_figure(runs: list[Path]) -> None:
    values = json.loads(succeed("compare", *runs, "--json").stdout)
    honest, leaky = values["splits"]
    assert (honest["leaks"], leaky["leaks"]) == (False, True)
    best, other = honest["runs"]
    assert (best["model"], other["model"]) == ("seed-cnn", "knn")
    assert best["track"]["accuracy"] == 0.5
    low, high = best["track"]["accuracy_ci95"]
    assert 0.3 < low < 0.5 < high < 0.7
    assert best["parameters"] == 45_514
    assert best["training_seconds"] == 12.5
    assert {"top2_accuracy", "ece", "macro_recall"} <= set(best["track"])
    (test,) = honest["against_best"]
    assert test["models"] == ["seed-cnn", "knn"]
    assert (test["n"], test["b"], test["c"]) == (40, 8, 0)
    assert test["p"] == 2 / 2**8
    (leak,) = values["leaks"]
    assert (leak["model"], leak["points"]) == ("seed-cnn", 35)


def test_json_goes_to_a_file_beside_the_table(runs: list[Path], tmp_path: Path) -> None:
    done = succeed("compare", *runs, f"--json={tmp_path / 'new' / 'out.json'}")
    assert "points are the leak" in done.stdout
    assert len(json.loads((tmp_path / "new" / "out.json").read_text())["splits"]) == 2


def test_a_picture_is_drawn(runs: list[Path], tmp_path: Path) -> None:
    succeed("compare", *runs, "--out", tmp_path / "new" / "models.png")
    assert (tmp_path / "new" / "models.png").read_bytes().startswith(b"\x89PNG")


def test_splits_of_one_name_and_other_contents_are_not_compared(tmp_path: Path) -> None:
    first = write_run(tmp_path / "a", labelling(TRUE, right_on(20)))
    second = write_run(tmp_path / "b", labelling(TRUE, right_on(9)), split_sha256="c3" * 32)
    done = succeed("compare", first, second)
    assert done.stdout.count("NOT COMPARABLE") == 2
    assert "McNemar" not in done.stdout
    assert "cannot be compared" in done.stderr


def test_runs_of_one_model_are_named_by_their_folders(tmp_path: Path) -> None:
    for name, n in (("one", 20), ("two", 19)):
        write_run(tmp_path / name, labelling(TRUE, right_on(n)))
    out = succeed("compare", tmp_path / "one", tmp_path / "two").stdout
    assert f"seed-cnn ({tmp_path / 'one'}) against seed-cnn ({tmp_path / 'two'})" in out
    assert "alone right on 1 and on 0, McNemar p = 1.000" in out


def test_a_model_that_is_no_better_on_the_leaky_split_shows_no_leak(tmp_path: Path) -> None:
    write_run(tmp_path / "a", labelling(TRUE, right_on(20)))
    write_run(tmp_path / "b", labelling(TRUE, right_on(20)), **LEAKY)
    assert "no leak to be seen" in succeed("compare", tmp_path / "a", tmp_path / "b").stdout


def test_a_run_that_is_named_twice_counts_once(runs: list[Path]) -> None:
    done = edge_genre("compare", runs[2], runs[2])
    assert "more than once" in done.stderr
    assert "McNemar" not in done.stdout


def test_what_is_no_run_is_refused_in_one_line(tmp_path: Path) -> None:
    assert "is not a finished training run" in refused("compare", tmp_path, code=3)
    assert "is not a finished training run" in refused("compare", tmp_path / "nowhere", code=3)
    run = write_run(tmp_path / "run", labelling(TRUE, TRUE))
    (run / PREDICTIONS).write_bytes(b"no predictions")
    assert "is not a predictions file" in refused("compare", run, code=3)
    (run / PREDICTIONS).unlink()
    assert "has no predictions" in refused("compare", run, code=3)
    (run / "run.json").write_text('{"name": "x", "training": {}}')
    labelling(TRUE, TRUE).save(run / PREDICTIONS)
    assert "lacks 'data'" in refused("compare", run, code=3)
    for text in ("[]", "{", '{"name": "x", "training": 3}'):
        (run / "run.json").write_text(text)
        assert "is damaged" in refused("compare", run, code=3)


def test_a_run_behind_json_is_not_taken_for_a_file(runs: list[Path]) -> None:
    assert "name the runs before --json" in refused("compare", "--json", *runs, code=2)
    assert "must end in .png" in refused("compare", *runs, "--out", "models.pdf", code=2)


def test_predictions_that_do_not_fit_themselves_are_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", labelling(TRUE, TRUE))
    with np.load(run / PREDICTIONS) as file:
        arrays = dict(file)
    for name, wrong in (
        ("track_labels", arrays["track_labels"] + 7),
        ("segment_tracks", arrays["segment_tracks"][:5]),
        ("posteriors", arrays["posteriors"][:, :2]),
        ("posteriors", arrays["posteriors"] * np.float32(np.nan)),
        ("track_ids", np.array(["a"])),
    ):
        np.savez(run / PREDICTIONS, **arrays | {name: wrong})
        assert "is not a predictions file" in refused("compare", run, code=3), name


@pytest.mark.parametrize(
    ("p", "text"), [(0.001, "p = 0.001"), (0.00099, "p < 0.001"), (0.0506, "p = 0.051"),
                    (1.0, "p = 1.000")],
)  # fmt: skip
def test_a_p_is_written_with_three_digits_unless_it_is_smaller(p: float, text: str) -> None:
    assert p_text(p) == text


@pytest.mark.parametrize(("b", "c", "verdict"), [
    (0, 6, "the difference is more than chance"),  # p = 2 / 2 ** 6 = 0.031
    (0, 5, "chance alone can explain the difference"),  # p = 0.0625
])  # fmt: skip
def test_a_difference_is_more_than_chance_below_a_p_of_a_twentieth(
    b: int, c: int, verdict: str
) -> None:
    difference = Difference(
        ("one", "another"), (0.5, 0.6), ((0.4, 0.6), (0.5, 0.7)), McNemar(60, b, c)
    )
    lines = difference_text(difference).splitlines()
    assert lines[0] == f"one      accuracy 0.500 (0.400 to 0.600), alone right on {b}"
    assert lines[1] == f"another  accuracy 0.600 (0.500 to 0.700), alone right on {c}"
    assert f"; {verdict}" in lines[2]


def test_the_leak_and_the_cost_of_a_condition_are_in_points_with_their_sign() -> None:
    assert Leak("m", "leaky", "honest", 0.912, 0.604).points == 31
    assert Leak("m", "leaky", "honest", 0.6, 0.7).points == -10
    to_clean = Difference(
        ("clean", "snr-5"), (0.75, 0.5), ((0.7, 0.8), (0.4, 0.6)), McNemar(60, 3, 1)
    )
    evaluation: Any = SimpleNamespace(to_dict=lambda: {"scores": 1})
    (condition,) = [one for one in GRID if one.name == "snr-5"]
    row = InCondition(condition, evaluation, to_clean)
    assert row.points == -25.0
    assert {**row.to_dict(), "p_to_clean": None} == {
        "condition": "snr-5", "text": "noise 5 dB below", "points_to_clean": -25.0,
        "p_to_clean": None, "lost": 3, "gained": 1, "scores": 1,
    }  # fmt: skip
