"""Listening to a real PulseAudio server, through PortAudio and through arecord."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import TONE_DBFS, TONE_HZ, VirtualMicrophone

NOTHING_MORE = ("--interval", "3600")
"""After the first window no other is due, so any further event is that of the end."""

BREAKAGES: dict[str, Callable[[VirtualMicrophone], None]] = {
    "server dies": VirtualMicrophone.kill,
    "unplugged": VirtualMicrophone.unplug,
    "driver hangs": VirtualMicrophone.freeze,
}

# Catches 1.1 s of sound with the source that `listen` uses; prints pitch, level and losses.
CATCH = """
import json, sys, threading, time
import numpy as np
from edge_runtime.sources import arecord, microphone, portaudio

device, rate, channels, nap, queued = json.loads(sys.argv[1])
if queued:
    portaudio.RING_SECONDS = arecord.RING_SECONDS = queued
source = microphone.Microphone(device, rate, channels).open(threading.Event())
chunks, dropped = [], []
for chunk in source.chunks(threading.Event()):
    if not chunks and not np.any(chunk.samples):
        continue  # the player takes its time
    if not chunks:
        time.sleep(nap)
    full_scale = 32768.0 if chunk.samples.dtype == np.int16 else 1.0
    chunks.append(chunk.samples / full_scale)
    dropped.append(chunk.dropped)
    if len(chunks) == 16:
        break
sound = np.concatenate(chunks[5:])
spectrum = np.abs(np.fft.rfft(sound[:, 0] * np.hanning(len(sound))))
print(json.dumps({
    "rate": source.rate,
    "channels": sound.shape[1],
    "hertz": float(spectrum.argmax()) * source.rate / len(sound),
    "dbfs": 20.0 * float(np.log10(sound.std())),
    "chunk": len(chunks[0]),
    "dropped": dropped,
}))
"""


def catch(
    microphone: VirtualMicrophone,
    device: str | None = None,
    rate: int | None = None,
    channels: int | None = None,
    *,
    nap: float = 0.0,
    queued: float | None = None,
    env: dict[str, str] | None = None,
) -> dict[str, Any]:
    """What the source captures of the tone."""
    request = json.dumps([device, rate, channels, nap, queued])
    with microphone.playing("studio" if device == "studio" else "vmic"):
        done = microphone.python("-c", CATCH, request, **(env or {}))
    assert done.returncode == 0, done.stderr
    caught: dict[str, Any] = json.loads(done.stdout)
    return caught


def is_silence(event: dict[str, Any]) -> bool:
    return bool(event["label"] == "silence")


def is_tone(event: dict[str, Any]) -> bool:
    """Whether the tone sounds in a fifth of a second of the window, or in more of it."""
    return bool(TONE_DBFS - 12.0 < event["level_dbfs"] < TONE_DBFS + 1.0)


def complaint(stderr: str) -> str:
    """The one line that a user sees."""
    assert stderr.startswith("edge-genre: "), stderr
    assert stderr.count("\n") == 1, stderr
    return stderr.strip()


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The line with which the command refused for want of a device."""
    assert done.returncode == 4, done
    return complaint(done.stderr)


def test_devices_lists_microphones_and_marks_the_default(
    shared_microphone: VirtualMicrophone,
) -> None:
    done = shared_microphone.run("devices")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert next(line.split()[:2] for line in lines if line.startswith("*")) == ["*", "default"]
    names = {line[2:].split()[0] for line in lines[:-1]}
    assert {"default", "pulse", "studio"} <= names


def test_devices_lists_microphones_as_json(shared_microphone: VirtualMicrophone) -> None:
    done = shared_microphone.run("devices", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    devices = {device["name"]: device for device in json.loads(done.stdout)}
    assert {"default", "pulse", "studio"} <= set(devices)
    assert [name for name, device in devices.items() if device["default"]] == ["default"]
    assert all(device["api"] == "portaudio" for device in devices.values())
    assert all(device["channels"] > 0 and device["rate"] > 0 for device in devices.values())


def test_listen_gets_what_is_played(
    shared_microphone: VirtualMicrophone, library: dict[str, str]
) -> None:
    with shared_microphone.listening("--interval", "0.3", **library) as listening:
        first = listening.until(lambda _: True)
        assert is_silence(first)
        assert first["level_dbfs"] < -90
        with shared_microphone.playing():
            chunks = listening.until(is_tone)
        assert not is_silence(chunks)
        # As Ctrl-C in a terminal does, to every process of the group.
        os.killpg(listening.process.pid, signal.SIGINT)
        assert listening.end() == (130, "")
    ends = [event["end"] for event in listening.events]
    assert ends == sorted(set(ends))
    assert all(event["dropped_samples"] == 0 for event in listening.events)


def test_part_of_a_name_chooses_the_microphone(shared_microphone: VirtualMicrophone) -> None:
    with (
        shared_microphone.playing("studio"),
        shared_microphone.listening("--device", "Stud", "--interval", "0.3") as listening,
        shared_microphone.listening(*NOTHING_MORE) as beside,
    ):
        listening.until(is_tone)
        assert is_silence(beside.until(lambda _: True))
        for one in (listening, beside):
            one.process.terminate()
            assert one.end() == (0, "")


def test_unknown_device_is_refused_with_the_known_ones(
    shared_microphone: VirtualMicrophone,
) -> None:
    line = refused(shared_microphone.run("listen", "--fail-fast", "--device", "gramophone"))
    for name in ("gramophone", "default", "pulse", "studio"):
        assert name in line


def test_ambiguous_device_is_refused_with_the_matches(
    shared_microphone: VirtualMicrophone,
) -> None:
    line = refused(shared_microphone.run("listen", "--device", "u"))
    assert "microphone 'u' may be any of: " in line
    assert "pulse" in line
    assert "studio" in line


@pytest.mark.parametrize(
    ("device", "rate", "channels"), [(None, None, None), ("studio", 16_000, 2)]
)
def test_pitch_and_level_are_right_at_any_rate(
    shared_microphone: VirtualMicrophone,
    library: dict[str, str],
    device: str | None,
    rate: int | None,
    channels: int | None,
) -> None:
    caught = catch(shared_microphone, device, rate, channels, env=library)
    assert caught["hertz"] == pytest.approx(TONE_HZ, abs=2.0)
    assert caught["dbfs"] == pytest.approx(TONE_DBFS, abs=2.0)
    assert rate in (None, caught["rate"])
    assert caught["channels"] == (channels or 1)


def test_sound_that_nobody_takes_in_time_is_counted(
    shared_microphone: VirtualMicrophone, library: dict[str, str]
) -> None:
    caught = catch(shared_microphone, nap=0.8, queued=0.2, env=library)
    assert [n for n in caught["dropped"] if n]
    assert caught["dropped"][0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("breakage", BREAKAGES)
def test_lost_microphone_ends_fail_fast_after_the_last_event(
    microphone: VirtualMicrophone, breakage: str, no_portaudio: dict[str, str]
) -> None:
    with (
        microphone.listening("--fail-fast", *NOTHING_MORE) as through_portaudio,
        microphone.listening("--fail-fast", *NOTHING_MORE, **no_portaudio) as through_arecord,
    ):
        for listening in (through_portaudio, through_arecord):
            listening.until(is_silence)
        BREAKAGES[breakage](microphone)
        for listening in (through_portaudio, through_arecord):
            code, stderr = listening.end()
            assert code == 4
            if breakage == "server dies" and listening is through_arecord:
                # arecord may take it for an overrun, which is reported, before it gives up in its
                # own `xrun`.
                first, _, rest = stderr.partition("\n")
                stderr = rest if "(input overflow)" in first else stderr
            line = complaint(stderr)
            assert "microphone 'default'" in line
            assert "stopped delivering sound" in line or "arecord ended" in line
            assert len(listening.events) == 2
            assert listening.events[1]["end"] > listening.events[0]["end"]


def test_microphone_that_is_gone_from_the_start_is_one_line(
    microphone: VirtualMicrophone, library: dict[str, str]
) -> None:
    microphone.unplug()
    assert "'default'" in refused(microphone.run("listen", "--fail-fast", **library))


def test_no_sound_server_means_no_microphone(microphone: VirtualMicrophone) -> None:
    microphone.kill()
    assert "no microphone found" in refused(microphone.run("devices"))
    assert "no microphone found" in refused(microphone.run("listen", "--fail-fast"))
    listing = microphone.run("devices", "--json")
    assert json.loads(listing.stdout) == []
    refused(listing)


@pytest.mark.parametrize("command", ["devices", "listen"])
def test_damaged_alsa_configuration_is_one_line(
    microphone: VirtualMicrophone, command: str, library: dict[str, str]
) -> None:
    """PortAudio then refuses to start at all; what ALSA prints of it comes through arecord."""
    microphone.asoundrc.write_text("pcm.!default { type pulse\n")
    options = ["--fail-fast"] if command == "listen" else []
    line = refused(microphone.run(command, *options, **library))
    assert ".asoundrc may be old or corrupted" in line


def test_arecord_devices_are_listed_without_portaudio(
    shared_microphone: VirtualMicrophone, no_portaudio: dict[str, str]
) -> None:
    done = shared_microphone.run("devices", "--json", **no_portaudio)
    assert (done.returncode, done.stderr) == (0, "")
    devices = {device["name"]: device for device in json.loads(done.stdout)}
    assert {"default", "pulse"} <= set(devices)
    assert "null" not in devices
    assert [name for name, device in devices.items() if device["default"]] == ["default"]
    assert all(device["api"] == "arecord" for device in devices.values())
    table = shared_microphone.run("devices", **no_portaudio)
    assert "* default" in [line.strip() for line in table.stdout.splitlines()]


def test_unknown_arecord_device_is_refused(
    shared_microphone: VirtualMicrophone, no_portaudio: dict[str, str]
) -> None:
    options = ["--json", "--fail-fast", "--input", "mic:gramophone"]
    done = shared_microphone.run("listen", *options, **no_portaudio)
    line = refused(done)
    assert "Unknown PCM gramophone" in line
    assert "there are: pulse, default, studio" in line
    assert "edge-genre devices" in line
    assert "ALSA lib" not in line
    assert done.stdout == ""


def test_arecord_may_complain_without_end_and_does_not_hear_ctrl_c(
    shared_microphone: VirtualMicrophone, no_portaudio: dict[str, str], tmp_path: Path
) -> None:
    """More overruns than a pipe holds must not stop the sound; nor must arecord stop first.

    However many they are, they are reported once.
    """
    arecord, interrupted = tmp_path / "arecord", tmp_path / "interrupted"
    arecord.write_text(
        f"#!/bin/sh\ntrap 'touch {interrupted}' INT\n"
        "yes 'overrun!!!' | head -n 20000 >&2\n"
        "while :; do head -c 9600 /dev/zero || exit; sleep 0.1; done\n"
    )
    arecord.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    with shared_microphone.listening(PATH=path, **no_portaudio) as listening:
        listening.until(is_silence)
        os.killpg(listening.process.pid, signal.SIGINT)
        code, stderr = listening.end()
    assert code == 130
    assert [line.count("lost sound") for line in stderr.splitlines()] == [1, 1]
    assert "20000 times in all" in stderr
    assert not interrupted.exists()


@pytest.mark.parametrize("command", ["devices", "listen"])
def test_neither_portaudio_nor_arecord_names_both_remedies(
    shared_microphone: VirtualMicrophone,
    command: str,
    no_portaudio: dict[str, str],
    tmp_path: Path,
) -> None:
    line = refused(shared_microphone.run(command, PATH=str(tmp_path), **no_portaudio))
    assert "apt install libportaudio2" in line
    assert 'pip install "edge-genre[mic]"' in line
    assert "apt install alsa-utils" in line
