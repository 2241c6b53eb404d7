"""``edge-genre robustness``: what rooms, noise, codecs and levels cost a model."""

from __future__ import annotations

import argparse
import difflib
import platform
from pathlib import Path
from typing import Any

from edge_runtime import Classifier
from edge_runtime.cli import warn
from edge_runtime.cli.arguments import add_threads_argument
from edge_runtime.errors import DataSetError, ParameterError
from edge_runtime.output_file import JSON, check_output, write_json
from edge_runtime.version import __version__

from ..augment import GRID, Degradation
from ..data.tracks import Track
from ..evaluation.robustness import Robustness, measure, robustness_text
from ..run.provenance import commit
from .data_arguments import add_part_arguments, find_part

HELP = "measure what rooms, noise, codecs and levels cost a model"
EXTRA = "train"
REQUIRES = ("pyroomacoustics", "scipy", "soundfile", "soxr")

_BY_NAME = {condition.name: condition for condition in GRID}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "models", metavar="MODEL", nargs="+", type=Path, help=".tflite, .onnx or .npz models"
    )
    parser.add_argument("data", metavar="DATA", type=Path, help="folder of genre folders")
    add_part_arguments(parser)
    parser.add_argument(
        "--conditions",
        metavar="NAME,...",
        help=f"only these, and clean (default: all of {', '.join(_BY_NAME)})",
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="write everything there as JSON")
    add_threads_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Measure and print a table for each model."""
    check_output(args.json, JSON, "--json")
    conditions = _conditions(args.conditions)
    classifiers = _classifiers(args)
    # All models' clips are known to be usable before the first is measured.
    tracks = {model: _tracks(args, classifier) for model, classifier in classifiers.items()}
    measured: dict[Path, Robustness] = {}
    for model, own in tracks.items():
        measured[model] = measure(model, _short(model), own, conditions, threads=args.threads)
        for reason in measured[model].rows[0].evaluation.skipped:
            warn(f"left out: {reason}")
        manifest = classifiers[model].manifest
        n_tracks = measured[model].rows[0].evaluation.scores.n_tracks
        where = f"{args.data.name}, {n_tracks} tracks"
        print(f"{manifest.name} {manifest.version} ({_short(model)}) on {where}")
        print(robustness_text(measured[model]), flush=True)
        if model != list(tracks)[-1]:
            print()
    if args.json:
        _write(args, classifiers, measured)
    return 0


def _conditions(names: str | None) -> list[Degradation]:
    if names is None:
        return list(GRID)
    chosen = []
    for name in dict.fromkeys(names.split(",")):
        if name not in _BY_NAME:
            near = difflib.get_close_matches(name, _BY_NAME, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(_BY_NAME)}"
            raise ParameterError(f"--conditions: there is no {name!r}; {hint}")
        chosen.append(_BY_NAME[name])
    return chosen


def _classifiers(args: argparse.Namespace) -> dict[Path, Classifier]:
    """Every model once, in the order they were named."""
    if len(set(args.models)) < len(args.models):
        warn("a model is named more than once; it is measured once")
    return {model: Classifier(model, threads=args.threads) for model in dict.fromkeys(args.models)}


def _tracks(args: argparse.Namespace, classifier: Classifier) -> list[Track]:
    tracks = find_part(args, classifier.labels)
    strange = sorted({track.label for track in tracks} - set(classifier.labels))
    if strange:
        raise DataSetError(
            f"the model {classifier.manifest.name} does not know {', '.join(strange)}; its labels "
            f"are {', '.join(classifier.labels)}"
        )
    return tracks


def _short(model: Path) -> str:
    """Folder and file: exports of two models are often called the same."""
    return "/".join(model.parts[-2:])


def _write(
    args: argparse.Namespace, classifiers: dict[Path, Classifier], measured: dict[Path, Robustness]
) -> None:
    content: dict[str, Any] = {
        "data": args.data.name,
        "split_file": args.split_file.name if args.split_file else None,
        "split": args.split,
        "edge_genre": __version__,
        "commit": commit(),
        "machine": platform.machine(),
        "models": [
            {
                "file": model.name,
                "name": classifiers[model].manifest.name,
                "version": classifiers[model].manifest.version,
                "weights_sha256": classifiers[model].manifest.weights.sha256,
                "backend": classifiers[model].backend.name,
                "conditions": [row.to_dict() for row in robustness.rows],
            }
            for model, robustness in measured.items()
        ],
    }
    write_json(args.json, content)
