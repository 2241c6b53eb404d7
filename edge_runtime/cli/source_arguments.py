"""The options of ``listen`` that say what to listen to, and the source that they ask for."""

from __future__ import annotations

import argparse
import sys

from ..audio_file import open_audio
from ..errors import AudioFormatError, ParameterError
from ..pcm import PcmFormat
from ..sources import Source
from ..sources.file import FileSource
from . import warn
from .arguments import Number, Whole

_STDIN_RATE = 44_100
_MICROPHONE_RATE = 48_000
"""Expected of a microphone that is not there yet, hertz"""


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """``--input``, ``--device`` and what belongs to them."""
    source = parser.add_argument_group("what to listen to")
    source.add_argument(
        "--input",
        metavar="SOURCE",
        help='mic (the default), mic:NAME, an audio file, "demo", or - for raw PCM on stdin',
    )
    source.add_argument(
        "--device", metavar="NAME", help="a microphone that `devices` lists; the same as mic:NAME"
    )
    source.add_argument(
        "--capture",
        choices=["auto", "portaudio", "arecord"],
        help="how to reach the microphone (default auto: PortAudio, else arecord)",
    )
    source.add_argument(
        "--fail-fast",
        action="store_true",
        help="end with exit code 4 where the microphone is missing or lost, instead of waiting",
    )
    source.add_argument("--rate", type=Whole(8000, 192_000), help="Hz, of stdin or microphone")
    source.add_argument("--channels", type=Whole(1, 64), help="of stdin or microphone (default 1)")
    source.add_argument(
        "--format",
        choices=[str(name) for name in PcmFormat],
        help="sample format of stdin, as arecord names it (default S16_LE)",
    )
    pace = source.add_mutually_exclusive_group()
    pace.add_argument("--fast", action="store_true", help="play a file as fast as it is classified")
    pace.add_argument(
        "--speed", type=Number(0.1, 1000.0), help="play a file this much faster (default 1)"
    )


def open_source(args: argparse.Namespace) -> Source:
    """The source that the options ask for.

    Raises
    ------
    ParameterError
        If options do not belong together.
    EdgeGenreError
        If it cannot be opened, and waiting is not wanted or would not help.
    """
    kind, _, name = (args.input or "mic").partition(":")
    if kind == "mic":
        _refuse(args, "a microphone", ("format", "fast", "speed"))
        if name and args.device not in (None, name):
            raise ParameterError(f"--input {args.input} and --device {args.device} are two devices")
        return _microphone(args, name or args.device)
    if args.input == "-":
        _refuse(args, "--input -", ("device", "capture", "fail_fast", "fast", "speed"))
        if sys.stdin is None:
            raise AudioFormatError("stdin is closed; pipe raw PCM into it")
        from ..sources.raw import RawSource

        return RawSource(
            sys.stdin.fileno(),
            rate=args.rate or _STDIN_RATE,
            channels=args.channels or 1,
            sample_format=PcmFormat(args.format or PcmFormat.S16_LE),
            name="stdin",
        )
    _refuse(
        args,
        "a file, which says so itself",
        ("device", "capture", "fail_fast", "rate", "channels", "format"),
    )
    audio = open_audio(name if kind == "file" and name else args.input)
    if audio.warning:
        warn(audio.warning)
    return FileSource(audio, speed=None if args.fast else args.speed or 1.0)


def _microphone(args: argparse.Namespace, device: str | None) -> Source:
    from ..sources.microphone import Capture, Wish, open_microphone
    from ..sources.watchdog import WatchedMicrophone

    wish = Wish(
        device=device,
        rate=args.rate,
        channels=args.channels or 1,
        capture=Capture(args.capture or Capture.AUTO),
    )
    if args.fail_fast:
        return open_microphone(wish)
    opened = False

    def open_again() -> Source:
        nonlocal opened
        again, opened = opened, True
        return open_microphone(wish, again=again)

    return WatchedMicrophone(
        open_again,
        name=device or "default",
        rate=args.rate or _MICROPHONE_RATE,
        channels=wish.channels,
        report=warn,
    )


def _refuse(args: argparse.Namespace, what: str, options: tuple[str, ...]) -> None:
    """Options that would have no effect are a mistake, not a detail to pass over."""
    for option in options:
        if getattr(args, option):
            dashed = option.replace("_", "-")
            raise ParameterError(f"--{dashed} has no meaning for {what}; leave it out")
