"""``edge-genre bench``: time, memory and heat of a model on this machine."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from ..errors import DataSetError, ParameterError
from ..model.file import BUNDLED, read_model
from ..output_file import JSON, check_output, check_writable, write_json
from ..printable import printable_lines
from ..regular_file import check_regular
from .arguments import Whole, duration_s

HELP = "measure what a model costs on this machine"
EXTRA = "bench"
"""Brings matplotlib for the picture; everything else runs on the base install"""

_LONGEST_SECONDS = 7 * 86_400.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--model",
        nargs="+",
        default=["tiny"],
        metavar="FILE",
        help="model files, or names of those that ship (default tiny)",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="write bench.json, .md and .png")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the JSON alone")
    parser.add_argument(
        "--rounds", type=Whole(1, 10_000), default=10, help="how thoroughly (default 10)"
    )
    parser.add_argument("--threads", default="1,2,4", help="inference threads (default 1,2,4)")
    parser.add_argument(
        "--sustain",
        metavar="TIME",
        help="full load on one core for so long (90s, 10m, 1h), to see whether heat slows it down",
    )
    parser.add_argument(
        "--compare",
        nargs=2,
        type=Path,
        metavar=("A.json", "B.json"),
        help="print two measurements side by side instead",
    )


def run(args: argparse.Namespace) -> int:
    """Measure and print; exit code 0."""
    from ..bench import report

    if args.compare:
        print(printable_lines(report.compared(*map(_read, args.compare))))
        return 0
    check_output(args.json, JSON, "--json")
    if args.out:
        check_writable(args.out, "--out", folder=True)
    result = _measured(args)
    print(printable_lines(report.markdown(result)), end="")
    if args.json:
        write_json(args.json, result)
    if args.out:
        for path in report.write(result, args.out):
            print(f"wrote {path}", file=sys.stderr)
        if not (args.out / "bench.png").exists():
            print('no picture: pip install "edge-genre[bench]" draws one', file=sys.stderr)
    return 0


def _measured(args: argparse.Namespace) -> dict[str, Any]:
    from ..bench import machine, processes, stages, sustained

    threads = _threads(args.threads)
    seconds = None if args.sustain is None else _seconds(args.sustain)
    models: dict[str, Any] = {}
    before = machine.conditions()
    for name in args.model:
        file = Path(BUNDLED.get(name, name))
        weights = read_model(file).manifest.weights
        print(f"measuring {name} ...", file=sys.stderr)
        models[Path(name).name] = {
            "sha256": weights.sha256,
            "file_bytes": file.stat().st_size,
            "format": weights.format,
            "quantization": weights.quantization,
            "stages": stages.measure_stages(name, threads, args.rounds),
            "pipeline": stages.measure_pipeline(name, args.rounds),
            "process": processes.measure_processes(name, max(3, args.rounds)),
        }
        if seconds is not None:
            models[Path(name).name]["sustained"] = sustained.sustain(
                name, seconds, report=lambda line: print(line, file=sys.stderr)
            )
    return {
        "schema": 1,
        "utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": machine.machine(),
        "before": before,
        "after": machine.conditions(),
        "models": models,
    }


def _threads(text: str) -> tuple[int, ...]:
    try:
        counts = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        counts = ()
    if not counts or min(counts) < 1 or max(counts) > 64:
        raise ParameterError(f"--threads {text!r} must be numbers from 1 to 64, such as 1,2,4")
    return tuple(count for count in counts if count <= (os.cpu_count() or 1)) or (1,)


def _seconds(text: str) -> float:
    seconds = duration_s(text, "smh")
    if seconds is None or not 1.0 <= seconds <= _LONGEST_SECONDS:
        raise ParameterError(
            f"--sustain {text!r} is no time from a second to a week; write 90s, 10m or 1h"
        )
    return seconds


def _read(path: Path) -> dict[str, Any]:
    try:
        check_regular(path)
        result = json.loads(path.read_text(encoding="utf-8-sig"))
        if result["schema"] != 1 or not result["models"]:
            raise ValueError("another schema")
    except OSError as error:
        raise DataSetError(
            f"{path}: {error.strerror}; make it with: edge-genre bench --json"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise DataSetError(
            f"{path}: is not what `edge-genre bench --json FILE` writes; measure again"
        ) from None
    checked: dict[str, Any] = result
    return checked
