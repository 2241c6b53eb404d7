"""Quantized against float: every variant that can be exported of every run that is named.

``python -m benchmarks.variants RUN... [--files DIR] [--rounds 40] [--json FILE] [--png FILE]``

A RUN is a folder that ``edge-genre train`` wrote. Variants that the export's gate refuses are
measured, too, and marked. Accuracy and agreement are of the run's validation windows, through the
device's runtime; the networks are timed in turn, so that whatever else the machine does falls on
all of them.
"""

from __future__ import annotations

from ..timing import use_one_thread

use_one_thread()

import argparse  # noqa: E402 - threads are counted when numpy is imported
import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402
from pathlib import Path  # noqa: E402

from edge_runtime.bench.machine import machine  # noqa: E402
from edge_runtime.cli.arguments import Whole  # noqa: E402
from edge_runtime.errors import DataSetError, EdgeGenreError, ModelWarning  # noqa: E402


def main() -> None:
    """Export, compare and time everything; print a table, write JSON and the picture."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.variants")
    parser.description = __doc__.splitlines()[0]
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    parser.add_argument("--files", type=Path, metavar="DIR", help="keep the exported files there")
    parser.add_argument(
        "--formats", nargs="+", choices=("tflite", "onnx", "numpy"),
        default=["tflite", "onnx", "numpy"], help="(all)",
    )  # fmt: skip
    parser.add_argument("--rounds", type=Whole(1, 10_000), default=40, help="(40)")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--png", type=Path, metavar="FILE")
    args = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    warnings.filterwarnings("ignore", category=ModelWarning)  # of refused files, which are marked
    for noise in (UserWarning, DeprecationWarning, FutureWarning):  # the converters'
        warnings.filterwarnings("ignore", category=noise)
    from .measure import exported, timed

    with tempfile.TemporaryDirectory() as scratch:
        folder = args.files or Path(scratch)
        try:
            models = {}
            for run in args.runs:
                print(f"exporting {run} ...", file=sys.stderr)
                name, model = exported(run, folder, args.formats)
                if name in models:
                    raise DataSetError(f"{run}: a run of the name {name} was measured before it")
                models[name] = model
            timed(models, folder, args.rounds)
        except EdgeGenreError as error:
            raise SystemExit(str(error)) from None
    result = {
        "schema": 1,
        "utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": machine(),
        "rounds": args.rounds,
        "models": models,
    }
    from .page import table

    print("\n".join(table(result)))
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if args.png:
        from .picture import draw

        draw(result, args.png)


if __name__ == "__main__":
    main()
