"""``edge-genre bench``: what a model costs on this machine; no time is judged."""

import copy
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge_runtime.bench import launch, machine, processes, report, stages, sustained
from edge_runtime.bench.machine import conditions, energy_joules
from edge_runtime.bench.report import compared, markdown, stage_rows
from edge_runtime.bench.stages import spread
from edge_runtime.cli import bench
from edge_runtime.errors import ParameterError
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
    edited = out / "edited on Windows.json"
    edited.write_text((out / "bench.json").read_text(), encoding="utf-8-sig")
    both = succeed("bench", "--compare", out / "bench.json", edited).stdout
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
        (("--sustain", "long"), "is no time from a second to a week; write 90s", 2),
        (("--sustain", f"{'9' * 400}h"), "is no time from a second to a week; write 90s", 2),
        (("--threads", "0"), "must be numbers from 1 to 64", 2),
        (("--rounds", "0"), "is not a whole number from 1", 2),
        (("--model", "none.tflite"), "no such model file", 3),
        (("--compare", "none.json", "none.json"), "none.json: No such file", 3),
    ],
)
def test_bench_refuses_what_makes_no_sense(options, complaint, code) -> None:
    assert complaint in refused("bench", *options, code=code)


def test_a_file_in_place_of_the_folder_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "song.wav").touch()
    line = refused("bench", "--out", str(tmp_path / "song.wav"), code=3)
    assert "song.wav: is a file; name a folder" in line


def test_times_are_given_as_median_percentiles_and_maximum_in_milliseconds() -> None:
    assert spread([n / 1000 for n in range(1, 101)]) == {
        "n": 100, "median_ms": 50.5, "p95_ms": 95.05, "p99_ms": 99.01, "max_ms": 100.0,
    }  # fmt: skip


def test_the_memory_of_the_machine_is_in_mebibytes(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal:         948304 kB\nMemFree: 5 kB\n")
    (tmp_path / "proc/cpuinfo").write_text("processor: 0\nmodel name\t: Some CPU\n")
    found = machine.machine(tmp_path)
    assert (found["memory_mib"], found["model"]) == (926, "Some CPU")


def test_energy_is_a_difference_unless_nobody_counts_or_the_count_began_anew(monkeypatch) -> None:
    monkeypatch.setattr(machine, "energy_joules", lambda: 5.0)
    assert machine.joules_since(2.0) == 3.0
    assert machine.joules_since(6.0) is None
    assert machine.joules_since(None) is None
    monkeypatch.setattr(machine, "energy_joules", lambda: None)
    assert machine.joules_since(2.0) is None


def test_what_a_command_cost_is_printed_in_seconds_and_mebibytes(monkeypatch, capsys) -> None:
    usage = SimpleNamespace(ru_utime=1.25, ru_stime=0.5, ru_maxrss=3072)
    monkeypatch.setattr(launch.sys, "argv", ["launch.py", "/bin/x", "y"])
    monkeypatch.setattr(launch.os, "posix_spawn", lambda *_, **__: 7)
    monkeypatch.setattr(launch.os, "wait4", lambda *_: (7, 0x300, usage))
    monkeypatch.setattr(launch.time, "perf_counter", iter([10.0, 12.5]).__next__)
    launch.main()
    assert json.loads(capsys.readouterr().out) == {
        "exit_code": 3, "wall_s": 2.5, "cpu_s": 1.75, "peak_rss_mib": 3.0,
    }  # fmt: skip


def test_a_process_is_measured_by_medians_without_the_run_that_warms_the_disk(monkeypatch) -> None:
    asked: list[list[str]] = []

    def run(command, **_):
        asked.append(command[command.index("edge_runtime") + 1 :])
        number = (len(asked) - 1) // 2  # classify and listen in turn
        wall, peak = [(99.0, 999.0), (3.0, 30.0), (1.0, 10.0), (2.0, 20.0)][number]
        printed = {
            "exit_code": 0,
            "wall_s": wall,
            "peak_rss_mib": peak + (asked[-1][0] == "listen"),
        }
        return SimpleNamespace(stdout=json.dumps(printed).encode())

    monkeypatch.setattr(processes.subprocess, "run", run)
    assert processes.measure_processes("tiny", 3) == {
        "cold_start_s": 2.0, "classify_peak_rss_mib": 20.0, "listen_peak_rss_mib": 21.0,
    }  # fmt: skip
    assert asked[0] == ["classify", "demo", "--model", "tiny"]
    assert asked[1] == ["listen", "--input", "demo", "--fast", "--json", "--model", "tiny"]


def test_a_command_that_fails_is_not_measured() -> None:
    with pytest.raises(RuntimeError, match="the command ended with exit code 3"):
        processes.cost(b'{"exit_code": 3, "wall_s": 0.1}')


def test_full_load_is_windows_per_second_in_slices_and_energy_per_window(monkeypatch) -> None:
    now, seconds_a_window = [0.0], iter([0.2] * 10 + [0.125] * 16 + [0.5] * 4)

    class Classifier:
        manifest = SimpleNamespace(front_end=SimpleNamespace(window_samples=10))

        def __init__(self, model):
            assert model == "tiny"

        def classify_window(self, window):
            now[0] += next(seconds_a_window)

    monkeypatch.setattr(sustained, "Classifier", Classifier)
    monkeypatch.setattr(sustained, "time", SimpleNamespace(monotonic=lambda: round(now[0], 6)))
    monkeypatch.setattr(sustained, "energy_joules", lambda: 0.0)
    monkeypatch.setattr(sustained, "joules_since", lambda _: 15.0)
    lines: list[str] = []
    found = sustained.sustain("tiny", 6.0, slice_s=2.0, report=lines.append)
    assert [(one["at_s"], one["windows_per_s"]) for one in found["slices"]] == [
        (0.0, 5.0), (2.0, 8.0), (4.0, 2.0),
    ]  # fmt: skip
    assert (found["seconds"], found["last_to_best"]) == (6.0, 0.25)
    assert found["millijoules_per_window"] == 500.0  # 15 J for 30 windows
    assert lines[1] == "      2 s       8.0 windows/s"


def test_the_energy_of_listening_is_that_of_a_second_of_sound(monkeypatch) -> None:
    """The demo clip is 28 s long."""
    monkeypatch.setattr(stages, "energy_joules", lambda: 1.0)
    monkeypatch.setattr(stages, "joules_since", lambda before: 14.0 * before)
    found = stages.measure_pipeline("seed-cnn", 2)
    assert found["joules_per_s"] == 0.25
    assert found["interval_s"] == 0.743


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90.0), ("10m", 600.0), ("1h", 3600.0), ("1.5m", 90.0)]
)
def test_a_time_of_full_load_is_given_in_usual_words(text: str, seconds: float) -> None:
    assert bench._seconds(text) == seconds


def test_up_to_64_threads_are_tried_and_no_more_than_there_are_cores(monkeypatch) -> None:
    monkeypatch.setattr(bench.os, "cpu_count", lambda: 64)
    assert bench._threads("64,1,2") == (1, 2, 64)
    monkeypatch.setattr(bench.os, "cpu_count", lambda: 2)
    assert bench._threads("1,2,4") == (1, 2)
    assert bench._threads("4") == (1,)
    with pytest.raises(ParameterError, match="must be numbers from 1 to 64"):
        bench._threads("65")
