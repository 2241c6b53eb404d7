"""``edge-genre classify``: the genre of audio files."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence

from ..audio.file import EXTENSIONS, resolve
from ..audio.folder import find_audio
from ..classification import Classification
from ..classifier import Classifier
from ..decoder import UNKNOWN
from ..errors import AudioFormatError, MissingExtraError
from ..printable import printable, printable_json
from ..sinks.terminal import bar, clock
from ..tags import SHOWN_TAGS, first
from . import report, warn
from .arguments import add_channel_argument, add_model_arguments, add_tags_argument, shown_tags

HELP = "tell the genre of audio files"

_RUNNERS_UP = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help='audio files, and folders of them; "demo" is the clip that ships',
    )
    add_channel_argument(parser)
    add_model_arguments(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object a file, a line each")
    add_tags_argument(parser, f"without it: {SHOWN_TAGS} in JSON, none in text")


def run(args: argparse.Namespace) -> int:
    """Classify each file; a bad one is reported and the others go on."""
    classifier = Classifier(args.model, threads=args.threads)
    n_tags = shown_tags(args, classifier.manifest)
    code = 0
    found = list(_found(args.files))
    width = max((len(printable(path)) for path in found if isinstance(path, str)), default=0)
    for path in found:
        try:
            if isinstance(path, AudioFormatError):
                raise path
            result = classifier.classify(path, channel=args.channel)
        except (AudioFormatError, MissingExtraError) as error:
            report(error)
            code = max(code, error.exit_code)
            continue
        except OSError as error:  # in the middle of a file: a network folder that was lost
            code = max(code, report(AudioFormatError(f"{path}: {error.strerror or error}")))
            continue
        for warning in result.warnings:
            warn(warning)
        if args.json:
            line = printable_json(json.dumps(result.to_dict(n_tags), ensure_ascii=False))
        else:
            tags = {} if args.tags is None else first(result.tags, n_tags)
            line = _line(printable(path), result, width, tags)
        print(line, flush=True)
    return code


def _found(named: Sequence[str]) -> Iterator[str | AudioFormatError]:
    """The files, those of folders in a fixed order; an error in place of a folder without any."""
    for name in named:
        folder = resolve(name)
        if not folder.is_dir():
            yield name
            continue
        audio = find_audio(folder)
        for warning in audio.warnings(folder):
            warn(warning)
        if not audio.files:
            yield AudioFormatError(
                f"{name}: there are no audio files in this folder ({', '.join(EXTENSIONS)})"
            )
        yield from map(str, audio.files)


def _line(path: str, result: Classification, width: int, tags: dict[str, float]) -> str:
    ranked = sorted(result.posterior.items(), key=lambda item: -item[1])
    if result.confidence > 0.0:
        others = ", ".join(f"{label} {p:.0%}" for label, p in ranked[1 : 1 + _RUNNERS_UP])
        # The confidence of "unknown" is that of the likeliest genre, so that one is named.
        named = f" {ranked[0][0]}," if result.label == UNKNOWN else "  "
        sure = f"{bar(result.confidence)} {result.confidence:>4.0%}{named} then {others}"
        beside = [text for text in (result.style, result.mood) if text]
        for words in (beside, [f"{tag} {p:.0%}" for tag, p in tags.items()]):
            sure += f"; {', '.join(words)}" if words else ""
    else:
        sure = "no sound above the silence gate"
    n = len(result.windows)
    windows = f"{n} window{'s' if n != 1 else ''}"
    return f"{path:<{width}}  {result.label:<10} {sure}  ({clock(result.seconds)}, {windows})"
