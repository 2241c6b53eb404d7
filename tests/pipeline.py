"""One real training and its exports, made once per test session by the real commands."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .command import succeed
from .synthetic import write_data_set

VARIANTS = [(fmt, q) for fmt in ("tflite", "onnx") for q in ("none", "float16", "dynamic", "int8")]


@dataclass(frozen=True)
class Pipeline:
    """Where everything is."""

    data: Path
    run: Path
    training_stderr: str
    exports: dict[tuple[str, str], Path]
    export_output: dict[tuple[str, str], str]


def run_pipeline(root: Path) -> Pipeline:
    """Generate clips, train on them, export every variant."""
    data = write_data_set(root / "data")
    (data / "hiss" / "corrupt.wav").write_bytes(b"RIFF\x24\x00\x00\x00WAVEfmt ")
    (data / "polka").mkdir()
    trained = succeed(
        "train", data, "--out", root / "run", "--cache", root / "cache",
        "--epochs", "30", "--batch-size", "4", "--learning-rate", "0.001", "--gain-db", "10",
        "--seed", "3",
    )  # fmt: skip
    exports = {(fmt, q): root / "exports" / f"{q}.{fmt}" for fmt, q in VARIANTS}
    printed = in_one_process(
        [
            ["export", root / "run", "--format", fmt, "--quantize", quantization,
             "--out", path, "--name", "made-up", "--licence", "CC0-1.0"]
            for (fmt, quantization), path in exports.items()
        ]
    )  # fmt: skip
    output = dict(zip(exports, printed, strict=True))
    return Pipeline(data, root / "run", trained.stderr, exports, output)


_ONE_AFTER_THE_OTHER = """
import contextlib, io, json, sys
from edge_runtime.cli import main
printed = []
for arguments in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as said:
        if code := main(arguments):
            sys.exit(code)
    printed.append(said.getvalue())
print(json.dumps(printed))
"""


def in_one_process(commands: list[list[str | Path]]) -> list[str]:
    """What each command prints; TensorFlow, which takes seconds to import, comes once for all."""
    told = json.dumps([[str(argument) for argument in command] for command in commands])
    done = subprocess.run(
        [sys.executable, "-c", _ONE_AFTER_THE_OTHER, told],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed: list[str] = json.loads(done.stdout.splitlines()[-1])
    return printed
