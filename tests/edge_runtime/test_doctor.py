"""``edge-genre doctor``: what it finds on machines that are made up of files."""

import dataclasses
import json
import os
import sys
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from edge_runtime import Classifier, doctor
from edge_runtime.cli import main
from edge_runtime.cli.doctor import _row
from edge_runtime.doctor import Verdict, machine, microphone, model, software
from edge_runtime.doctor.recording import Recording, judged, measured
from tests.command import edge_genre

OK, WARNING, FAULT = Verdict.OK, Verdict.WARNING, Verdict.FAULT
CHECKS = {"python", "computer", "memory", "heat", "clock", "extras", "runtimes", "model", "capture"}
THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
ZONE = "sys/class/thermal/thermal_zone0/temp"
FREQUENCY = "sys/devices/system/cpu/cpu0/cpufreq"


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A machine without the files and programs that describe it."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def put(root, **files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_machine_without_sensors_is_not_at_fault(root):
    for check in (machine.computer, machine.memory, machine.heat):
        assert check(root).verdict is OK


def test_a_raspberry_pi_is_called_by_its_name(root):
    put(root, **{"proc/device-tree/model": "Raspberry Pi Zero 2 W Rev 1.0\0"})
    put(root, **{"proc/cpuinfo": "processor\t: 0\nmodel name\t: ARMv7 Processor\n"})
    assert machine.computer(root).found.startswith("Raspberry Pi Zero 2 W Rev 1.0, ")


def test_a_computer_that_is_overloaded_is_warned_of(root):
    put(root, **{"proc/cpuinfo": "model name\t: Some CPU\n", "proc/loadavg": "900.12 5 5 1/1 1\n"})
    finding = machine.computer(root)
    assert finding.verdict is WARNING
    assert finding.found.startswith("Some CPU, ")
    assert "load 900.12" in finding.found


@pytest.mark.parametrize(("kilobytes", "verdict"), [(2_000_000, OK), (50_000, WARNING)])
def test_memory_is_what_is_available_not_what_is_free(root, kilobytes, verdict):
    put(root, **{"proc/meminfo": f"MemFree:  10 kB\nMemAvailable:  {kilobytes} kB\n"})
    finding = machine.memory(root)
    assert finding.verdict is verdict
    assert f"{kilobytes / 1024:,.0f} MiB" in finding.found


@pytest.mark.parametrize(
    ("files", "verdict", "found"),
    [
        ({ZONE: "45200\n"}, OK, "45 °C"),
        ({ZONE: "-273000\n"}, OK, "this machine has no sensor for it"),
        ({ZONE: "broken\n"}, OK, "this machine has no sensor for it"),
        ({ZONE: "83100\n"}, WARNING, "83 °C"),
        ({ZONE: "45200\n", THROTTLED: "0\n"}, OK, "45 °C, never slowed down since its start"),
        ({THROTTLED: "50005\n"}, WARNING, "slowed down now by under-voltage and throttling"),
        ({THROTTLED: "80000\n"}, WARNING, "since its start by the soft temperature limit"),
        (
            {f"{FREQUENCY}/scaling_max_freq": "600000", f"{FREQUENCY}/cpuinfo_max_freq": "1500000"},
            OK,
            "held to 600 of 1,500 MHz",
        ),
    ],
)
def test_heat_is_read_from_the_files_of_a_raspberry_pi(root, files, verdict, found):
    put(root, **files)
    finding = machine.heat(root)
    assert finding.verdict is verdict
    assert found in finding.found
    assert bool(finding.remedy) == (verdict is not OK)


@pytest.mark.parametrize(
    ("program", "verdict", "found"),
    [
        ("echo throttled=0x50000", WARNING, "since its start by under-voltage and throttling"),
        ("echo throttled=0x0", OK, "never slowed down"),
        ("echo VCHI initialization failed; exit 1", WARNING, "vcgencmd does not work"),
    ],
)
def test_heat_is_read_from_vcgencmd_where_there_is_no_file(root, program, verdict, found):
    put(root, **{"bin/vcgencmd": f"#!/bin/sh\n{program}\n"})
    (root / "bin/vcgencmd").chmod(0o755)
    finding = machine.heat(root)
    assert finding.verdict is verdict
    assert found in finding.found


def test_under_voltage_is_a_matter_of_the_power_supply(root):
    put(root, **{THROTTLED: "1\n"})
    assert "power supply" in machine.heat(root).remedy
    put(root, **{THROTTLED: "4\n"})
    assert "fan" in machine.heat(root).remedy


@pytest.mark.parametrize(("code", "verdict"), [(0, OK), (None, OK), (5, WARNING)])
def test_a_clock_that_nothing_synchronises_is_warned_of(code, verdict):
    assert machine.wall_clock(lambda: code).verdict is verdict


def test_a_clock_without_battery_that_was_never_set_is_warned_of(monkeypatch):
    monkeypatch.setattr("edge_runtime.doctor.machine.time.time", lambda: 0.0)
    assert "never set" in machine.wall_clock(lambda: 0).found


def test_a_file_to_write_needs_a_folder_permission_and_room(tmp_path, monkeypatch):
    assert machine.disk(tmp_path / "genre.db").verdict in (OK, WARNING)
    missing = machine.disk(tmp_path / "no" / "genre.db")
    assert (missing.verdict, missing.remedy) == (FAULT, f"mkdir -p {tmp_path / 'no'}")
    monkeypatch.setattr("edge_runtime.doctor.machine.os.access", lambda *_: False)
    assert "may not write" in machine.disk(tmp_path / "genre.db").found


@pytest.mark.parametrize(
    ("content", "verdict"),
    [
        (b"RIFF\x00\x00\x00\x00WAVE", FAULT), (b"SQLite format 3\x00", OK),
        (b'{"schema": 1}\n', OK), (b"", OK),
    ],
)  # fmt: skip
def test_a_file_that_is_something_else_is_not_written_to(tmp_path, monkeypatch, content, verdict):
    monkeypatch.setattr(machine, "_LEAST_DISK_MIB", 0)
    path = tmp_path / "song.wav"
    path.write_bytes(content)
    finding = machine.disk(path)
    assert finding.verdict is verdict
    if verdict is FAULT:
        assert finding.found == f"{path}: is neither a log nor a history"


def test_a_folder_is_no_log(tmp_path):
    finding = machine.disk(tmp_path)
    assert (finding.verdict, finding.found) == (FAULT, f"{tmp_path}: is a folder")


def test_thirty_two_bits_are_warned_of(monkeypatch):
    assert software.python().verdict is OK
    monkeypatch.setattr(sys, "maxsize", 2**31 - 1)
    assert "32 bit" in software.python().found


@pytest.fixture
def installed(monkeypatch):
    """Choose which libraries are there."""

    def only(*names):
        monkeypatch.setattr(software, "_is_there", lambda name: name in names)

    return only


def test_no_runtime_for_the_model_is_a_fault(installed):
    installed("onnxruntime")
    finding = software.runtimes(None)
    assert finding.verdict is FAULT
    assert "none of them runs a tflite model" in finding.found
    assert "ai-edge-litert" in finding.remedy


def test_tflite_runtime_does_not_work_with_numpy_2(installed, monkeypatch):
    installed("tflite_runtime")
    monkeypatch.setattr(software.np, "__version__", "2.1.0")
    assert software.runtimes(None).verdict is FAULT
    monkeypatch.setattr(software.np, "__version__", "1.26.4")
    assert software.runtimes(None).verdict is OK
    monkeypatch.setattr(software.np, "__version__", "2.1.0")
    installed("tflite_runtime", "ai_edge_litert")
    assert software.runtimes(None).verdict is OK


def test_tensorflow_is_a_heavy_way_to_run_a_model(installed):
    installed("tensorflow")
    assert software.runtimes(None).verdict is WARNING


def test_extras_are_listed_there_or_not(installed):
    installed("rich")
    found = software.extras().found
    assert found.startswith("live (")
    assert found.endswith("not installed: mic, audio, onnx, mqtt, library, ray, tags")


def test_the_model_that_ships_loads_classifies_and_is_fast_enough():
    finding, classifier = model.classifies("seed-cnn")
    assert finding.verdict is OK
    assert "in the demo clip" in finding.found
    assert "of a core" in model.speed(classifier).found


def test_a_model_that_is_missing_is_a_fault(tmp_path):
    finding, classifier = model.classifies(str(tmp_path / "no.tflite"))
    assert (finding.verdict, classifier) == (FAULT, None)
    assert finding.remedy == "check the path"


def test_a_model_that_gives_nonsense_is_a_fault(monkeypatch):
    def nonsense(self, features):
        nothing = np.zeros((len(features), 0), np.float32)
        return np.full((len(features), len(self.labels)), np.nan, np.float32), nothing

    monkeypatch.setattr("edge_runtime.Classifier.outputs", nonsense)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        finding, classifier = model.classifies("seed-cnn")
    assert (finding.verdict, classifier) == (FAULT, None)
    assert "nan" in finding.found


def sound(rng_scale=0.01, offset=0.0, seconds=0.5):
    rng = np.random.default_rng(0)
    samples = offset + rng_scale * rng.standard_normal((round(seconds * 48_000), 2))
    return np.clip(32768 * samples, -32768, 32767).astype(np.int16)


@pytest.mark.parametrize(
    ("samples", "verdict", "found"),
    [
        (sound(), OK, "-40 dBFS"),
        (sound(rng_scale=0.0001), WARNING, "which counts as silence (below -60)"),
        (np.zeros((100, 1), np.int16), WARNING, "digital silence"),
        (sound(rng_scale=1.0), WARNING, "clipped"),
        (sound(offset=-0.1), WARNING, "off zero by -10.0% of full scale"),
    ],
)
def test_half_a_second_of_sound_is_judged(samples, verdict, found):
    finding = judged(measured(samples, 48_000), silence_dbfs=-60.0)
    assert finding.verdict is verdict
    assert found in finding.found


def test_an_offset_is_no_sound():
    assert measured(np.full((100, 1), 3000, np.int16), 48_000).level_dbfs < -100


def test_without_a_library_there_is_no_microphone(monkeypatch):
    monkeypatch.setattr(microphone.portaudio, "import_sounddevice", lambda: None)
    monkeypatch.setenv("PATH", "")
    first, second, *rest = microphone.checks(None, None)
    assert (first.verdict, second.verdict, rest) == (FAULT, FAULT, [])
    assert "libportaudio2" in first.remedy


@pytest.fixture
def library(monkeypatch):
    """Something that reaches microphones, whatever this machine has."""
    monkeypatch.setattr(microphone, "library", lambda _: doctor.ok("capture", "a library"))


@pytest.mark.usefixtures("library")
def test_a_sound_card_that_this_user_may_not_use_is_the_fault_whatever_else_there_is(monkeypatch):
    monkeypatch.setattr(microphone, "is_forbidden", lambda: True)
    *_, last = microphone.checks(None, None)
    assert (last.check, last.verdict) == ("permission", FAULT)
    assert "usermod -aG audio" in last.remedy


@pytest.fixture
def no_microphone(library, monkeypatch):
    monkeypatch.setattr(microphone, "is_forbidden", lambda: False)
    monkeypatch.setattr(microphone, "list_devices", list)


def test_no_microphone_is_a_fault_with_a_remedy(no_microphone):
    *_, last = microphone.checks(None, None)
    assert (last.check, last.verdict) == ("microphones", FAULT)
    assert "no microphone" in last.found
    assert "--input FILE" in last.remedy


def test_a_finding_is_read_in_columns_with_what_to_do_below(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    assert _row(doctor.warning("heat", "it is warm " * 5, "open a window")) == (
        "warning  heat         it is warm it is warm it is warm it is\n"
        "                      warm it is warm\n"
        "                      -> open a window"
    )


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A machine with neither PortAudio nor arecord."""
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setenv("PATH", str(tmp_path))


def test_the_command_prints_a_row_for_each_check_and_a_summary(bare, tmp_path):
    done = edge_genre("doctor", "--model", "seed-cnn", "--history", tmp_path / "genre.db")
    rows = [line.split(maxsplit=2)[:2] for line in done.stdout.splitlines() if line[0] != " "]
    *rows, summary = rows
    assert {check for _, check in rows} >= CHECKS | {"disk"}
    assert {verdict for verdict, _ in rows} <= set(Verdict)
    assert ["fault", "capture"] in rows
    assert done.returncode == 1
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert summary


@pytest.mark.parametrize(
    ("findings", "code", "summary"),
    [
        ([doctor.ok("a", "b")], 0, "all is well: listen works"),
        ([doctor.ok("a", "b"), doctor.warning("a", "b", "c")], 0, "1 warning: listen works"),
        (
            [doctor.fault("a", "b", "c"), *2 * [doctor.warning("a", "b", "c")]],
            1,
            "1 fault and 2 warnings: listen would not work",
        ),
    ],
)
def test_a_fault_alone_makes_the_exit_code_1(monkeypatch, capsys, findings, code, summary):
    monkeypatch.setattr("edge_runtime.cli.doctor.examine", lambda **_: iter(findings))
    assert main(["doctor"]) == code
    assert capsys.readouterr().out.splitlines()[-1] == summary


def test_as_json_it_is_a_line_for_each_check(bare, tmp_path):
    done = edge_genre("doctor", "--json", "--model", tmp_path / "no.tflite")
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    (found,) = (finding for finding in findings if finding["check"] == "model")
    assert found["verdict"] == "fault"
    assert set(found) == {"check", "verdict", "found", "remedy"}


@pytest.mark.parametrize(("load", "verdict"), [("8.00", OK), ("8.01", WARNING)])
def test_a_load_of_two_a_core_is_the_most(root, monkeypatch, load, verdict):
    monkeypatch.setattr(machine.os, "cpu_count", lambda: 4)
    put(root, **{"proc/loadavg": f"{load} 5 5 1/1 1\n"})
    assert machine.computer(root).verdict is verdict


@pytest.mark.parametrize(("kilobytes", "verdict"), [(61_440, OK), (61_439, WARNING)])
def test_sixty_mebibytes_of_memory_are_enough(root, kilobytes, verdict):
    put(root, **{"proc/meminfo": f"MemAvailable:  {kilobytes} kB\n"})
    finding = machine.memory(root)
    assert finding.verdict is verdict
    assert finding.found == "60 MiB available, of which listen takes about 60"


@pytest.mark.parametrize(
    ("millidegrees", "verdict"), [("79999", OK), ("80000", WARNING), ("150000", OK)]
)
def test_eighty_degrees_are_hot(root, millidegrees, verdict):
    put(root, **{ZONE: millidegrees})
    assert machine.heat(root).verdict is verdict


@pytest.mark.parametrize(("free", "verdict"), [(100 * 2**20, OK), (100 * 2**20 - 1, WARNING)])
def test_a_hundred_mebibytes_of_disk_are_enough(tmp_path, monkeypatch, free, verdict):
    usage = SimpleNamespace(free=free)
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: usage)
    finding = machine.disk(tmp_path / "genre.db")
    assert (finding.verdict, finding.found) == (verdict, f"{tmp_path}/genre.db: 100 MiB free")


@pytest.mark.parametrize(("now", "was_set"), [(1_767_225_600.0, True), (1_767_225_599.0, False)])
def test_a_clock_before_2026_was_never_set(monkeypatch, now, was_set):
    monkeypatch.setattr("edge_runtime.doctor.machine.time.time", lambda: now)
    assert machine.wall_clock(lambda: 0).verdict is (OK if was_set else WARNING)


FINE = Recording(seconds=0.5, level_dbfs=-40.0, clipped=0.0, offset=0.0, silent=False)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"clipped": 0.001}, WARNING), ({"clipped": 0.00099}, OK),
        ({"offset": 0.02}, WARNING), ({"offset": -0.02}, WARNING), ({"offset": -0.0199}, OK),
        ({"level_dbfs": -60.0}, OK), ({"level_dbfs": -60.1}, WARNING),
    ],
)  # fmt: skip
def test_a_recording_at_the_edge_is_judged(change, verdict):
    assert judged(dataclasses.replace(FINE, **change), -60.0).verdict is verdict


def test_samples_at_either_end_are_clipped_and_the_channel_farthest_off_counts():
    samples = np.array([[32767, -3276], [-32768, -3276], [0, -3276], [1, -3277]], np.int16)
    found = measured(samples, 8)
    assert (found.seconds, found.clipped, found.silent) == (0.5, 0.25, False)
    assert found.offset == pytest.approx(-0.1, abs=1e-4)


@pytest.mark.parametrize(
    ("cpu_s", "wall_s", "verdict"),
    [
        (1.0, 4.9, OK), (1.0, 5.0, WARNING), (5.0, 1.0, WARNING), (1.0, 9.4, WARNING),
        (1.0, 9.5, FAULT), (9.5, 1.0, FAULT),
    ],
)  # fmt: skip
def test_ten_seconds_of_sound_may_take_five_and_must_not_take_nine_and_a_half(
    monkeypatch, cpu_s, wall_s, verdict
):
    cpu, wall = iter([100.0, 100.0 + cpu_s]), iter([50.0, 50.0 + wall_s])
    clocks = SimpleNamespace(process_time=lambda: next(cpu), perf_counter=lambda: next(wall))
    monkeypatch.setattr(model, "time", clocks)
    finding = model.speed(Classifier("seed-cnn"))
    assert finding.verdict is verdict
    assert f"{cpu_s * 10:.1f}% of a core" in finding.found
    assert f"(real-time factor {wall_s / 10:.4f})" in finding.found
    assert "of 10 windows" in finding.found
