"""``edge-genre evaluate``: how right a model is, through the device's runtime."""

from __future__ import annotations

import argparse
import importlib.util
import platform
import zipfile
from pathlib import Path
from typing import Any

from edge_runtime import Classifier
from edge_runtime.audio.folder import find_audio
from edge_runtime.cli import warn
from edge_runtime.cli.arguments import add_threads_argument
from edge_runtime.errors import DataSetError, MissingExtraError, ParameterError
from edge_runtime.model.file import MANIFEST_NAME
from edge_runtime.output_file import JSON, NPZ, PNG, check_output, write_json
from edge_runtime.regular_file import special_kind
from edge_runtime.version import __version__

from ..data.parts import part_of
from ..data.splits import LEAK_WARNING
from ..data.tracks import Track
from ..evaluation.classify import Evaluation, evaluate
from ..evaluation.comparison import read_run
from ..evaluation.outside import evaluate_outside, outside_text
from ..evaluation.rejection import Rejection, measure_rejection, not_music_for, rejection_text
from ..evaluation.scores import scores_text
from ..evaluation.tag_scores import tag_scores_text
from ..evaluation.track_results import (
    Difference,
    TrackResults,
    compare_results,
    difference_text,
    read_track_results,
    track_results,
)
from ..not_music.espeak import check_espeak
from ..not_music.recorded_speech import SOURCES
from .data_arguments import add_part_arguments, find_part

HELP = "measure a model's accuracy on labelled clips"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", metavar="MODEL", help="a .tflite, .onnx or .npz model")
    parser.add_argument("data", metavar="DATA", type=Path, help="folder of genre folders")
    add_part_arguments(parser)
    parser.add_argument("--json", metavar="FILE", type=Path, help="write everything there as JSON")
    parser.add_argument(
        "--against",
        metavar="OTHER",
        type=Path,
        help="test the difference to another model (McNemar): its file, which is then evaluated "
        "too, its run folder, or what --predictions or --json wrote for it",
    )
    parser.add_argument(
        "--predictions", metavar="NPZ", type=Path, help="write every window's posteriors there"
    )
    parser.add_argument(
        "--rejection",
        action="store_true",
        help="also measure how often speech, noise and other sounds that are not music are taken "
        "for it (needs espeak-ng)",
    )
    parser.add_argument(
        "--rejection-plot", metavar="PNG", type=Path, help="draw that (implies --rejection)"
    )
    parser.add_argument(
        "--outside",
        action="store_true",
        help="DATA is a folder of music of no genre that the model knows: how much of it is "
        "answered other, and how much is given a genre",
    )
    add_threads_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Evaluate and print the table; unreadable clips are reported and left out."""
    check_output(args.json, JSON, "--json")
    if args.outside:
        return _outside(args)
    check_output(args.predictions, NPZ, "--predictions")
    check_output(args.rejection_plot, PNG, "--rejection-plot")
    if args.against:
        _require("--against", "scipy")
    if args.rejection_plot:
        _require("--rejection-plot", "matplotlib")
    if args.rejection or args.rejection_plot:
        _check_rejection()
    classifier = Classifier(args.model, threads=args.threads)
    other = _other(args)
    tracks = find_part(args, classifier.manifest.genres)
    for model in (classifier, other):
        if isinstance(model, Classifier):
            _check_labels(tracks, model)
    evaluation = evaluate(classifier, tracks)
    for reason in evaluation.skipped:
        warn(f"left out: {reason}")
    manifest = classifier.manifest
    if part_of(args.split or "") in manifest.training.get("fitted_to", ()):
        warn(
            f"{manifest.name} was fitted to part {args.split!r} of "
            f"{manifest.training['split']}: if "
            "that is this one, its figures say nothing about music that it was not trained on"
        )
    print(f"{manifest.name} {manifest.version} ({args.model}) on {args.data}")
    print(scores_text(evaluation.scores))
    if of_tags := tag_scores_text(evaluation.tags):
        print(f"\n{of_tags}")
    if evaluation.skipped:
        print(f"\nleft out: {len(evaluation.skipped)} clips that cannot be read")
    if args.predictions:
        args.predictions.parent.mkdir(parents=True, exist_ok=True)
        evaluation.predictions.save(args.predictions)
    difference = None
    if other is not None:
        if isinstance(other, Classifier):
            other = track_results(_short(args.against), evaluate(other, tracks).predictions)
        difference = compare_results(
            track_results(_short(Path(args.model)), evaluation.predictions), other
        )
        _print_difference(difference, evaluation)
    rejection = None
    if args.rejection or args.rejection_plot:
        rejection = measure_rejection(classifier, evaluation.predictions, not_music_for(classifier))
        _print_rejection(rejection, args.rejection_plot, f"{manifest.name} {manifest.version}")
    if args.json:
        _write(args, evaluation, classifier, difference, rejection)
    return 0


def _outside(args: argparse.Namespace) -> int:
    """Music that is of no genre of the model."""
    for name in ("data_set", "split_file", "split", "against", "predictions", "rejection_plot"):
        if getattr(args, name) not in (None, "auto"):
            option = name.replace("_", "-")
            raise ParameterError(f"--outside takes all files of a folder: leave out --{option}")
    if args.rejection:
        raise ParameterError("--outside measures music only: leave out --rejection")
    if not args.data.is_dir():
        raise DataSetError(f"{args.data}: no such folder; --outside takes a folder of music")
    classifier = Classifier(args.model, threads=args.threads)
    found = find_audio(args.data)
    for warning in found.warnings(args.data):
        warn(warning)
    outside = evaluate_outside(classifier, args.data, found)
    for reason in outside.skipped:
        warn(f"left out: {reason}")
    manifest = classifier.manifest
    print(f"{manifest.name} {manifest.version} ({args.model}) on {args.data}, outside its genres")
    print(outside_text(outside))
    if outside.skipped:
        print(f"\nleft out: {len(outside.skipped)} files that cannot be read")
    if args.json:
        write_json(args.json, {**outside.to_dict(), **_context(args, classifier)})
    return 0


def _require(option: str, module: str) -> None:
    """Fail for what is missing before anything is computed that would be lost."""
    if importlib.util.find_spec(module) is None:
        raise MissingExtraError(f"{option} ({module} missing)", "train")


def _check_rejection() -> None:
    check_espeak()
    if not any(source.find() for source in SOURCES):
        warn(
            "no recorded speech is installed, so only synthetic voices are used; for real ones: "
            f"sudo apt install {' '.join(source.package for source in SOURCES)}"
        )


def _print_rejection(rejection: Rejection, picture: Path | None, title: str) -> None:
    print(f"\n{rejection_text(rejection)}")
    if picture:
        from ..evaluation.report_figures import plot_rejection

        picture.parent.mkdir(parents=True, exist_ok=True)
        plot_rejection(picture, rejection, title)


def _is_numpy_model(path: Path) -> bool:
    """Whether an ``.npz`` holds a model, and not predictions."""
    if special_kind(path) or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return MANIFEST_NAME in archive.namelist()


def _other(args: argparse.Namespace) -> Classifier | TrackResults | None:
    """What --against names, read before anything is computed that a bad file would waste."""
    if args.against is None:
        return None
    if args.against.suffix.lower() in (".tflite", ".onnx") or _is_numpy_model(args.against):
        return Classifier(args.against, threads=args.threads)
    if args.against.is_dir():
        trained = read_run(args.against)
        if trained.record.facts.split_leaks:
            warn(f"{args.against}: {LEAK_WARNING}")
        return track_results(args.against.name, trained.predictions)
    return read_track_results(args.against)


def _check_labels(tracks: list[Track], model: Classifier) -> None:
    genres = model.manifest.genres
    strange = sorted({track.label for track in tracks} - set(genres))
    if strange:
        raise DataSetError(
            f"the model {model.manifest.name} does not know {', '.join(strange)} as a genre; its "
            f"genres are {', '.join(genres)}"
        )


def _short(model: Path) -> str:
    """Folder and file: exports of two models are often called the same."""
    return "/".join(model.parts[-2:])


def _print_difference(difference: Difference, evaluation: Evaluation) -> None:
    n, of = difference.test.n, evaluation.scores.n_tracks
    which = f"all {n} tracks" if n == of else f"the {n} of {of} tracks that both have"
    print(f"\nagainst {difference.names[1]}, on {which}:")
    print(difference_text(difference))


def _write(
    args: argparse.Namespace,
    evaluation: Evaluation,
    classifier: Classifier,
    difference: Difference | None,
    rejection: Rejection | None,
) -> None:
    context = _context(args, classifier)
    context |= {
        "split_file": args.split_file.name if args.split_file else None,
        "split": args.split,
        "protocol": "tracks cut into windows as `edge-genre classify` does; a track's label is "
        "the likeliest of its windows' posteriors together",
    }
    if difference is not None:
        context["against"] = difference.to_dict()
    if rejection is not None:
        context["rejection"] = rejection.to_dict()
    write_json(args.json, {**evaluation.to_dict(), **context})


def _context(args: argparse.Namespace, classifier: Classifier) -> dict[str, Any]:
    """Which model, on what, by what."""
    manifest = classifier.manifest
    return {
        "model": {
            "file": Path(args.model).name,
            "name": manifest.name,
            "version": manifest.version,
            "weights_sha256": manifest.weights.sha256,
            "backend": classifier.backend.name,
            "window_correlation": manifest.window_correlation,
        },
        "data": args.data.name,
        "edge_genre": __version__,
        "machine": platform.machine(),
    }
