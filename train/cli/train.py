"""``edge-genre train``: clips in, a run folder out."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from edge_runtime.cli import warn
from edge_runtime.cli.arguments import Number, Whole
from edge_runtime.errors import DataSetError
from edge_runtime.frontend import PRESETS, FrontEndParams

from .. import provenance, run_folder
from ..features import Extraction, default_cache, extract
from ..fitting import Fit, FitSettings, fit
from ..models import MODELS
from ..predictions import PREDICTIONS, Predictions
from ..report import write_report
from ..scores import Scores, score_predictions, scores_text
from ..splits import (
    LEAK_WARNING,
    TRAIN,
    VALID,
    Split,
    check_parts,
    random_segment_split,
    random_track_split,
    split_from_list,
)
from ..tracks import Track, TrackList, find_tracks, read_track_list
from ..windows import normalisation, select

HELP = "train a model on a folder of genre folders"
EXTRA = "train"
REQUIRES = ("tensorflow", "keras", "soundfile", "matplotlib")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("data", metavar="DATA", type=Path, help="folder of genre folders")
    parser.add_argument("--model", choices=sorted(MODELS), default="seed-cnn", help="(seed-cnn)")
    parser.add_argument(
        "--split",
        default="track",
        metavar="track|segment|CSV",
        help="track: a random fifth of each genre's tracks validates (default); segment: the "
        "student report's way, which leaks; or a CSV file with genre, split, and path or id",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="run folder (runs/MODEL)")
    parser.add_argument("--overwrite", action="store_true", help="replace the run in that folder")
    parser.add_argument("--epochs", type=Whole(1, 100_000), help="default: the model's own")
    parser.add_argument("--batch-size", type=Whole(1, 65536), help="default: the model's own")
    parser.add_argument("--learning-rate", type=Number(1e-8, 10.0), help="default: the model's own")
    parser.add_argument(
        "--class-weight",
        choices=("balanced", "none"),
        default="none",
        help="balanced: genres with few clips weigh more (default none)",
    )
    parser.add_argument(
        "--gain-db",
        type=Number(0.0, 60.0),
        default=0.0,
        help="make training windows louder or softer by up to this many dB, so that the model "
        "hears at any level (default 0)",
    )
    parser.add_argument(
        "--dc-block",
        type=Number(0.1, 200.0),
        metavar="HZ",
        help="high-pass sound at this frequency, here and on the device (default: not at all)",
    )
    parser.add_argument("--seed", type=Whole(0, 2**31 - 1), default=0, help="(0)")
    parser.add_argument(
        "--cache", type=Path, metavar="DIR", default=default_cache(), help="keeps features"
    )


def run(args: argparse.Namespace) -> int:
    """Extract, split, fit, save, report."""
    recipe = MODELS[args.model]
    params = dataclasses.replace(PRESETS[recipe.front_end], dc_block_hz=args.dc_block)
    out = args.out or Path("runs") / args.model
    listed = _listed(args)
    run_folder.check_free(out, overwrite=args.overwrite)
    extraction = extract(_wanted(listed), params, args.cache)
    if not extraction.tracks:
        raise DataSetError(
            f"{args.data}: no clip can be used; the first: {extraction.skipped[0][1]}"
        )
    windows = [(item.track, len(item.features)) for item in extraction.tracks]
    split = _split(args, listed, windows)
    odd = check_parts(split, windows)
    for warning in (*listed.warnings, *(f"left out: {why}" for _, why in extraction.skipped), *odd):
        warn(warning)
    if split.leaks:
        warn(LEAK_WARNING)

    genres = tuple(sorted({track.label for track, _ in windows}))
    train = select(extraction.tracks, split, TRAIN, genres)
    valid = select(extraction.tracks, split, VALID, genres)
    mean, std = normalisation(train)
    params = dataclasses.replace(params, mean=mean, std=std)
    train, valid = train.normalised(params), valid.normalised(params)
    settings = FitSettings(
        epochs=args.epochs or recipe.epochs,
        batch_size=args.batch_size or recipe.batch_size,
        learning_rate=args.learning_rate or recipe.learning_rate,
        class_weight=args.class_weight,
        gain_db=args.gain_db,
        seed=args.seed,
    )
    fitted = fit(recipe, params, settings, train=train, valid=valid, n_classes=len(genres))
    posteriors = fitted.model.predict(valid.features[..., np.newaxis], verbose=0)
    examined, first, segment_tracks = np.unique(
        valid.tracks, return_index=True, return_inverse=True
    )
    ids = tuple(extraction.tracks[index].track.id for index in examined)
    predictions = Predictions(genres, ids, valid.labels[first], segment_tracks, posteriors)
    scores = score_predictions(predictions)
    summary = _summary(
        args,
        genres=genres,
        params=params,
        settings=settings,
        extraction=extraction,
        split=split,
        fitted=fitted,
        scores=scores,
    )
    summary["training"]["n_windows"] = {TRAIN: len(train), VALID: len(valid)}
    run_folder.save(
        out,
        fitted.model,
        summary,
        train=train,
        valid=valid,
        split=split,
        history=fitted.history,
    )
    predictions.save(out / PREDICTIONS)
    write_report(out, summary, predictions, fitted.history)
    print(scores_text(scores))
    print(f"\nrun folder: {out}   (next: edge-genre export {out})")
    return 0


def _listed(args: argparse.Namespace) -> TrackList:
    if args.split in ("track", "segment"):
        return find_tracks(args.data)
    if not Path(args.split).is_file():
        raise DataSetError(
            f"--split {args.split}: is neither 'track', 'segment', nor a CSV file that exists"
        )
    return read_track_list(Path(args.split), args.data)


def _wanted(listed: TrackList) -> list[Track]:
    if not listed.parts:
        return list(listed.tracks)
    wanted = [track for track in listed.tracks if listed.parts[track.id] in (TRAIN, VALID)]
    if not wanted:
        raise DataSetError(
            f"no clips in the parts {TRAIN!r} and {VALID!r}; the split file has: "
            f"{', '.join(sorted(set(listed.parts.values())))}"
        )
    return wanted


def _split(args: argparse.Namespace, listed: TrackList, windows: list[tuple[Track, int]]) -> Split:
    if args.split == "track":
        return random_track_split(windows, args.seed)
    if args.split == "segment":
        return random_segment_split(windows, args.seed)
    return split_from_list(Path(args.split).name, listed.parts, windows)


def _summary(
    args: argparse.Namespace,
    *,
    genres: tuple[str, ...],
    params: FrontEndParams,
    settings: FitSettings,
    extraction: Extraction,
    split: Split,
    fitted: Fit,
    scores: Scores,
) -> dict[str, Any]:
    tracks = {
        part: sum(part in split.parts[item.track.id] for item in extraction.tracks)
        for part in (TRAIN, VALID)
    }
    return {
        "name": args.model,
        "labels": list(genres),
        "front_end": params.to_dict(),
        "training": {
            "data": args.data.resolve().name,
            "split": split.name,
            "split_sha256": split.sha256,
            "split_leaks": split.leaks,
            "n_tracks": tracks,
            "skipped": [
                f"{track.id}: {why.removeprefix(f'{track.path}: ')}"
                for track, why in extraction.skipped
            ],
            "epochs": settings.epochs,
            "batch_size": settings.batch_size,
            "learning_rate": settings.learning_rate,
            "class_weight": settings.class_weight,
            "gain_db": settings.gain_db,
            "seed": settings.seed,
            "parameters": int(fitted.model.count_params()),
            "seconds": round(fitted.seconds, 1),
            "command": provenance.command(),
            "commit": provenance.commit(),
            "versions": provenance.versions(),
            "machine": provenance.machine(),
        },
        "metrics": {
            "validation": {
                "segment_accuracy": round(scores.segment_accuracy, 4),
                "track_accuracy": round(scores.accuracy, 4),
                "track_macro_recall": round(scores.macro_recall, 4),
                "n_tracks": scores.n_tracks,
                "n_segments": scores.n_segments,
            },
            "protocol": f"float Keras model on the validation part of split {split.name}"
            + (" (LEAKS)" if split.leaks else ""),
        },
    }
