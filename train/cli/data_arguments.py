"""Which clips a command takes: ``--data-set``, ``--split-file`` and ``--split``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from edge_runtime.cli import warn
from edge_runtime.cli.arguments import Whole
from edge_runtime.errors import DataSetError, ParameterError
from edge_runtime.output_file import check_writable

from ..data.datasets import DATASETS, load
from ..data.parts import part_of
from ..data.tracks import Track, TrackList
from ..features.extraction import default_cache


def add_data_set_argument(parser: argparse._ActionsContainer) -> None:
    """Declare ``--data-set``."""
    parser.add_argument(
        "--data-set",
        choices=("auto", *sorted(DATASETS)),
        default="auto",
        help="how the folder is laid out; auto goes by its folders and files (auto)",
    )


def add_feature_arguments(parser: argparse._ActionsContainer, *names: str) -> None:
    """Declare ``--cache`` (and other names of it) and ``--workers``."""
    parser.add_argument(
        "--cache",
        *names,
        type=Path,
        metavar="DIR",
        help="folder of cached features, or what edge-genre features wrote "
        "(~/.cache/edge-genre/features)",
    )
    parser.add_argument(
        "--workers", type=Whole(1, 1024), help="processes that compute features (one for each core)"
    )


def cache_folder(args: argparse.Namespace) -> Path:
    """The folder of features, which can be written to.

    Raises
    ------
    DataSetError
        If there is no home folder to have one in.
    OutputFileError
        If it cannot be written to.
    """
    cache: Path = args.cache or default_cache()
    check_writable(cache, "--cache", folder=True)
    return cache


def add_part_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``--data-set``, ``--split-file`` and ``--split``."""
    add_data_set_argument(parser)
    parser.add_argument(
        "--split-file", metavar="CSV", type=Path, help="only the clips that this file lists"
    )
    parser.add_argument(
        "--split",
        metavar="PART",
        help="only this part, such as valid, of the split file, or of folders that are called so",
    )


def find_clips(args: argparse.Namespace, labels: Sequence[str] | None = None) -> TrackList:
    """The clips of ``DATA``, of every part."""
    return load(args.data, args.data_set, args.split_file, labels)


def find_part(args: argparse.Namespace, labels: Sequence[str]) -> list[Track]:
    """The clips of ``--split``, or all of ``DATA``; warns of what was left out.

    Raises
    ------
    DataSetError
        If the part has no clips.
    ParameterError
        If it is not known which clip is in which part.
    """
    listed = find_clips(args, labels)
    for warning in listed.warnings:
        warn(warning)
    if args.split is None:
        return list(listed.tracks)
    if not listed.parts and args.split_file:
        raise DataSetError(f"{args.split_file}: has no column split, so --split chooses nothing")
    if not listed.parts:
        raise ParameterError(
            "--split names a part of a split file, or of folders that are called train, valid and "
            "test; add --split-file CSV"
        )
    wanted = part_of(args.split) or args.split
    chosen = [track for track in listed.tracks if listed.parts.get(track.id) == wanted]
    if not chosen:
        known = ", ".join(sorted(set(listed.parts.values())))
        where = "the split file has" if args.split_file else "the folders are"
        raise DataSetError(f"{args.data}: no clips in part {args.split!r}; {where}: {known}")
    return chosen
