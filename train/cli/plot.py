"""``edge-genre plot``: pictures of a clip."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge_runtime import Classifier
from edge_runtime.audio.file import resolve
from edge_runtime.cli import warn
from edge_runtime.cli.arguments import Number

from ..plots import FIGURES, draw, draw_sheet, read_sound, save
from ..plots.sound import LONGEST_SECONDS

HELP = "draw a clip: waveform, spectra, MFCCs, and its genres over time"
EXTRA = "train"
REQUIRES = ("matplotlib",)

_DAY = 86_400.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("clip", metavar="CLIP", help='audio file; "demo" is the clip that ships')
    parser.add_argument(
        "--out", type=Path, default=Path("plots"), metavar="DIR", help="folder (plots)"
    )
    parser.add_argument("--format", choices=("png", "svg"), default="png", help="(png)")
    parser.add_argument("--sheet", action="store_true", help="all figures in one picture")
    parser.add_argument(
        "--figure",
        nargs="+",
        action="extend",
        choices=tuple(FIGURES),
        metavar="NAME",
        help=f"these alone, after CLIP: {', '.join(FIGURES)} (all)",
    )
    parser.add_argument(
        "--model",
        metavar="FILE",
        help="a .tflite, .onnx or .npz model (default: the one that ships)",
    )
    parser.add_argument(
        "--start", type=Number(0.0, _DAY), default=0.0, metavar="S", help="begin here, seconds (0)"
    )
    parser.add_argument(
        "--seconds",
        type=Number(0.001, LONGEST_SECONDS),
        metavar="S",
        help="draw so much (default: to the end)",
    )


def run(args: argparse.Namespace) -> int:
    """Read, draw, and print the names of the files written."""
    names = [name for name in FIGURES if not args.figure or name in args.figure]
    sound = read_sound(
        args.clip,
        Classifier(args.model),
        start=args.start,
        seconds=args.seconds,
        classify="timeline" in names,
    )
    for warning in sound.warnings:
        warn(warning)
    args.out.mkdir(parents=True, exist_ok=True)
    stem = resolve(args.clip).stem
    if args.sheet:
        path = args.out / f"{stem}-sheet.{args.format}"
        save(draw_sheet(sound, names), path)
        print(path)
        return 0
    for name in names:
        path = args.out / f"{stem}-{name}.{args.format}"
        save(draw(sound, name), path)
        print(path, flush=True)
    return 0
