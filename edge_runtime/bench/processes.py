"""What a whole process costs: the time to its label, and the memory of ``listen``."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

LAUNCHER = Path(__file__).with_name("launch.py")


def launched(arguments: list[str]) -> list[str]:
    """The command line that runs ``edge-genre`` with these arguments and prints what it cost."""
    return [sys.executable, "-I", str(LAUNCHER), sys.executable, "-m", "edge_runtime", *arguments]


def cost(printed: bytes) -> dict[str, float]:
    """What a command that was `launched` cost, from what it printed.

    Raises
    ------
    RuntimeError
        If it ended with a fault.
    """
    found: dict[str, float] = json.loads(printed)
    if found["exit_code"]:
        raise RuntimeError(f"the command ended with exit code {found['exit_code']:.0f}")
    return found


def measure_processes(model: str, runs: int) -> dict[str, float]:
    """Medians of the cold start (to the label of the demo clip) and of two peaks of memory."""
    commands = {
        "classify": ["classify", "demo", "--model", model],
        "listen": ["listen", "--input", "demo", "--fast", "--json", "--model", model],
    }
    samples: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, arguments in commands.items():
            done = subprocess.run(launched(arguments), capture_output=True, check=True)
            if number:  # the first warms the page cache
                samples[name].append(cost(done.stdout))
    return {
        "cold_start_s": _median(samples["classify"], "wall_s", 4),
        "classify_peak_rss_mib": _median(samples["classify"], "peak_rss_mib", 1),
        "listen_peak_rss_mib": _median(samples["listen"], "peak_rss_mib", 1),
    }


def _median(samples: list[dict[str, float]], key: str, digits: int) -> float:
    return round(statistics.median(sample[key] for sample in samples), digits)
