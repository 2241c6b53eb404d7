"""The machine: what it is, and whether heat, power, memory or its disk are in the way."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .. import __version__
from . import Finding, Verdict

_LEAST_MEMORY_MIB, _LEAST_DISK_MIB = 100, 200
_HOT_CELSIUS = 80.0
"""A Pi slows down from here on"""
_THROTTLED = {
    0: "its supply voltage is too low now",
    1: "its clock is held down now",
    2: "it is slowed down now",
    3: "it is at its soft temperature limit now",
    16: "its supply voltage was too low",
    17: "its clock was held down",
    18: "it was slowed down",
    19: "it was at its soft temperature limit",
}
"""Bits of `vcgencmd get_throttled`, as the Raspberry Pi documentation has them"""

_EXTRAS = {
    "audio": ("soundfile", "MP3, Ogg and FLAC files"),
    "mic": ("sounddevice", "microphones through PortAudio"),
    "live": ("rich", "the live panel in a terminal"),
    "mqtt": ("paho.mqtt", "MQTT and Home Assistant"),
    "onnx": ("onnxruntime", ".onnx models"),
}
"""Extras of the device, by name: the module they bring, and what it is for"""


def check_machine(root: Path = Path("/")) -> Iterator[Finding]:
    """Everything about the machine.

    Parameters
    ----------
    root : Path
        Where ``proc`` and ``sys`` are.
    """
    yield _software()
    yield _memory(root)
    yield from _heat(root)
    yield _throttling()
    yield _disk()
    yield from _extras()


def _software() -> Finding:
    bits = 64 if sys.maxsize > 2**32 else 32
    found = (
        f"edge-genre {__version__}, Python {platform.python_version()}, numpy {np.__version__}, "
        f"{platform.machine()} ({bits} bit), {os.cpu_count()} core(s)"
    )
    if bits == 32:
        return Finding(
            "software", Verdict.WARNING, found,
            "a 64-bit system runs models several times faster, if the machine can",
        )  # fmt: skip
    return Finding("software", Verdict.OK, found)


def _memory(root: Path) -> Finding:
    try:
        lines = (root / "proc/meminfo").read_text(encoding="ascii").splitlines()
        values = {name: int(rest.split()[0]) for name, _, rest in (x.partition(":") for x in lines)}
        free_mib = values["MemAvailable"] / 1024
    except (OSError, KeyError, ValueError, IndexError):
        return Finding("memory", Verdict.OK, "the system does not tell")
    found = f"{free_mib:.0f} MiB free of {values.get('MemTotal', 0) / 1024:.0f} MiB"
    if free_mib < _LEAST_MEMORY_MIB:
        return Finding(
            "memory", Verdict.WARNING, found, "listen takes about 60 MiB; end other programs"
        )
    return Finding("memory", Verdict.OK, found)


def _heat(root: Path) -> Iterator[Finding]:
    zones = sorted((root / "sys/class/thermal").glob("thermal_zone*/temp"))
    temperatures = [value / 1000.0 for zone in zones if (value := _number(zone)) is not None]
    if temperatures:
        hottest = max(temperatures)
        hot = hottest >= _HOT_CELSIUS
        yield Finding(
            "temperature",
            Verdict.WARNING if hot else Verdict.OK,
            f"{hottest:.0f} °C",
            "it is slowed down when it is so hot: give it air or a heat sink" if hot else "",
        )
    cpu = root / "sys/devices/system/cpu/cpu0/cpufreq"
    now, most = _number(cpu / "scaling_cur_freq"), _number(cpu / "cpuinfo_max_freq")
    if now and most:
        yield Finding("clock", Verdict.OK, f"{now / 1e6:.2f} of {most / 1e6:.2f} GHz")


def _number(path: Path) -> float | None:
    try:
        return float(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _throttling() -> Finding:
    """What a Raspberry Pi says of its supply and its heat."""
    check = "throttling"
    if not shutil.which("vcgencmd"):
        return Finding(check, Verdict.OK, "not a Raspberry Pi, or vcgencmd is not installed")
    try:
        told = subprocess.run(
            ["vcgencmd", "get_throttled"], capture_output=True, text=True, timeout=5.0, check=False
        ).stdout
        bits = int(told.strip().partition("=")[2], 16)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return Finding(
            check, Verdict.WARNING, "vcgencmd gives no answer",
            "add yourself to the group video: sudo usermod -aG video $USER",
        )  # fmt: skip
    words = [meaning for bit, meaning in _THROTTLED.items() if bits >> bit & 1]
    if not words:
        return Finding(check, Verdict.OK, "never since it was started")
    return Finding(
        check, Verdict.WARNING, ", ".join(words), "use a stronger power supply, or cool it"
    )


def _disk() -> Finding:
    free_mib = shutil.disk_usage(Path.cwd()).free / 2**20
    found = f"{free_mib:.0f} MiB free in {Path.cwd()}"
    if free_mib < _LEAST_DISK_MIB:
        return Finding("disk", Verdict.WARNING, found, "logs and the history need some; make room")
    return Finding("disk", Verdict.OK, found)


def _extras() -> Iterator[Finding]:
    for extra, (module, purpose) in _EXTRAS.items():
        try:
            there = importlib.util.find_spec(module) is not None
        except ModuleNotFoundError:  # of the package that it is in
            there = False
        if there:
            yield Finding(f"extra {extra}", Verdict.OK, f"{purpose}: installed")
        else:
            yield Finding(
                f"extra {extra}", Verdict.OK, f"{purpose}: not installed",
                f'if you want it: pip install "edge-genre[{extra}]"',
            )  # fmt: skip
