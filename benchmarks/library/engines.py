"""What Ray takes on one machine, against the processes of ``label`` itself.

``python -m benchmarks.library.engines [--sound FILE] [--model tiny] [--files 200] [--rounds 3]
[--json FILE]``

One MP3 of four minutes, of which ``label`` listens to three excerpts, is made of the sound that is
given, or of the demo clip, over and over; it is labelled under many names, by either engine on all
cores in turn, round after round. Of each round:

- *start*: seconds until the first rows are there; Ray has to be started, and stopped afterwards;
- *rate*: files a second between the first rows and the last;
- *driver*: processor time of the command's own process for each further row, which says how many
  cores one command can keep busy.

Given are medians. The rows of both engines must be equal. Then Ray gets 20,000 names of files that
are not there, whose rows take next to no work: how many rows a second one command can take.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from edge_runtime.library.inputs import Item
from edge_runtime.library.labeller import Labeller, LabelSettings
from edge_runtime.library.pool import label_items
from edge_runtime.library.ray_engine import RayCluster, label_on_ray
from edge_runtime.library.row import Row, name_of

from .decode import write_clip

_SECONDS = 240
_MISSING = 20_000


def measure(rows: Iterator[Row], files: int) -> tuple[dict[str, float], list[Row]]:
    """One round of one engine."""
    begin = time.monotonic()
    found = [next(rows)]
    first, cpu = time.monotonic(), time.process_time()
    found += rows
    last, cpu = time.monotonic(), time.process_time() - cpu
    assert len(found) == files
    return {
        "start_s": first - begin,
        "files_per_s": (files - 1) / (last - first),
        "wall_s": last - begin,
        "driver_cpu_ms": 1000 * cpu / (files - 1),
    }, sorted(found, key=name_of)


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sound", default="demo", help="a sound to make the track of")
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    jobs = len(os.sched_getaffinity(0))
    labeller = Labeller(LabelSettings.of_model(args.model).with_content())
    measured: dict[str, list[dict[str, float]]] = {"local": [], "ray": []}
    with tempfile.TemporaryDirectory() as folder:
        track = Path(folder, "track.mp3")
        write_clip(track, args.sound, _SECONDS)
        names = [Path(folder, f"{number:06}.mp3") for number in range(args.files)]
        for name in names:
            os.link(track, name)
        items = [Item(str(name)) for name in names]
        engines: dict[str, Callable[[], Iterator[Row]]] = {
            "local": lambda: label_items(labeller, items, jobs),
            "ray": lambda: label_on_ray(labeller, items, RayCluster("local", jobs)),
        }
        for _ in range(args.rounds):
            rows = {}
            for engine, run in engines.items():
                figures, rows[engine] = measure(run(), args.files)
                measured[engine].append(figures)
            assert rows["local"] == rows["ray"]
        begin = time.process_time()
        for item in items[:20]:
            labeller(item)
        cpu_s = (time.process_time() - begin) / min(20, args.files)
        missing = [Item(str(Path(folder, "none", str(number)))) for number in range(_MISSING)]
        empty, _ = measure(label_on_ray(labeller, missing, RayCluster("local", jobs)), _MISSING)
    results = {
        engine: {name: round(statistics.median(r[name] for r in rounds), 3) for name in rounds[0]}
        for engine, rounds in measured.items()
    }
    print(f"{'engine':<8} {'start s':>8} {'files/s':>8} {'all s':>7} {'driver ms / file':>17}")
    for engine, row in results.items():
        print(f"{engine:<8}", *(f"{value:>{n}}" for value, n in
              zip(row.values(), (8, 8, 7, 17), strict=True)))  # fmt: skip
    print(f"{1000 * cpu_s:.0f} ms of a core for a file, in one process")
    print(
        f"Ray, rows without work: {empty['files_per_s']:.0f} rows/s, "
        f"{empty['driver_cpu_ms']:.2f} ms of the command's own process for each"
    )
    if args.json:
        document: dict[str, Any] = {
            "command": f"python -m benchmarks.library.engines --model {args.model} "
            f"--files {args.files} --rounds {args.rounds}",
            "track_s": _SECONDS,
            "machine": {
                "platform": platform.platform(),
                "python": platform.python_version(),
                "cores": jobs,
                "load_at_end": os.getloadavg()[0],
            },
            "cpu_s_per_file": round(cpu_s, 4),
            "engines": results,
            "ray_rows_without_work": {
                name: round(empty[name], 3) for name in ("files_per_s", "driver_cpu_ms")
            },
        }
        args.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
