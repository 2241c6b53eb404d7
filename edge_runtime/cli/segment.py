"""``edge-genre segment``: the timeline of a long recording."""

from __future__ import annotations

import argparse
import io
import os
import sys
from pathlib import Path

from ..atomic_write import write_atomically
from ..audio.file import AudioFile, open_audio
from ..classifier import Classifier
from ..errors import OutputFileError
from ..library.segment import segment_audio
from ..library.timeline_formats import FORMATS, check_timeline_output, format_for, timeline_text
from ..model.file import BUNDLED_MODEL, read_model
from ..progress import progress_of
from . import note, warn
from .arguments import add_channel_argument, add_model_arguments
from .decoder_arguments import add_decoder_arguments, chosen_genres, decoder_settings

HELP = "cut a long recording into its genres, speech and silence"

_LONG_S = 600.0
"""A recording of more takes so long that its progress is shown"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "file", metavar="FILE", help='an audio file of any length; "demo" is the clip that ships'
    )
    parser.add_argument(
        "--format",
        choices=tuple(FORMATS),
        help="json (default), csv, a label track of Audacity, subtitles (srt) or a CUE sheet; "
        "without it, the suffix of --out tells (.json, .csv, .txt, .srt, .cue)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="where to write it (default: standard output)"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress, no last line")
    add_channel_argument(parser)
    add_model_arguments(parser)
    add_decoder_arguments(parser, whole=True)


def run(args: argparse.Namespace) -> int:
    """Write the timeline of a recording."""
    form = format_for(args.out, args.format)
    check_timeline_output(args.out, form)
    audio = open_audio(args.file)
    file = read_model(BUNDLED_MODEL if args.model is None else args.model)
    only, ignored = chosen_genres(args, file.manifest.labels)
    classifier = Classifier(file, threads=args.threads, only=only, ignored=ignored)
    settings = decoder_settings(args, classifier.manifest.decoder)
    quiet = args.quiet or audio.seconds < _LONG_S
    with progress_of("segment: seconds of sound", round(audio.seconds), quiet=quiet) as progress:
        timeline = segment_audio(
            classifier,
            audio,
            settings=settings,
            channel=args.channel,
            on_progress=lambda seconds: progress.advance(round(seconds)),
        )
    for warning in timeline.warnings:
        warn(warning)
    text = timeline_text(timeline, _as_written(audio, args.out), classifier.manifest, form)
    if args.out is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # Files for other programs, whatever the locale.
            sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
        print(text, end="")
        return 0
    write_atomically(args.out, text.encode(), error=OutputFileError)
    count = len(timeline.segments)
    if not args.quiet:
        note(f"{args.out}: {count} segment{'s' if count != 1 else ''} of {audio.path}")
    return 0


def _as_written(audio: AudioFile, out: Path | None) -> Path:
    """The sound's path as a reader of the output finds it: from the folder where that lies."""
    if out is None or out.parent.resolve() == Path.cwd():
        return audio.path
    return Path(os.path.relpath(audio.path.resolve(), out.parent.resolve()))
