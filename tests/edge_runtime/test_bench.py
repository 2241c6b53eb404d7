"""``edge-genre bench``: what a model costs on this machine; no time is judged."""

import copy
import json
import sys
from pathlib import Path

import pytest

from edge_runtime.bench import report
from edge_runtime.bench.machine import conditions, energy_joules
from edge_runtime.bench.report import compared, markdown, stage_rows
from tests.command import refused, succeed

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"


@pytest.mark.slow
def test_bench_measures_every_stage_and_compares(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = succeed(
        "bench", "--model", "seed-cnn", "--rounds", "1", "--threads", "1", "--sustain", "1s",
        "--out", out,
    )  # fmt: skip
    result = json.loads((out / "bench.json").read_text())
    model = result["models"]["seed-cnn"]
    stages = model["stages"]
    assert stages["network_window_by_threads"].keys() == {"1"}
    for one in (stages["resample_second"], stages["front_end_window"], stages["decoder_window"]):
        assert 0.0 < one["median_ms"] <= one["p95_ms"] <= one["p99_ms"] <= one["max_ms"]
    assert 0.0 < model["pipeline"]["cpu_s_per_s"] < 1.0
    assert model["process"]["cold_start_s"] > 0.0
    assert model["process"]["listen_peak_rss_mib"] <= 60
    assert 0.0 < model["sustained"]["last_to_best"] <= 1.0
    assert done.stdout == (out / "bench.md").read_text()
    assert (out / "bench.png").read_bytes().startswith(b"\x89PNG")
    both = succeed("bench", "--compare", out / "bench.json", out / "bench.json").stdout
    ratios = [line.split()[-1] for line in both.splitlines()[1:]]
    assert set(ratios) == {"1.00"}


@pytest.fixture
def result() -> dict:
    """A measurement of the models that ship."""
    measured: dict = json.loads((RESULTS / "bench.json").read_text())
    return measured


def test_two_measurements_are_compared_stage_by_stage(result: dict) -> None:
    slower = copy.deepcopy(result)
    stages = slower["models"]["tiny"]["stages"]
    stages["front_end_window"]["median_ms"] *= 2
    del stages["network_window_by_threads"]["2"]  # a machine with one core
    slower["models"]["tiny"]["process"]["cold_start_s"] /= 2
    slower["models"]["tiny"]["sha256"] = "another"
    del slower["models"]["base"]
    first, *lines = compared(result, slower).splitlines()
    times = {line.rpartition(",")[0]: line.split()[-1] for line in lines if "," in line}
    assert first.split() == ["first", "second", "times"]
    assert "tiny: not the same model file in both" in lines
    assert times["tiny: front end, a window"] == "2.00"
    assert times["tiny: cold start"] == "0.50"
    assert times["tiny: decoder, a window"] == "1.00"
    assert not any("tiny: network" in line and ", 2 threads" in line for line in lines)
    assert not any(line.startswith("base: ") for line in lines)


def test_stages_stand_in_the_order_in_which_sound_passes_them(result: dict) -> None:
    names = [name.split()[0].rstrip(",") for name, _ in stage_rows(result["models"]["tiny"])]
    assert list(dict.fromkeys(names)) == ["resample", "front", "network", "decoder"]


def test_without_matplotlib_there_is_no_picture(result: dict, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    written = report.write(result, tmp_path)
    assert [path.name for path in written] == ["bench.json", "bench.md"]
    assert sorted(tmp_path.iterdir()) == sorted(written)


def test_temperature_clock_and_energy_are_reported_where_the_machine_has_them(
    result: dict, tmp_path: Path
) -> None:
    zone, rapl = tmp_path / "sys/class/thermal/thermal_zone0", tmp_path / "sys/class/powercap"
    clock = tmp_path / "sys/devices/system/cpu/cpu0/cpufreq"
    for folder in (zone, clock, rapl / "intel-rapl:0"):
        folder.mkdir(parents=True)
    (rapl / "intel-rapl:0" / "energy_uj").write_text("2500000\n")
    (zone / "temp").write_text("61234\n")
    (clock / "scaling_cur_freq").write_text("1500000\n")
    assert energy_joules(tmp_path) == 2.5
    warm = conditions(tmp_path)
    assert (warm["celsius"], warm["gigahertz"]) == (61.234, 1.5)
    cold = {**warm, "celsius": 40.0}
    result.update(before=cold, after={**warm, "throttled_bits": 0x50000})
    result["models"]["tiny"]["pipeline"]["joules_per_s"] = 0.0125
    text = markdown(result)
    assert "degrees Celsius: 40.0 before, 61.2 after; GHz: 1.50 before, 1.50 after" in text
    assert "throttled: 0x50000" in text
    assert "0.0125 J per s of sound" in text


@pytest.mark.parametrize(
    ("options", "complaint", "code"),
    [
        (("--sustain", "long"), "is no time; write 90s", 2),
        (("--threads", "0"), "must be numbers from 1 to 64", 2),
        (("--rounds", "0"), "is not a whole number from 1", 2),
        (("--model", "none.tflite"), "no such model file", 3),
        (("--compare", "none.json", "none.json"), "none.json: No such file", 3),
    ],
)
def test_bench_refuses_what_makes_no_sense(options, complaint, code) -> None:
    assert complaint in refused("bench", *options, code=code)
