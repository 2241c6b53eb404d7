"""``edge-genre features``: clips in, features on disk."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge_runtime.cli import warn
from edge_runtime.cli.arguments import Number
from edge_runtime.cli.engine_arguments import add_engine_arguments, ray_cluster
from edge_runtime.errors import DataSetError, ParameterError
from edge_runtime.frontend import PRESETS, FrontEndParams
from edge_runtime.output_file import JSON, check_output

from ..data.genre_check import check_genres
from ..features.extraction import Extraction, extract, store_folder
from ..features.seed_json import write_seed_json
from ..features.store import FeatureStore, StoreSettings
from .data_arguments import add_data_set_argument, add_feature_arguments, cache_folder, find_clips

HELP = "compute the features of a data set ahead of training"
EXTRA = "train"
REQUIRES = ("soundfile", "threadpoolctl")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "data",
        metavar="DATA",
        type=Path,
        help="folder of genre folders, or a data set that edge-genre data list names",
    )
    add_data_set_argument(parser)
    parser.add_argument(
        "--front-end", choices=sorted(PRESETS), default="seed-mfcc13", help="(seed-mfcc13)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for the features, which train takes as --cache; for json, a folder or a file "
        "(default: the cache that train uses)",
    )
    parser.add_argument(
        "--split-file", metavar="CSV", type=Path, help="only the clips that this file lists"
    )
    distance = parser.add_mutually_exclusive_group()
    distance.add_argument(
        "--step", type=Number(1e-4, 3600.0), metavar="SECONDS", help="between windows (a window)"
    )
    distance.add_argument(
        "--overlap", type=Number(0.0, 0.99), metavar="SHARE", help="of windows: 0.5 is half (0)"
    )
    parser.add_argument(
        "--format",
        choices=("store", "json"),
        default="store",
        help="store: for training (default); json: the student report's data.json",
    )
    parser.add_argument("--rebuild", action="store_true", help="throw away what is there")
    add_feature_arguments(parser)
    add_engine_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Compute what is missing, and print what there is."""
    if args.format == "json" and args.out is None:
        raise ParameterError("--format json needs --out, a folder or a file that ends in .json")
    if args.format == "json":
        check_output(_json_file(args.out), JSON, "--out")
    cluster = ray_cluster(args, args.workers)
    params = PRESETS[args.front_end]
    settings = StoreSettings(params, _step(args, params))
    folder = args.out
    if folder is None or args.format == "json":
        folder = store_folder(cache_folder(args), settings)
    listed = find_clips(args)
    check_genres(listed, args.data)
    FeatureStore(folder, settings, rebuild=args.rebuild)
    extraction = extract(
        listed.tracks,
        params,
        folder,
        step=settings.step,
        workers=args.workers,
        cluster=cluster,
    )
    for warning in (*listed.warnings, *(f"left out: {why}" for _, why in extraction.skipped)):
        warn(warning)
    if not extraction.tracks:
        raise DataSetError(
            f"{args.data}: no clip can be used; the warnings above say why, clip by clip"
        )
    n_windows = sum(len(item.features) for item in extraction.tracks)
    left_out = f"; {len(extraction.skipped)} left out" if extraction.skipped else ""
    print(
        f"{len(extraction.tracks)} tracks, {n_windows} windows of {params.n_frames} x "
        f"{params.n_coefficients}{left_out}"
    )
    if args.format == "json":
        path = _json_file(args.out)
        _write_json(path, extraction)
        print(f"{path}: {_mega(path.stat().st_size)}")
    else:
        store = FeatureStore(folder, settings)
        print(f"{folder}: {_mega(store.n_bytes())}")
    return 0


def _json_file(out: Path) -> Path:
    return out if out.suffix == ".json" else out / "data.json"


def _step(args: argparse.Namespace, params: FrontEndParams) -> int:
    """Distance between windows, samples."""
    if args.overlap is not None:
        return max(1, round((1.0 - args.overlap) * params.window_samples))
    if args.step is None:
        return params.window_samples
    step = round(args.step * params.sample_rate)
    if not 1 <= step <= params.window_samples:
        raise ParameterError(
            f"--step is {args.step:g} s; it must be above 0, and {params.window_seconds:g} s, a "
            "whole window, at most"
        )
    return step


def _write_json(path: Path, extraction: Extraction) -> None:
    mapping = sorted({item.track.label for item in extraction.tracks})
    labels = [mapping.index(item.track.label) for item in extraction.tracks for _ in item.features]
    write_seed_json(
        path, mapping, labels, (window for item in extraction.tracks for window in item.features)
    )


def _mega(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.1f} MB"
