"""How long from the start of a process to its answer, and how much memory it takes.

``python -m benchmarks.cold_start [--runs 15] [--json FILE]``

The command is ``edge-genre classify demo`` (28 s of sound, the bundled model). A bare
``python -c pass`` and ``import numpy`` run in turn with it, so that one sees what is ours.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

COMMANDS = {
    "python": ["-c", "pass"],
    "import numpy": ["-c", "import numpy"],
    "edge-genre classify demo": ["-m", "edge_runtime", "classify", "demo"],
}


def measure(arguments: list[str]) -> tuple[float, float]:
    """Wall time (s) and peak resident memory (MiB) of one process."""
    begin = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)} ended with exit code {process.returncode}")
    return seconds, usage.ru_maxrss / 1024  # Linux counts in KiB


def main() -> None:
    """Measure all commands in turn, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    for arguments in COMMANDS.values():
        measure(arguments)  # warms the page cache: a device starts from its own, too
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for _ in range(args.runs):
        for name, arguments in COMMANDS.items():
            samples[name].append(measure(arguments))
    results = {
        name: {
            "seconds": round(statistics.median(seconds for seconds, _ in rows), 4),
            "peak_rss_mib": round(statistics.median(rss for _, rss in rows), 1),
        }
        for name, rows in samples.items()
    }
    print(f"{'command':<26} {'median s':>9} {'peak RSS MiB':>13}   ({args.runs} runs each)")
    for name, row in results.items():
        print(f"{name:<26} {row['seconds']:>9.3f} {row['peak_rss_mib']:>13.1f}")
    if args.json:
        machine = {"machine": platform.machine(), "python": platform.python_version()}
        args.json.write_text(json.dumps({"results": results, **machine}, indent=2) + "\n")


if __name__ == "__main__":
    main()
