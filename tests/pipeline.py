"""One real training and its exports, made once per test session by the real commands."""

from __future__ import annotations

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
    output = {
        (fmt, quantization): succeed(
            "export", root / "run", "--format", fmt, "--quantize", quantization,
            "--out", path, "--name", "made-up", "--licence", "CC0-1.0",
        ).stdout
        for (fmt, quantization), path in exports.items()
    }  # fmt: skip
    return Pipeline(data, root / "run", trained.stderr, exports, output)
