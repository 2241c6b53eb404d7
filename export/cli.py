"""``edge-genre export``: a run folder to model files, or to microcontroller sources."""

from __future__ import annotations

import argparse
import os
import warnings
from pathlib import Path

from edge_runtime.errors import ParameterError
from edge_runtime.quiet import quiet_stderr

HELP = "write a trained model as a self-describing TFLite, ONNX or NumPy file"
EXTRA = "export"
REQUIRES = ("tensorflow", "keras", "tf2onnx", "onnx", "onnxruntime", "ai_edge_litert")

_SUFFIXES = {"tflite": ".tflite", "onnx": ".onnx", "numpy": ".npz"}
_FORMATS = (*_SUFFIXES, "tflm")
_QUANTIZATIONS = ("none", "float16", "dynamic", "int8")
_NO_LICENCE = "not stated; set it with --licence"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("run", metavar="RUN", type=Path, help="folder that edge-genre train wrote")
    parser.add_argument(
        "--format",
        choices=_FORMATS,
        default="tflite",
        help="tflm: C and C++ sources for TensorFlow Lite Micro (tflite)",
    )
    parser.add_argument(
        "--quantize",
        choices=_QUANTIZATIONS,
        help="none: float32 (numpy knows no other); float16: half-precision weights; dynamic: int8 "
        "weights, float activations; int8: everything (default)",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="(RUN/NAME-QUANTIZE.SUFFIX)")
    parser.add_argument("--name", help="the model's name (default: the run's)")
    parser.add_argument("--model-version", default="1.0", help="the model's version (1.0)")
    parser.add_argument("--licence", default=_NO_LICENCE, help="licence of the weights")
    parser.add_argument("--attribution", default="", help="whom to name, and for what")


def run(args: argparse.Namespace) -> int:
    """Export one file; exit code 1 if it does not answer as its model."""
    quantize = args.quantize or ("none" if args.format == "numpy" else "int8")
    if args.format == "tflm":
        from .tflm.export import check_request

        check_request(quantize, args.out)
    elif args.out and args.out.suffix.lower() != _SUFFIXES[args.format]:
        raise ParameterError(
            f"--out {args.out}: a {args.format} file must end in {_SUFFIXES[args.format]}"
        )
    if args.format == "numpy" and quantize != "none":
        raise ParameterError(
            f"--quantize {quantize}: a NumPy model is float32; leave --quantize out, or choose "
            "--format tflite or onnx"
        )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    warnings.filterwarnings("ignore")  # of the converters, about their own futures
    with quiet_stderr():  # oneDNN and CUDA announce themselves before any log level applies
        import tensorflow  # noqa: F401

        from .artefact import Description, export
        from .conversion import Variant
        from .run import read_run
    trained = read_run(args.run)
    name = args.name or trained.name
    suffix = "float32" if quantize == "none" else quantize
    description = Description(name, args.model_version, args.licence, args.attribution)
    if args.format == "tflm":
        from .tflm.export import export_sources

        with quiet_stderr():
            summary = export_sources(trained, description, args.out or args.run / f"{name}-tflm")
        print(summary)
        return 0
    path = args.out or args.run / f"{name}-{suffix}{_SUFFIXES[args.format]}"
    with quiet_stderr():  # the converters print their progress from native code
        artefact = export(trained, Variant(args.format, quantize), path, description)
    parity = artefact.parity
    print(
        f"{artefact.path}: {artefact.bytes:,} bytes\n"
        f"against the Keras model on {parity.n_windows} validation windows of "
        f"{parity.n_tracks} tracks:\n"
        f"  same answer       {parity.agreement:.2%}\n"
        f"  posterior error   {parity.max_posterior_error:.2g} at most\n"
        f"  segment accuracy  {parity.segment_accuracy:.4f} (Keras "
        f"{parity.float_segment_accuracy:.4f})\n"
        f"  track accuracy    {parity.track_accuracy:.4f} (Keras "
        f"{parity.float_track_accuracy:.4f})"
    )
    return 0
