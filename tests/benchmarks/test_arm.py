"""What is compared on an emulated ARM; `make test-arm64` itself takes too long for here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from benchmarks.arm.check import RESULTS, compare

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "arm" / "run.sh"
NAME = "posteriors tiny (dynamic)"


def given(posteriors: list[list[float]], runtime: str = "ai_edge_litert") -> dict[str, np.ndarray]:
    return {NAME: np.array(posteriors, np.float32), f"runtime of {NAME}": np.array(runtime)}


def module(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"benchmarks.arm.{name}", str(folder)]
    environment = {key: value for key, value in os.environ.items() if key != "EDGE_GENRE_DATA"}
    return subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False
    )


@pytest.mark.slow
def test_a_machine_agrees_with_itself_and_what_was_changed_is_found(tmp_path: Path) -> None:
    done = module("record", tmp_path)
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / RESULTS) as file:
        recorded = {name: file[name] for name in file.files}
    changed = "posteriors seed-cnn-int8.tflite (int8)"
    recorded[changed] = np.roll(recorded[changed], 1, axis=1)
    np.savez(tmp_path / RESULTS, **recorded)
    done = module("check", tmp_path)
    assert done.returncode == 1, done.stderr
    words = [line.split() for line in done.stdout.splitlines()]
    wrong = [" ".join(line[1:4]) for line in words if line[0] == "WRONG"]
    right = [" ".join(line[1:3]) for line in words if line[0] == "ok"]
    assert wrong == [changed]
    assert {
        "features seed-mfcc13", "stream musicnn96-level", "posteriors tiny", "posteriors base",
        "posteriors seed-cnn", "posteriors seed-cnn.npz", "listen tiny",
    } <= {*right}  # fmt: skip
    assert "installed: " in done.stdout


def test_one_other_label_is_wrong() -> None:
    recorded = given([[0.6, 0.4], [0.505, 0.495]])
    assert compare(recorded, recorded) == []
    assert compare(recorded, given([[0.6, 0.4], [0.495, 0.505]])) == [NAME]


def test_a_posterior_that_is_far_off_is_wrong_though_the_label_is_the_same() -> None:
    assert compare(given([[0.6, 0.4]]), given([[0.7, 0.3]])) == [NAME]
    assert compare(given([[0.6, 0.4]]), given([[np.nan, np.nan]])) == [NAME]


def test_another_runtime_may_give_another_label_where_two_genres_are_close() -> None:
    recorded = given([[0.6, 0.4], [0.52, 0.48]])
    assert compare(recorded, given([[0.59, 0.41], [0.48, 0.52]], "tflite_runtime")) == []
    assert compare(recorded, given([[0.45, 0.55], [0.52, 0.48]], "tflite_runtime")) == [NAME]


def test_a_stream_that_is_not_bit_equal_is_wrong() -> None:
    right, wrong = np.array([True, True]), np.array([True, False])
    assert compare({"stream mel64": right}, {"stream mel64": right}) == []
    assert compare({"stream mel64": right}, {"stream mel64": wrong}) == ["stream mel64"]
    assert compare({"stream mel64": right}, {"stream mel64": right[:1]}) == ["stream mel64"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_an_unknown_architecture_is_refused() -> None:
    done = subprocess.run(["bash", SCRIPT, "arm32"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "usage: " in done.stderr


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_it_is_skipped_with_a_reason_where_nobody_is_root() -> None:
    with tempfile.TemporaryDirectory() as folder:  # of pytest's folders others can read nothing
        copy = Path(folder, "benchmarks", "arm", "run.sh")
        copy.parent.mkdir(parents=True)
        shutil.copy(SCRIPT, copy)
        Path(folder).chmod(0o755)
        other = {"user": 65534} if os.geteuid() == 0 else {}
        done = subprocess.run(
            ["bash", copy, "arm64"], capture_output=True, text=True, check=False, cwd="/", **other
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("skipped: needs root")
    assert "sudo" in done.stdout
