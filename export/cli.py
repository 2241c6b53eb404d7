"""``edge-genre export``: a run folder to files that a device runs."""

from __future__ import annotations

import argparse
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from edge_runtime.cli import warn
from edge_runtime.cli.arguments import Names
from edge_runtime.errors import DataSetError, ParameterError
from edge_runtime.model.manifest import check_labels
from edge_runtime.model.run_folder import MODEL, read_run_record
from edge_runtime.output_file import check_writable
from edge_runtime.stderr import quiet_stderr

from .formats import FORMATS, QUANTIZATIONS, file_name
from .variants import AUTO

if TYPE_CHECKING:
    from .artefact import Artefact, Source
    from .window_correlation import TrackCalibration

HELP = "write a trained model as a self-describing TFLite, ONNX or NumPy file, or as C sources"
EXTRA = "export"
REQUIRES = ("tensorflow", "keras", "tf2onnx", "onnx", "onnxruntime", "ai_edge_litert")

_MICROCONTROLLER = "tflm"
_VARIANTS = 10
"""That ``--all`` writes, each as large as the network at most"""
_NO_LICENCE = "not stated; set it with --licence"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = (
        "examples:\n"
        "  edge-genre export runs/rock --quantize auto --out rock.tflite\n"
        "  edge-genre export runs/rock --all --out dist\n"
        "  edge-genre export --from rock.tflite --out slow.tflite --decoder dwell_s=300\n"
    )
    parser.add_argument(
        "run", metavar="RUN", type=Path, nargs="?", help="folder that edge-genre train wrote"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--format",
        choices=(*FORMATS, _MICROCONTROLLER),
        default="tflite",
        help="tflm: a folder of C and C++ sources for TensorFlow Lite Micro (tflite)",
    )
    what.add_argument(
        "--all", action="store_true", help="every format and variant, with a summary and a card"
    )
    what.add_argument(
        "--from",
        dest="source",
        metavar="MODEL",
        type=Path,
        help="edit the manifest of an exported model, without a run: labels, decoder, names",
    )
    parser.add_argument(
        "--quantize",
        choices=(*QUANTIZATIONS, AUTO),
        default=AUTO,
        help="none: float32; float16: half-precision weights; dynamic: int8 weights, activations "
        "by their own range; int8: everything, with ranges fixed beforehand; int8-float-io: the "
        "same with float inputs and outputs; int8-mixed: all but the first and the last layer; "
        "auto: the smallest that passes (default)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="(RUN/NAME-QUANTIZE.FORMAT; with --all: dist)"
    )
    parser.add_argument(
        "--force", action="store_true", help="write a model that fails the check, and mark it"
    )
    parser.add_argument("--name", help="the model's name (default: the run's)")
    parser.add_argument("--model-version", help="the model's version (1.0)")
    parser.add_argument("--licence", help="licence of the weights")
    parser.add_argument("--attribution", help="whom to name, and for what")
    parser.add_argument(
        "--labels",
        type=Names(),
        metavar="A,B,...",
        help="with --from: all labels, in order; \\, is a comma within one",
    )
    parser.add_argument(
        "--decoder",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="with --from: such as dwell_s=60",
    )


def run(args: argparse.Namespace) -> int:
    """Export; exit code 1 if a file does not agree with its Keras model."""
    _check(args)
    if args.source:
        return _edit_manifest(args)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    warnings.filterwarnings("ignore", category=UserWarning)  # of the converters, on their futures
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    warnings.filterwarnings("ignore", category=FutureWarning)
    source = _read(args)
    if args.format == _MICROCONTROLLER and not args.all:
        return _sources(args, source)
    return _all(args, source) if args.all else _one(args, source)


def _check(args: argparse.Namespace) -> None:
    if (args.run is None) == (args.source is None):
        raise ParameterError("name either a RUN folder or a model with --from")
    if args.source is None:
        if args.labels or args.decoder:
            raise ParameterError("--labels and --decoder need --from MODEL; a RUN has its own")
    elif args.out is None:
        raise ParameterError("--from needs --out FILE")
    if args.all and args.force:
        raise ParameterError("--force is for one file; --all lists what does not pass")
    if args.source or args.all:
        return
    if args.format == _MICROCONTROLLER:
        from .tflm.export import check_request

        check_request("int8" if args.quantize == AUTO else args.quantize, args.out)
        return
    if args.quantize not in (*FORMATS[args.format].quantizations, AUTO):
        raise ParameterError(
            f"--quantize {args.quantize}: {args.format} has "
            f"{', '.join(FORMATS[args.format].quantizations)}"
        )
    ending = FORMATS[args.format].ending
    if args.out and args.out.suffix.lower() != ending:
        raise ParameterError(f"--out {args.out}: a {args.format} file must end in {ending}")


def _edit_manifest(args: argparse.Namespace) -> int:
    from .edit_manifest import Changes, edit_manifest

    changes = Changes(
        args.labels, args.decoder, args.name, args.model_version, args.licence, args.attribution
    )
    changed = edit_manifest(args.source, args.out, changes)
    print(f"{args.out}: the network of {args.source}; changed: {', '.join(changed)}")
    return 0


def _read(args: argparse.Namespace) -> Source:
    # What is no run, or can be written nowhere, is refused before TensorFlow takes its seconds.
    record = read_run_record(args.run)
    try:
        check_labels(record.labels)
    except ParameterError as error:
        raise DataSetError(
            f"{args.run}: {error}; rename that genre's folder, and train again"
        ) from None
    _check_place(args)
    with quiet_stderr():  # oneDNN and CUDA print before any log level applies
        import tensorflow  # noqa: F401

        from .artefact import Description, Source
        from .run import read_run
    trained = read_run(args.run)
    description = Description(
        args.name or trained.name,
        args.model_version or "1.0",
        args.licence or _NO_LICENCE,
        args.attribution or "",
    )
    return Source(trained, description)


def _check_place(args: argparse.Namespace) -> None:
    model = args.run / MODEL
    n_bytes = model.stat().st_size if model.is_file() else 0
    if args.all:
        check_writable(args.out or Path("dist"), "--out", folder=True, n_bytes=_VARIANTS * n_bytes)
    elif args.format == _MICROCONTROLLER:
        check_writable(args.out or args.run, "--out", folder=True, n_bytes=n_bytes)
    elif args.out:
        check_writable(args.out, "--out", n_bytes=n_bytes)
    else:
        check_writable(args.run, "--out", folder=True, n_bytes=n_bytes)


def _one(args: argparse.Namespace, source: Source) -> int:
    from .artefact import make, write
    from .formats.conversion import Variant
    from .variants import smallest

    with quiet_stderr():  # the converters print their progress from native code
        if args.quantize == AUTO:
            artefact = smallest(source, args.format)
        else:
            artefact = make(source, Variant(args.format, args.quantize))
    path = args.out or args.run / file_name(source.description.name, artefact.variant)
    write(artefact, path, force=args.force)
    if artefact.failures:
        warn(
            f"{path}: {'; '.join(artefact.failures)}; written because of --force, marked as failed"
        )
    print(_report(artefact, path, source))
    return 0


def _sources(args: argparse.Namespace, source: Source) -> int:
    from .tflm.export import export_sources

    out = args.out or args.run / f"{source.description.name}-tflm"
    with quiet_stderr():
        summary = export_sources(source, out, force=args.force)
    print(summary)
    return 0


def _all(args: argparse.Namespace, source: Source) -> int:
    from .export_all import export_all, float32_passed, table

    folder = args.out or Path("dist")
    with quiet_stderr():
        rows = export_all(source, folder)
    print(table(rows))
    for row in rows:
        if not row.passed and (folder / row.file).exists():
            warn(f"{folder / row.file}: is of an earlier export; the new one did not pass")
    return 0 if float32_passed(rows) else 1


def _report(artefact: Artefact, path: Path, source: Source) -> str:
    from .parity import MINIMUM_WINDOWS, TRAINED_ON, few_windows

    parity = artefact.parity
    lines = [
        f"{path}: {artefact.variant.quantization}, {artefact.bytes:,} bytes",
        f"against the Keras model on {parity.n_windows} {source.compared_on} "
        f"({parity.n_tracks} tracks):",
        f"  same label        {parity.agreement:.2%}",
        f"  posterior error   {parity.max_posterior_error:.2g} at most, "
        f"{parity.mean_posterior_error:.2g} in the mean; KL {parity.kl:.2g}",
    ]
    if source.compared_on != TRAINED_ON:  # accuracy on training windows means nothing
        lines += [
            f"  window accuracy   {parity.segment_accuracy:.4f} (Keras "
            f"{parity.float_segment_accuracy:.4f})",
            f"  track accuracy    {parity.track_accuracy:.4f} (Keras "
            f"{parity.float_track_accuracy:.4f}), McNemar's p {parity.mcnemar_p:.2g}",
        ]
    lines += [
        f"  work              {artefact.macs / 1e6:.2f} million multiply-accumulates, "
        f"{artefact.latency_ms:.3f} ms here, one thread"
    ]
    for name, of_kind in (("tags", parity.tags), ("styles", parity.styles)):
        if of_kind is not None:
            lines.append(
                f"  {of_kind.n:>3} {name:<13} probability error {of_kind.max_error:.2g} at most, "
                f"{of_kind.mean_error:.2g} in the mean; the same three likeliest on "
                f"{of_kind.same_likeliest:.2%}"
            )
    if source.track_calibration is not None:
        lines.append(f"  {_calibration(source.track_calibration)}")
    if parity.n_windows < MINIMUM_WINDOWS:
        lines.append(f"  {few_windows(parity.n_windows)}")
    return "\n".join(lines)


def _calibration(found: TrackCalibration) -> str:
    mean = f"{found.mean_calibration_error:.3f} as the mean of their windows"
    if found.window_correlation is None:
        return f"whole tracks      calibration error {mean}, which no window correlation betters"
    return (
        f"whole tracks      calibration error {found.calibration_error:.3f} with window "
        f"correlation {found.window_correlation:g}, {mean} ({found.n_tracks} tracks)"
    )
