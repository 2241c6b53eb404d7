"""What each sink of ``listen`` costs in processor time and memory.

``python -m benchmarks.sinks [--seconds 600] [--rounds 5] [--json FILE]``

``edge-genre listen`` classifies the demo clip over and over, as raw PCM on stdin at a fixed
multiple of real time, with one sink at a time; the ways are measured in turn, round after round. A
real mosquitto takes the MQTT messages where one is installed; ``page, watched`` has one reader of
its events. Given are medians: CPU seconds per second of sound, without what a run of four seconds
takes to start, and the peak of resident memory.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import platform
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from benchmarks.soak.broker import Broker
from edge_runtime.audio.file import open_audio
from edge_runtime.bench.processes import cost, launched

_PACE = 25.0
"""Times real time"""
_START = 4
"""Seconds of sound of a run that only starts"""


def ways(folder: Path, broker: Broker | None) -> dict[str, list[str]]:
    """Options by name."""
    found = {
        "JSON lines": ["--json"],
        "plain lines": [],
        "log": ["--json", "--log", str(folder / "log.jsonl")],
        "history": ["--json", "--history", str(folder / "genre.db")],
        "hook": ["--json", "--on-change", "cat >/dev/null"],
        "page": ["--json", "--http", "{port}"],
        "page, watched": ["--json", "--http", "{port}"],
    }
    if broker is not None:
        found["MQTT"] = ["--json", "--mqtt", f"mqtt://127.0.0.1:{broker.port}/bench"]
    return found


def measure(options: list[str], sound: bytes, second: int, *, watched: bool) -> tuple[float, float]:
    """CPU seconds and peak memory (MiB) of one run."""
    port = _free_port()
    options = [option.replace("{port}", str(port)) for option in options]
    process = subprocess.Popen(
        launched(["listen", "--input", "-", "--rate", "22050", *options]),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    reader = threading.Thread(target=_watch, args=(port,), daemon=True)
    if watched:
        reader.start()
    begin = time.monotonic()
    for number, first in enumerate(range(0, len(sound), second)):
        process.stdin.write(sound[first : first + second])
        process.stdin.flush()
        time.sleep(max(0.0, begin + (number + 1) / _PACE - time.monotonic()))
    process.stdin.close()
    found = cost(process.stdout.read())
    process.wait()
    return found["cpu_s"], found["peak_rss_mib"]


def _watch(port: int) -> None:
    """Read the page's events for as long as they come."""
    deadline = time.monotonic() + 10.0
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            client = socket.create_connection(("127.0.0.1", port), 1.0)
            client.settimeout(None)
            client.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            while client.recv(65536):
                pass
            return
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _sound(seconds: int) -> tuple[bytes, int]:
    """The demo clip over and over as S16_LE, and the bytes of a second."""
    audio = open_audio("demo")
    clip = np.concatenate(list(audio.blocks()))
    if clip.dtype.kind == "f":
        clip = (clip * 32767.0).astype("<i2")
    second = 2 * 22_050
    data = clip.astype("<i2").tobytes()
    repeats = -(-seconds * second // len(data))
    return (data * repeats)[: seconds * second], second


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=600, help="of sound for each run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    sound, second = _sound(args.seconds)
    samples: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker = Broker(folder) if shutil.which("mosquitto") else None
        try:
            for _ in range(args.rounds):
                for way, options in ways(folder, broker).items():
                    watched = way == "page, watched"
                    start, _ = measure(options, sound[: _START * second], second, watched=watched)
                    cpu, rss = measure(options, sound, second, watched=watched)
                    steady = (cpu - start) / (args.seconds - _START)
                    samples.setdefault(way, []).append((steady, rss))
        finally:
            if broker is not None:
                broker.stop()
    rows = {
        way: {
            "cpu_s_per_s": round(statistics.median(cpu for cpu, _ in found), 5),
            "peak_rss_mib": round(statistics.median(rss for _, rss in found), 1),
        }
        for way, found in samples.items()
    }
    alone = rows["JSON lines"]["cpu_s_per_s"]
    print(f"{'sink':<16} {'CPU s / s':>10} {'times':>6} {'peak RSS MiB':>13}")
    for way, row in rows.items():
        times = row["cpu_s_per_s"] / alone
        print(f"{way:<16} {row['cpu_s_per_s']:>10.5f} {times:>6.2f} {row['peak_rss_mib']:>13.1f}")
    if args.json:
        result = {
            "seconds": args.seconds,
            "rounds": args.rounds,
            "pace": _PACE,
            "machine": {"platform": platform.platform(), "python": platform.python_version()},
            "sinks": rows,
        }
        args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
