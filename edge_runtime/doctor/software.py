"""Python, the libraries, and what is known to be wrong with some of them together."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import sys

import numpy as np

from ..errors import EdgeGenreError
from ..model.file import BUNDLED_MODEL, read_model
from . import Finding, fault, ok, warning

_RUNTIMES = {
    "ai_edge_litert": "ai-edge-litert",
    "tflite_runtime": "tflite-runtime",
    "tensorflow": "tensorflow",
    "onnxruntime": "onnxruntime",
}
"""Packages on PyPI by what is imported"""
_RUNS = {
    "tflite": ("ai_edge_litert", "tflite_runtime", "tensorflow"),
    "onnx": ("onnxruntime",),
    "numpy": ("numpy",),
}
"""Packages that run a format; the first that is installed does"""
_EXTRAS = {
    "mic": ("sounddevice", "sounddevice"),
    "live": ("rich", "rich"),
    "audio": ("soundfile", "soundfile"),
    "onnx": ("onnxruntime", "onnxruntime"),
    "mqtt": ("paho", "paho-mqtt"),
    "library": ("pyarrow", "pyarrow"),
    "ray": ("ray", "ray"),
    "tags": ("mutagen", "mutagen"),
}
"""Module and package by extra"""


def python() -> Finding:
    """Python, its machine, and numpy."""
    found = (
        f"{platform.python_version()} on {platform.system()} {platform.machine()}, "
        f"numpy {np.__version__}"
    )
    if sys.maxsize > 2**32:
        return ok("python", found)
    return warning(
        "python",
        f"{found}, 32 bit",
        "LiteRT and ONNX Runtime have no wheels for 32 bit: use tflite-runtime or a NumPy model "
        "(docs/how-to/install.md), or a 64-bit system",
    )


def runtimes(model: str | None) -> Finding:
    """The runtimes that are installed, and whether one of them runs the model."""
    found = {name: _version(package) for name, package in _RUNTIMES.items() if _is_there(name)}
    listed = [f"{_RUNTIMES[name]} {version}" for name, version in found.items()]
    has = ", ".join([*listed, "numpy's own"])
    try:
        kind = read_model(model or BUNDLED_MODEL).manifest.weights.format
    except EdgeGenreError:
        return ok("runtimes", has)  # the check of the model says what is wrong with it
    used = next((name for name in _RUNS[kind] if name in (*found, "numpy")), None)
    if used is None:
        return fault(
            "runtimes",
            f"{has}; none of them runs a {kind} model",
            'pip install "edge-genre[onnx]"'
            if kind == "onnx"
            else "pip install ai-edge-litert; where it has no wheel, use a NumPy model "
            "(docs/how-to/install.md)",
        )
    if used == "tflite_runtime" and int(np.__version__.partition(".")[0]) >= 2:
        return fault(
            "runtimes",
            f"{has}; tflite-runtime was built for numpy 1 and does not work with {np.__version__}",
            'pip install "numpy<2", or ai-edge-litert, where it has a wheel',
        )
    if used == "tensorflow":
        return warning(
            "runtimes",
            f"{has}; tensorflow takes seconds and 500 MB to run a model",
            "pip install ai-edge-litert",
        )
    return ok("runtimes", has)


def extras() -> Finding:
    """Which extras are installed."""
    there = [
        f"{extra} ({_version(package)})"
        for extra, (name, package) in _EXTRAS.items()
        if _is_there(name)
    ]
    lacking = [extra for extra, (name, _) in _EXTRAS.items() if not _is_there(name)]
    found = ", ".join(there) or "none"
    return ok("extras", f"{found}; not installed: {', '.join(lacking)}" if lacking else found)


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "of an unknown version"
