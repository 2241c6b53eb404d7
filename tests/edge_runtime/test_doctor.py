"""``edge-genre doctor``."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from edge_runtime.doctor import Verdict
from edge_runtime.doctor.machine import check_machine
from edge_runtime.doctor.microphone import _judged, check_microphone
from edge_runtime.doctor.model import check_model
from edge_runtime.sources import Chunk

from .audio import noise


def machine(root):
    return {finding.check: finding for finding in check_machine(root)}


@pytest.fixture
def pi(tmp_path, monkeypatch):
    """A Raspberry Pi that is hot, short of memory, and says so."""
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 443000 kB\nMemAvailable: 51200 kB\n")
    zone = tmp_path / "sys/class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "temp").write_text("82345\n")
    clock = tmp_path / "sys/devices/system/cpu/cpu0/cpufreq"
    clock.mkdir(parents=True)
    (clock / "scaling_cur_freq").write_text("600000\n")
    (clock / "cpuinfo_max_freq").write_text("1500000\n")
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")

    def says(line):
        program = programs / "vcgencmd"
        program.write_text(f"#!/bin/sh\necho '{line}'\n")
        program.chmod(0o755)
        return tmp_path

    return says


def test_a_pi_that_is_hot_slow_and_short_of_power_is_told_so(pi):
    found = machine(pi("throttled=0x50005"))
    assert found["memory"].verdict is Verdict.WARNING
    assert found["memory"].found == "50 MiB free of 433 MiB"
    assert (found["temperature"].verdict, found["temperature"].found) == ("warning", "82 °C")
    assert found["clock"].found == "0.60 of 1.50 GHz"
    throttling = found["throttling"]
    assert throttling.verdict is Verdict.WARNING
    assert throttling.found == (
        "its supply voltage is too low now, it is slowed down now, its supply voltage was too low, "
        "it was slowed down"
    )
    assert "power supply" in throttling.remedy


def test_a_pi_that_is_well_is_left_alone(pi):
    assert machine(pi("throttled=0x0"))["throttling"].verdict is Verdict.OK
    assert "group video" in machine(pi("VCHI initialization failed"))["throttling"].remedy


def test_a_machine_that_tells_nothing_of_itself_has_no_fault(tmp_path):
    findings = list(check_machine(tmp_path))
    assert all(finding.verdict is Verdict.OK for finding in findings)
    assert {"software", "memory", "disk", "extra mqtt"} <= {finding.check for finding in findings}


def test_a_model_is_loaded_and_hears_the_demo_clip():
    model, speed = check_model("seed-cnn")
    assert (model.verdict, speed.verdict) == ("ok", "ok")
    assert "seed-cnn-gtzan" in model.found
    assert "of a core" in speed.found


def test_a_model_that_cannot_be_loaded_is_a_fault(tmp_path):
    (finding,) = check_model(str(tmp_path / "none.tflite"))
    assert finding.verdict is Verdict.FAULT
    assert "no such model file" in finding.found


class Microphone:
    name, rate, channels, closed = "fake", 16_000, 1, False

    def __init__(self, sound):
        self._sound = sound

    def chunks(self, _):
        for first in range(0, len(self._sound), 1600):
            yield Chunk(self._sound[first : first + 1600, np.newaxis])

    def close(self):
        self.closed = True


@pytest.mark.parametrize(
    ("gain", "verdict", "found"),
    [
        (0.0, "warning", "nothing but zeros"),
        (1e-5, "warning", "counts as silence"),
        (0.1, "ok", "fake: 16000 Hz, -"),
        (50.0, "warning", "clipped"),
    ],
)
def test_what_a_microphone_delivers_is_judged(gain, verdict, found):
    microphone = Microphone(np.clip(gain * noise(32_000), -1.0, 1.0).astype(np.float32))
    finding = _judged(microphone, None)
    assert finding.verdict == verdict
    assert found in finding.found
    assert microphone.closed


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_sound_cards_that_may_not_be_opened_are_a_fault(tmp_path):
    (tmp_path / "pcmC0D0c").touch(mode=0)
    first = next(check_microphone(None, tmp_path))
    assert first.verdict is Verdict.FAULT
    assert "usermod -aG audio" in first.remedy


def test_sound_cards_that_may_be_opened_are_counted(tmp_path):
    (tmp_path / "pcmC0D0c").touch()
    assert "1 sound card(s)" in next(check_microphone(None, tmp_path)).found


def test_the_command_prints_one_json_line_for_each_finding(monkeypatch):
    monkeypatch.setenv("PULSE_SERVER", "unix:/nowhere")
    done = subprocess.run(
        [sys.executable, "-m", "edge_runtime", "doctor", "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    faults = [finding for finding in findings if finding["verdict"] == "fault"]
    assert done.returncode == bool(faults)
    assert {"software", "model", "speed", "microphones"} <= {f["check"] for f in findings}
    assert all(finding["remedy"] for finding in faults)
