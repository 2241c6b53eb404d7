"""How large the base install is and whether it works, measured in an empty environment."""

from __future__ import annotations

import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

from edge_runtime.bench import machine

from .environment import Environment, listen_here
from .wheel import DEVICE, build, faults

BUDGET_BYTES = 80_000_000
"""Of site-packages beyond numpy"""
FORBIDDEN = {
    "scipy", "librosa", "numba", "scikit-learn", "tensorflow", "keras", "torch", "matplotlib",
    "onnx", "onnxruntime", "tf2onnx", "soundfile", "rich",
}  # fmt: skip
"""Distributions of the workstation and of extras: the base install brings none of them"""
LISTEN_LOADS = {"edge_runtime", "numpy", "ai_edge_litert", "soxr"}
"""All that ``listen`` may load from site-packages for a file of another rate"""


def measure() -> dict[str, Any]:
    """Build the device's wheel, install it where nothing else is, and let it listen.

    Returns
    -------
    dict
        JSON-ready. ``checks`` holds by name what is wrong, in words: nothing, if all is well.

    Raises
    ------
    NoIndexError
        If pip can fetch neither the build's nor the package's dependencies.
    """
    with tempfile.TemporaryDirectory() as folder:
        wheel = build(DEVICE, Path(folder))
        environment = Environment(Path(folder))
        environment.install(wheel)
        with zipfile.ZipFile(wheel) as archive:
            members = archive.infolist()
        found = environment.installed()
        packages = environment.packages()
        modules = environment.modules_of_listen()
        events = environment.listen()
        bench = environment.bench()
        return {
            "schema": 1,
            "utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "machine": machine.machine(),
            "wheel": {
                "name": wheel.name,
                "bytes": wheel.stat().st_size,
                "files": len(members),
                "unpacked_bytes": sum(member.file_size for member in members),
            },
            **found,
            "budget_bytes": BUDGET_BYTES,
            "listen_loads": modules,
            "listen_answers": len(events),
            "bench_stages": sorted(bench["models"]["tiny"]["stages"]),
            "checks": {
                "wheel": faults([member.filename for member in members], DEVICE),
                "packages": [f"{name}: can be imported" for name in packages[1:]],
                "distributions": foreign(found["distributions"]),
                "size": too_large(found["beyond_numpy_bytes"]),
                "modules of listen": unneeded(modules),
                "events of listen": different_events(events, listen_here()),
            },
        }


def foreign(distributions: dict[str, Any]) -> list[str]:
    """Distributions that the base install must not bring, and what it must bring and did not."""
    lacking = {"edge-genre", "numpy"}.difference(distributions)
    return [
        *(f"{name}: is installed" for name in sorted(FORBIDDEN.intersection(distributions))),
        *(f"{name}: is not installed" for name in sorted(lacking)),
    ]


def too_large(beyond_numpy: int) -> list[str]:
    """Complaint of a size over the budget."""
    if beyond_numpy <= BUDGET_BYTES:
        return []
    return [f"{beyond_numpy / 1e6:.1f} MB beyond numpy; the budget is {BUDGET_BYTES / 1e6:.0f} MB"]


def unneeded(modules: list[str]) -> list[str]:
    """Modules that ``listen`` need not load, and those that did not come from the environment."""
    lacking = {"edge_runtime", "numpy"}.difference(modules)
    return [
        *(f"listen loads {name}" for name in sorted(set(modules) - LISTEN_LOADS)),
        *(f"listen does not load {name} from its environment" for name in sorted(lacking)),
    ]


def different_events(there: list[dict[str, Any]], here: list[dict[str, Any]]) -> list[str]:
    """Where the installed package's events differ from the checkout's."""
    if not here or len(there) != len(here):
        return [f"{len(there)} events; the checkout gives {len(here)}"]
    compared = ("end", "label", "confidence", "posterior")
    return [
        f"at {expected['end']} s: {event['label']}; the checkout says {expected['label']}"
        for event, expected in zip(there, here, strict=True)
        if any(event[name] != expected[name] for name in compared)
    ]
