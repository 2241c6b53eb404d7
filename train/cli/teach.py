"""``edge-genre teach``: folders of own genres in, a model for the device out."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import io
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

from edge_runtime.cli import main, warn
from edge_runtime.cli.arguments import Whole
from edge_runtime.decoder import NOT_MUSIC
from edge_runtime.errors import DataSetError, ParameterError
from edge_runtime.output_file import check_writable

from ..data.datasets import load
from ..data.genre_check import check_genres
from ..evaluation.run_summary import run_summary
from ..evaluation.scores import Scores, labelled_text, score_predictions
from ..run import folder as run_folder
from ..transfer.own_genres import BASES, ENOUGH, FEWEST, extract_features, fit_own_genres
from ..transfer.weights_file import bundled_musicnn
from .data_arguments import add_data_set_argument, add_feature_arguments, cache_folder

HELP = "make a model for genres of your own, from a folder of a few clips each"
EXTRA = "train"
REQUIRES = ("tensorflow", "keras", "sklearn", "soundfile", "pyroomacoustics", "ai_edge_litert")

_MODEL_BYTES = 20_000_000
"""Of float32 weights, the largest file that an export makes"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = (
        "example:\n"
        "  edge-genre teach music/ --out mine.tflite     # music/tango/*.mp3, music/polka/*.mp3\n"
        "  edge-genre listen --model mine.tflite\n"
    )
    parser.add_argument(
        "folder",
        metavar="FOLDER",
        type=Path,
        help=f"a folder for each genre, with {ENOUGH} clips or more ({FEWEST} at least)",
    )
    add_data_set_argument(parser)
    parser.add_argument(
        "--base", choices=sorted(BASES), default="base", help="network to build on (base)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="(FOLDER's name, .tflite)", default=None
    )
    parser.add_argument("--name", help="the model's name (FOLDER's)")
    parser.add_argument("--run", type=Path, metavar="DIR", help="keep the run folder here")
    parser.add_argument("--overwrite", action="store_true", help="replace a run in --run")
    parser.add_argument("--seed", type=Whole(0, 2**31 - 1), default=0, metavar="N", help="(0)")
    add_feature_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Extract features, cross-validate, fit, export."""
    name = args.name or args.folder.resolve().name
    out = args.out or Path(f"{name}.tflite")
    if out.suffix.lower() != ".tflite":
        raise ParameterError(f"--out {out}: a model must end in .tflite")
    if not out.parent.is_dir():
        raise DataSetError(f"{out.parent}: no such folder; make it, or name another with --out")
    if args.run is not None:
        run_folder.check_free(args.run, overwrite=args.overwrite, option="--run")
    else:
        check_writable(
            Path(tempfile.gettempdir()), "--run", folder=True, n_bytes=run_folder.RUN_BYTES
        )
    check_writable(out, "--out", n_bytes=_MODEL_BYTES)
    bundled_musicnn()
    listed = load(args.folder, args.data_set)
    check_genres(listed, args.folder, reserved=(NOT_MUSIC,))
    cache = cache_folder(args)
    clips = extract_features(listed, args.folder, cache, args.base, workers=args.workers)
    for warning in clips.warnings:
        warn(warning)
    speech = shutil.which("espeak-ng") is not None
    if not speech:
        warn(
            "espeak-ng is not installed: the model will reject noise, but may take speech for "
            "music (sudo apt install espeak-ng)"
        )
    trained = fit_own_genres(clips, args.base, seed=args.seed, speech=speech)
    scores = score_predictions(trained.cross_validated)
    summary = run_summary(
        name,
        args.folder.resolve().name,
        trained.experiment,
        scores,
        {"seed": args.seed, "base": args.base, "parameters": int(trained.model.count_params())},
        protocol="cross-validated by track in 5 folds; the model itself is trained on every clip",
    ) | {
        "rejected": [NOT_MUSIC],
        "tags": [dataclasses.asdict(tag) for tag in trained.tags],
        "styles": [dataclasses.asdict(style) for style in trained.styles],
    }
    if trained.second_front_end is not None:
        summary["second_front_end"] = trained.second_front_end.to_dict()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.run or Path(temporary) / "run"
        run_folder.save_network(
            folder,
            trained.model,
            summary,
            trained.experiment,
            trained.cross_validated,
            history={},
            no_genre=(
                trained.rejected,
                np.full(len(trained.rejected), len(clips.genres), np.int64),
            ),
            examined_elsewhere=True,
        )
        print("exporting, and comparing the file with the network", file=sys.stderr, flush=True)
        code = _export(folder, out, name)
    if code == 0:
        print(f"\n{_accuracy_text(scores, out)}\n\nlisten with it: edge-genre listen --model {out}")
    return code


def _export(run: Path, out: Path, name: str) -> int:
    """The export command's exit code: it is another package's, which this one does not import."""
    command = ["export", str(run), "--out", str(out), "--name", name, "--quantize"]
    for quantization in ("dynamic", "auto"):  # what passes nearly always comes first
        with contextlib.redirect_stderr(io.StringIO()) as messages:
            code = main([*command, quantization])
        if code == 0:
            break
    else:
        print(messages.getvalue(), end="", file=sys.stderr)
    return code


def _accuracy_text(scores: Scores, out: Path) -> str:
    """The cross-validated accuracy, in words."""
    from scipy.stats import binomtest

    right = round(scores.accuracy * scores.n_tracks)
    # Wilson's, since a bootstrap of clips that were all right knows no other outcome.
    interval = binomtest(right, scores.n_tracks).proportion_ci(0.95, "wilson")
    low, high = interval.low, interval.high
    largest = max(own.n_tracks for own in scores.per_genre.values()) / scores.n_tracks
    lines = [
        f"Of {scores.n_tracks} clips, each judged by a model that was not trained on it, {right} "
        f"were right:",
        f"{scores.accuracy:.0%} (95 % interval: {low:.0%} to {high:.0%}); always giving the "
        f"commonest genre would be right for {largest:.0%}.",
        "All clips are of this folder, perhaps of the same artists and albums: of other music, "
        "fewer may be right.",
        f"edge-genre evaluate {out} FOLDER measures it, on a folder of other clips.",
    ]
    width = max(map(len, scores.labels))
    lines += [
        f"  {label:<{width}}  {own.recall or 0.0:>4.0%} of {own.n_tracks}, labelled as: "
        f"{labelled_text(scores, label)}"
        for label, own in scores.per_genre.items()
    ]
    if scores.n_tracks < 30:
        lines.append("So few clips leave much to chance: add more for a surer figure.")
    return "\n".join(lines)
