"""Command-line arguments of ``edge-genre train``."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge_runtime.cli.arguments import Number, Whole
from edge_runtime.errors import ParameterError

from ..augment.waveform import AudioAugmentation
from ..data.split_choice import AUTO
from ..fit.fit import SCHEDULES
from ..models import BASELINES, MODELS, PRETRAINED
from ..transfer.musicnn_wheel import DOWNLOAD
from .data_arguments import add_data_set_argument, add_feature_arguments

NETWORK_OPTIONS = (
    "epochs", "batch_size", "learning_rate", "schedule", "patience", "class_weight", "gain_db",
    "spec_augment", "mixup", "resume", "tensorboard",
)  # fmt: skip
"""Attributes that mean nothing to what is not trained from scratch in epochs"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "data",
        metavar="DATA",
        type=Path,
        help="folder of genre folders, a data set that edge-genre data list names, or the student "
        "report's data.json",
    )
    parser.add_argument(
        "--model",
        choices=sorted(MODELS),
        default="seed-cnn",
        help=f"(seed-cnn); {', '.join(sorted(BASELINES))} are baselines that are not exported",
    )
    add_data_set_argument(parser)
    _add_pretrained(parser)
    _add_split(parser)
    _add_run(parser)
    _add_fitting(parser)
    _add_variation(parser)


def _add_pretrained(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(f"pretrained models ({', '.join(PRETRAINED)})")
    group.add_argument(
        "--teacher",
        type=Path,
        metavar="WHEEL",
        help=f"the weights of MusiCNN, as published: {DOWNLOAD}",
    )
    add_more_music_argument(group)


def add_more_music_argument(parser: argparse._ActionsContainer) -> None:
    """Declare ``--more-music``."""
    parser.add_argument(
        "--more-music",
        type=Path,
        metavar="DIR",
        action="append",
        default=[],
        help="other music of any genre, to train the network on, and to tell music of no genre by; "
        "may be given again",
    )


def _add_split(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("validation")
    group.add_argument(
        "--split",
        default=AUTO,
        metavar="WHICH",
        help="track: a random fifth of each genre's tracks; parts: the folders train and valid (or "
        "val) of DATA, or the data set's own parts; I/K, such as 1/5: fold I of K; fault-filtered: "
        "GTZAN's artist-aware list of Kereliuk, Sturm and Larsen; segment: the student report's "
        "way, which leaks; or a CSV file with genre, split, and path or id (default: parts where "
        "folders are called so, else track)",
    )
    group.add_argument(
        "--group",
        choices=("artist", "track"),
        default="track",
        help="what a fold keeps on one side (track)",
    )


def _add_run(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the run")
    group.add_argument("--out", type=Path, metavar="DIR", help="run folder (runs/MODEL)")
    group.add_argument("--overwrite", action="store_true", help="replace the run in that folder")
    group.add_argument(
        "--resume", action="store_true", help="go on with a training that was interrupted"
    )
    group.add_argument("--tensorboard", action="store_true", help="log to DIR/tensorboard")
    group.add_argument("--seed", type=Whole(0, 2**31 - 1), default=0, help="(0)")
    add_feature_arguments(group, "--features")


def _add_fitting(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how a network is fitted (default: the model's own)")
    group.add_argument("--epochs", type=Whole(1, 100_000))
    group.add_argument("--batch-size", type=Whole(1, 65536))
    group.add_argument("--learning-rate", type=Number(1e-8, 10.0))
    group.add_argument("--schedule", choices=SCHEDULES, help="of the learning rate")
    group.add_argument(
        "--patience",
        type=Whole(0, 100_000),
        metavar="EPOCHS",
        help="stop when the validation loss has not improved for so long, and take the best "
        "epoch; 0 trains to the end and takes the last",
    )
    group.add_argument(
        "--class-weight",
        choices=("balanced", "none"),
        help="balanced: genres with few clips weigh more",
    )


def _add_variation(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("augmentation")
    group.add_argument(
        "--gain-db",
        type=Number(0.0, 60.0),
        help="make training windows louder or softer by up to this many dB, so that the level "
        "does not matter to the model (default 0)",
    )
    group.add_argument(
        "--spec-augment",
        action=argparse.BooleanOptionalAction,
        help="cover stretches of time and of bands (SpecAugment)",
    )
    group.add_argument(
        "--mixup", type=Number(0.0, 10.0), metavar="ALPHA", help="mix pairs of windows; 0 does not"
    )
    group.add_argument(
        "--augment-copies",
        type=Whole(0, 100),
        default=0,
        metavar="N",
        help="add N varied copies of each training track, made from its sound (default 0)",
    )
    group.add_argument("--copies-noise-snr-db", type=Number(0.0, 100.0), metavar="DB")
    group.add_argument("--copies-eq-db", type=Number(0.0, 24.0), metavar="DB")
    group.add_argument("--copies-pitch", type=Number(0.0, 12.0), metavar="SEMITONES")
    group.add_argument(
        "--copies-stretch",
        type=Number(0.0, 0.5),
        metavar="SHARE",
        help="how far copies go: noise no louder than this SNR, equaliser, pitch, and tempo up or "
        "down (defaults 20 dB, 6 dB, 1 semitone, 0.08)",
    )
    group.add_argument(
        "--overlap",
        type=Number(0.0, 0.95),
        help="share of a training window that the next one has again (default: the model's own)",
    )
    group.add_argument(
        "--dc-block",
        type=Number(0.1, 200.0),
        metavar="HZ",
        help="high-pass sound at this frequency, here and on the device (default: not at all)",
    )


def augmentation(args: argparse.Namespace) -> AudioAugmentation | None:
    """How copies are varied; None if there are none."""
    given = {
        "noise_snr_db": args.copies_noise_snr_db,
        "eq_db": args.copies_eq_db,
        "pitch_semitones": args.copies_pitch,
        "stretch": args.copies_stretch,
    }
    if not args.augment_copies:
        named = [name for name, value in given.items() if value is not None]
        if named:
            raise ParameterError("--copies-... vary copies of the tracks; add --augment-copies N")
        return None
    own = {"noise_snr_db": 20.0, "eq_db": 6.0, "pitch_semitones": 1.0, "stretch": 0.08}
    ranges = {name: own[name] if value is None else value for name, value in given.items()}
    return AudioAugmentation(**ranges, seed=args.seed)
