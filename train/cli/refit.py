"""``edge-genre refit``: fit the last layer to the validation clips as well, to ship the model."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from edge_runtime.cli import warn
from edge_runtime.decoder import NOT_MUSIC
from edge_runtime.errors import DataSetError
from edge_runtime.frontend import PRESETS
from edge_runtime.model.run_folder import MODEL, PREDICTIONS, RunRecord, read_run_record

from ..data.datasets import load
from ..data.genre_check import check_genres
from ..data.split_choice import AUTO, SplitChoice
from ..data.splits import TRAIN, VALID
from ..evaluation.report import write_report
from ..experiment.prepare import Experiment, prepare
from ..experiment.windows import normalised
from ..models import PRETRAINED
from ..not_music.espeak import check_espeak
from ..quiet_tensorflow import import_tensorflow
from ..run import folder as run_folder
from ..run import provenance
from ..run.predictions import load_predictions
from ..transfer.recipe import FRONT_END
from ..transfer.sources import sources
from .data_arguments import add_data_set_argument, add_feature_arguments, cache_folder
from .train_arguments import add_more_music_argument

HELP = "fit the last layer of a trained model to the validation clips as well, to ship it"
EXTRA = "train"
REQUIRES = ("tensorflow", "keras", "sklearn", "soundfile", "pyroomacoustics", "matplotlib")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.description = (
        "Once a recipe is settled on validation clips, the model can be trained on them, too. Its "
        "figures and calibration stay those of the run, whose last layer was not fitted to them."
    )
    parser.epilog = (
        "example:\n"
        "  edge-genre train gtzan --model tiny --split tracks.csv --teacher WHEEL --out runs/tiny\n"
        "  edge-genre refit runs/tiny gtzan --split tracks.csv --out runs/tiny-all\n"
        "  edge-genre export runs/tiny-all --out tiny.tflite\n"
    )
    parser.add_argument(
        "run", metavar="RUN", type=Path, help=f"folder of a run of {' or '.join(PRETRAINED)}"
    )
    parser.add_argument("data", metavar="DATA", type=Path, help="the folder that it was trained on")
    add_data_set_argument(parser)
    parser.add_argument(
        "--split", default=AUTO, metavar="WHICH", help="as the run was trained (as train's)"
    )
    add_more_music_argument(parser)
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="new run folder")
    parser.add_argument("--overwrite", action="store_true", help="replace the run in that folder")
    add_feature_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Check, fit, save."""
    before = _read(args.run)
    if args.out.resolve() == args.run.resolve():
        raise DataSetError(f"--out {args.out}: is the run itself; name another folder")
    run_folder.check_free(args.out, overwrite=args.overwrite)
    args.cache = cache_folder(args)
    check_espeak()
    experiment = _experiment(args, before)
    for warning in experiment.warnings:
        warn(warning)
    genres = tuple(label for label in before.labels if label not in before.rejected)
    clips = [
        item
        for item in experiment.extraction.tracks
        if {TRAIN, VALID} & set(experiment.split.parts[item.track.id])
    ]
    window_s = experiment.params.window_seconds
    seconds = {item.track.id: window_s * len(item.features) for item in clips}

    import_tensorflow()
    import keras

    from ..transfer.refit import other_pieces, refit

    seed = before.facts.seed
    model = keras.saving.load_model(args.run / MODEL, compile=False)
    names = before.training.get("other_music", [])
    drawn = sources([item.track for item in clips], seconds, genres, args.more_music)
    windows, labels, facts = refit(
        model,
        other_pieces(drawn, names, len(genres)),
        len(genres),
        len(before.labels),
        cache=args.cache,
        seed=seed,
    )
    summary = _summary(before, facts)
    predictions = load_predictions(args.run / PREDICTIONS, before.labels)
    run_folder.save_network(
        args.out,
        model,
        summary,
        experiment,
        predictions,
        history={},
        no_genre=(normalised(windows, experiment.params), labels),
        examined_elsewhere=True,
    )
    write_report(args.out, summary, predictions, None)
    print(
        f"{before.name}: last layer fitted to {len(clips)} clips of train and valid; its "
        f"figures stay those of {args.run}\n\nrun folder: {args.out}   "
        f"(next: edge-genre export {args.out})"
    )
    return 0


def _read(folder: Path) -> RunRecord:
    record = read_run_record(folder)
    if record.name not in PRETRAINED:
        raise DataSetError(
            f"{folder}: is a run of {record.name!r}; only {' and '.join(PRETRAINED)} have a "
            "last layer of their own to fit"
        )
    if record.facts.fitted_to:
        raise DataSetError(f"{folder}: was fitted again already; name the run that it came from")
    return record


def _experiment(args: argparse.Namespace, before: RunRecord) -> Experiment:
    choice = SplitChoice(args.split, "track", before.facts.seed)
    listed = load(args.data, args.data_set, choice.csv)
    check_genres(listed, args.data, reserved=(NOT_MUSIC,))
    experiment = prepare(
        listed,
        choice,
        PRESETS[FRONT_END],
        args.cache,
        overlap=0.0,
        augmentation=None,
        copies=0,
        workers=args.workers,
        second=before.second_front_end_params(),
    )
    if experiment.split.sha256 != before.facts.split_sha256:
        raise DataSetError(
            f"{args.run}: was trained on another split ({before.facts.split}) or other "
            "clips; name the same DATA and --split as then"
        )
    labels = (*experiment.genres, *before.rejected)
    if labels != before.labels:
        raise DataSetError(f"{args.run}: has other labels than {args.data}")
    trained = before.front_end_params()
    params = dataclasses.replace(PRESETS[FRONT_END], mean=trained.mean, std=trained.std)
    return dataclasses.replace(
        experiment,
        genres=labels,
        params=params,
        train=experiment.train.normalised(params),
        valid=experiment.valid.normalised(params),
    )


def _summary(before: RunRecord, facts: dict[str, Any]) -> dict[str, Any]:
    training = before.training | facts
    training |= {
        "fitted_to": [TRAIN, VALID],
        "command_before": training["command"],
        "commit_before": training["commit"],
        "command": provenance.command(),
        "commit": provenance.commit(),
    }
    metrics = dict(before.metrics)
    metrics["protocol"] += ", before its last layer was fitted to that part as well"
    return before.to_dict() | {"training": training, "metrics": metrics}
