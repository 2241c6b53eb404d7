"""The computer: what it is, memory, heat, clock and disk."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from ..errors import OutputFileError
from ..output_file import LOG_OR_HISTORY, refuse_other_kind
from . import Finding, fault, ok, warning

_MIB = 2**20
_NEEDED_MIB = 60.0
"""About what listen takes"""
_HOT_CELSIUS = 80.0
"""A Raspberry Pi that is hotter runs slower"""
_LEAST_DISK_MIB = 100.0
_CLOCK_WRONG = 5
"""What adjtimex(2) returns if nothing synchronises the clock (TIME_ERROR)"""
_BUILT = 1_767_225_600.0
"""2026-01-01: an earlier clock was never set"""

_THROTTLED = Path("sys/devices/platform/soc/soc:firmware/get_throttled")
_REASONS = ("under-voltage", "a capped frequency", "throttling", "the soft temperature limit")
"""Bits 0 to 3 of a Raspberry Pi's report: now; bits 16 to 19: since it was started"""


def computer(root: Path) -> Finding:
    """Which computer it is, and whether it has time to spare."""
    name = _text(root / "proc/device-tree/model").rstrip("\0") or _cpu_name(root) or "a computer"
    cores = os.cpu_count() or 1
    found = f"{name}, {cores} core{'s' if cores > 1 else ''}"
    load = _text(root / "proc/loadavg").partition(" ")[0]
    if load:
        found += f", load {load}"
        if float(load) > 2.0 * cores:
            return warning(
                "computer", found, "other programs take all of its time; look at them with top"
            )
    return ok("computer", found)


def memory(root: Path) -> Finding:
    """Memory that is available to ``listen``."""
    for line in _text(root / "proc/meminfo").splitlines():
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            free = int(rest.split()[0]) * 1024 / _MIB
            found = f"{free:,.0f} MiB available, of which listen takes about {_NEEDED_MIB:.0f}"
            if free < _NEEDED_MIB:
                return warning("memory", found, "end other programs, or add swap")
            return ok("memory", found)
    return ok("memory", "this system does not report how much is available")


def heat(root: Path) -> Finding:
    """Whether the processor is slowed down, or was since it was started."""
    found = []
    hottest = max(_temperatures(root), default=None)
    if hottest is not None:
        found.append(f"{hottest:.0f} °C")
    bits = _throttled_bits(root)
    now = [reason for bit, reason in enumerate(_REASONS) if bits and bits >> bit & 1]
    before = [reason for bit, reason in enumerate(_REASONS, 16) if bits and bits >> bit & 1]
    if now:
        found.append(f"slowed down now by {' and '.join(now)}")
    elif before:
        found.append(f"slowed down since its start by {' and '.join(before)}")
    elif bits == 0:
        found.append("never slowed down since its start")
    allowed, possible = (_frequency(root, f"{name}_max_freq") for name in ("scaling", "cpuinfo"))
    if allowed and possible and allowed < possible:
        found.append(f"held to {allowed:,} of {possible:,} MHz")
    state = ", ".join(found) or "this machine has no sensor for it"
    if bits is None and shutil.which("vcgencmd"):
        return warning("heat", f"{state}; vcgencmd does not work", "sudo usermod -aG video $USER")
    if _REASONS[0] in (*now, *before):
        return warning("heat", state, "the power supply is too weak, or its cable too long")
    if now or before or (hottest or 0.0) >= _HOT_CELSIUS:
        return warning("heat", state, "give it a heat sink, a fan or more air")
    return ok("heat", state)


def wall_clock(state: Callable[[], int | None] | None = None) -> Finding:
    """Whether the clock is synchronised; if not, the times in histories and logs may be wrong.

    Parameters
    ----------
    state : callable, optional
        What adjtimex(2) returns; None where the system lacks it.
    """
    now = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    remedy = "sudo timedatectl set-ntp true; a Pi without network needs a clock module"
    if time.time() < _BUILT:
        return warning("clock", f"{now}: it was never set", remedy)
    code = (state or _clock_state)()
    if code == _CLOCK_WRONG:
        return warning("clock", f"{now}, but nothing synchronises it", remedy)
    return ok("clock", now if code is None else f"{now}, synchronised")


def disk(path: Path) -> Finding:
    """Whether a file can be written, and how much room there is."""
    folder = path.parent
    if not folder.is_dir():
        return fault("disk", f"{folder}: no such folder", f"mkdir -p {folder}")
    if path.is_dir():
        return fault("disk", f"{path}: is a folder", "name a file")
    if not os.access(path if path.exists() else folder, os.W_OK):
        return fault("disk", f"{path}: this user may not write it", "name another file")
    try:
        refuse_other_kind(path, LOG_OR_HISTORY, "listen")
    except OutputFileError:
        return fault("disk", f"{path}: is neither a log nor a history", "name another file")
    free = shutil.disk_usage(folder).free / _MIB
    found = f"{path}: {free:,.0f} MiB free"
    if free < _LEAST_DISK_MIB:
        return warning("disk", found, "a full disk loses events; make room")
    return ok("disk", found)


def _text(path: Path) -> str:
    """Content of a file; empty if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _cpu_name(root: Path) -> str:
    for line in _text(root / "proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() in ("model name", "hardware"):
            return value.strip()
    return ""


def _temperatures(root: Path) -> list[float]:
    """Plausible temperatures of all zones, degrees Celsius."""
    texts = [_text(path) for path in root.glob("sys/class/thermal/thermal_zone*/temp")]
    found = [int(text) / 1000.0 for text in texts if text.lstrip("-").isdigit()]
    return [celsius for celsius in found if 0.0 < celsius < 150.0]


def _frequency(root: Path, name: str) -> int | None:
    """A frequency of the first core, MHz."""
    text = _text(root / "sys/devices/system/cpu/cpu0/cpufreq" / name)
    return int(text) // 1000 if text.isdigit() else None


def _throttled_bits(root: Path) -> int | None:
    """A Raspberry Pi's report; None elsewhere."""
    bits = _text(root / _THROTTLED)
    if not bits and (program := shutil.which("vcgencmd")):
        try:
            done = subprocess.run(
                [program, "get_throttled"], capture_output=True, text=True, timeout=2, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        bits = done.stdout.strip().partition("=")[2]  # throttled=0x50005
    try:
        return int(bits, 16)
    except ValueError:
        return None


def _clock_state() -> int | None:
    """What adjtimex(2) returns if it is to change nothing."""
    try:
        timex = ctypes.create_string_buffer(512)  # longer than the struct; zeros change nothing
        code = int(ctypes.CDLL(None).adjtimex(timex))
    except (OSError, AttributeError):
        return None
    return code if code >= 0 else None
