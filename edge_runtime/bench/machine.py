"""What the machine is, how hot it is, how fast its clock runs and what energy it takes."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from ..version import __version__

_PACKAGES = ("ai-edge-litert", "tflite-runtime", "onnxruntime", "soxr", "numpy")


def machine(root: Path = Path("/")) -> dict[str, Any]:
    """Machine and versions, JSON-ready; nothing that names its owner."""
    return {
        "edge_genre": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "packages": {name: _version(name) for name in _PACKAGES if _version(name)},
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "model": _model(root),
        "cores": os.cpu_count(),
        "memory_mib": _memory_mib(root),
    }


def conditions(root: Path = Path("/")) -> dict[str, float | None]:
    """What changes while it works: temperature, clock and a Pi's throttling bits."""
    zones = sorted((root / "sys/class/thermal").glob("thermal_zone*/temp"))
    temperatures = [value / 1000 for zone in zones if (value := _number(zone)) is not None]
    cores = sorted((root / "sys/devices/system/cpu").glob("cpu*/cpufreq/scaling_cur_freq"))
    clocks = [value / 1e6 for core in cores if (value := _number(core)) is not None]
    return {
        "celsius": max(temperatures) if temperatures else None,
        "gigahertz": max(clocks) if clocks else None,
        "throttled_bits": _throttled(),
    }


def energy_joules(root: Path = Path("/")) -> float | None:
    """Energy that the processor packages took so far (Intel's and AMD's RAPL); None elsewhere."""
    counters = sorted((root / "sys/class/powercap").glob("*-rapl:?/energy_uj"))
    values = [value for counter in counters if (value := _number(counter)) is not None]
    return sum(values) / 1e6 if values else None


def joules_since(before: float | None) -> float | None:
    """Energy since `energy_joules` was `before`; None where nobody counts, or the count wrapped."""
    now = energy_joules()
    return None if before is None or now is None or now < before else now - before


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _model(root: Path) -> str | None:
    """The name of the board, or of the processor."""
    board = root / "proc/device-tree/model"
    if board.exists():
        return board.read_text(errors="replace").strip("\0\n ")
    try:
        lines = (root / "proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return platform.processor() or None
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or None


def _memory_mib(root: Path) -> int | None:
    try:
        first = (root / "proc/meminfo").read_text(encoding="ascii").split()
        return int(first[1]) // 1024
    except (OSError, IndexError, ValueError):
        return None


def _number(path: Path) -> float | None:
    try:
        return float(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _throttled() -> int | None:
    if not shutil.which("vcgencmd"):
        return None
    try:
        done = subprocess.run(
            ["vcgencmd", "get_throttled"], capture_output=True, text=True, timeout=5, check=False
        )
        return int(done.stdout.strip().partition("=")[2], 16)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
