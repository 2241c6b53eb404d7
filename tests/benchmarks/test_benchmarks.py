"""Every benchmark runs, at a small size, and writes what it promises; no time is judged."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from tests.synthetic import RATE, clip
from tests.system_packages import missing

ROOT = Path(__file__).parents[2]


def run(module: str, *arguments: str | Path) -> str:
    command = [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_front_end_benchmark(tmp_path: Path) -> None:
    table = run("frontend", "--rounds", "1", "--json", tmp_path / "out.json")
    results = json.loads((tmp_path / "out.json").read_text())
    assert results["max_abs_error_mfcc"] <= 5e-4
    assert results["segment_vs_librosa"] > 0
    assert results["segment_vs_fft_floor"] > 0
    assert set(results["stream_vs_librosa"]) == {"0.50", "0.75", "0.876"}
    assert {"edge-genre", "librosa", "scipy.fft, our kernel"} <= set(results["segment_ms"])
    every = {*results["segment_ms"], *results["missing_peers"]}
    assert {"torch", "essentia", "kaldi-native-fbank", "python_speech_features"} <= every
    assert results["allocations"]["peak_bytes_per_hop"] < 3000
    assert results["allocations"]["kept_bytes_per_hop"] < 10
    assert results["new_process"]["first MFCC"]["peak_rss_mib"] <= 40
    assert "edge-genre" in table


def test_the_exactness_benchmark(tmp_path: Path) -> None:
    arguments = ("--sounds", "20", "--rounds", "1", "--json", tmp_path / "out.json")
    printed = run("frontend.exactness", *arguments)
    results = json.loads((tmp_path / "out.json").read_text())
    assert results["max_abs_error"] <= 5e-4
    assert results["max_abs_error"] <= results["max_abs_error_without_look"]
    assert 0.0 <= results["repeated_share"] < 0.1
    assert results["time_vs_without_look"] > 0
    assert "frames repeated" in printed


@pytest.mark.system_packages("gcc")
def test_the_c_front_end_benchmark(tmp_path: Path) -> None:
    run("frontend.c_front_end", "--sounds", "10", "--json", tmp_path / "out.json")
    results = json.loads((tmp_path / "out.json").read_text())["results"]
    assert set(results) == {"13 MFCCs", "64 log-mel bands"}
    for errors in results.values():
        assert 0.0 < errors["max_abs_error_random"] < 5e-3
        assert 0.0 < errors["max_abs_error_clips"] < 1e-3


def test_the_decoder_benchmark(tmp_path: Path) -> None:
    rows = ["id,genre,split,path"]
    for genre, sound in (("blues", "hiss"), ("jazz", "drone"), ("pop", "beeps")):
        for number in range(4):
            name = f"{genre}.{number}"
            soundfile.write(tmp_path / f"{name}.wav", clip(sound, number, seconds=6.0), RATE)
            rows.append(f"{name},{genre},valid,{name}.wav")
    (tmp_path / "tracks.csv").write_text("\n".join(rows) + "\n")
    out = tmp_path / "out.json"
    printed = run("decoder", "--data", tmp_path, "--programmes", "2", "--json", out)
    results = json.loads(out.read_text())
    assert results["tracks"] == 12
    assert results["hours"] == pytest.approx(2 * 12 * 6 / 3600, abs=0.01)
    shipped, alone = results["ways"]["filter, dwell 120 s"], results["ways"]["each window alone"]
    assert shipped["changes_per_hour"] <= alone["changes_per_hour"]
    assert all(0.0 <= row["accuracy"] <= 1.0 for row in results["ways"].values())
    assert "the programmes themselves change" in printed


@pytest.mark.slow
def test_the_soak_loses_nothing(tmp_path: Path) -> None:
    """Half an hour of sound with two faults of each kind; a whole day is for the report."""
    out = tmp_path / "out.json"
    run("soak", "--hours", "0.5", "--every", "0.25", "--json", out)
    results = json.loads(out.read_text())
    assert results["crashes"] == 0, results["crash_messages"]
    assert results["windows"] > 2300
    assert results["windows_lost"] == 0
    assert results["clock_error_samples"] == 0
    assert min(results["faults"].values()) >= 1
    assert len(results["faults"]) == 8 + (not missing(["mosquitto"]))
    assert results["model_swaps_answered"] == results["faults"]["model_swap"]
    heard, answered = results["dropped_samples"]
    assert heard == answered > 0
    heard, answered = results["nan_samples"]
    assert heard == answered > 0
    assert results["log"]["unaccounted"] == 0


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of all that the page is made from and written to."""
    for folder in ("benchmarks", "docs"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "README.md", tmp_path)
    return tmp_path


def performance_page(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Of the copy: its own module finds the files beside it."""
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.report.performance_page", *arguments],
        capture_output=True, text=True, cwd=checkout, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_the_page_of_what_it_costs_is_what_the_results_say(checkout: Path) -> None:
    before = {path: path.read_bytes() for path in checkout.rglob("*.md")}
    done = performance_page(checkout, "--check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert {path: path.read_bytes() for path in checkout.rglob("*.md")} == before


def change_text(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace("MiB", "MB", 1), encoding="utf-8")


def change_windows_lost(path: Path) -> None:
    results = json.loads(path.read_text())
    path.write_text(json.dumps({**results, "windows_lost": 12_345}))


@pytest.mark.parametrize(
    ("file", "change", "stale"),
    [
        ("docs/reference/performance.md", change_text, "performance.md"),
        ("docs/reference/performance.md", Path.unlink, "performance.md"),
        ("README.md", change_text, "README.md"),
        (
            "docs/pareto.png",
            lambda path: shutil.copy(path.with_name("leak.png"), path),
            "pareto.png",
        ),
        ("docs/pareto.png", Path.unlink, "pareto.png"),
        ("benchmarks/results/soak.json", change_windows_lost, "performance.md"),
    ],
)
def test_a_stale_page_is_noticed_until_it_is_written_again(
    checkout: Path, file: str, change: Callable[[Path], object], stale: str
) -> None:
    change(checkout / file)
    done = performance_page(checkout, "--check")
    assert done.returncode == 1
    assert done.stderr == (
        f"{stale} is stale; write it with: python -m benchmarks.report.performance_page\n"
    )
    assert performance_page(checkout).returncode == 0
    assert performance_page(checkout, "--check").returncode == 0
    if change is change_windows_lost:
        page = (checkout / "docs" / "reference" / "performance.md").read_text(encoding="utf-8")
        assert "| windows lost | 12345 |" in page
