"""``edge-genre listen``: what is playing, live."""

from __future__ import annotations

import argparse
import dataclasses
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ..audio_file import open_audio
from ..display import choose_display
from ..errors import AudioFormatError, ParameterError
from ..events import Event
from ..listener import LoadedModel, answers
from ..listening import Listening
from ..pcm import PcmFormat
from ..sinks import Several, Sink
from ..sources import Source
from ..sources.file import FileSource
from ..stream import ClassifierStream
from . import INTERRUPTED, warn
from .arguments import Number, Whole, add_model_arguments
from .http_arguments import add_http_arguments, open_page
from .model_reload import ModelReload
from .sink_arguments import add_sink_arguments, open_sinks

HELP = "tell, live, what a microphone, a file or a pipe plays"

_STDIN_RATE = 44_100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = (
        "examples:\n"
        "  edge-genre listen                                   the default microphone\n"
        "  edge-genre listen --input song.ogg                  a file, in real time\n"
        "  edge-genre listen --input song.ogg --fast --json    ... at once, as JSON lines\n"
        "  arecord -f S16_LE -r 48000 -c 1 -t raw | edge-genre listen --input - --rate 48000\n"
    )
    source = parser.add_argument_group("what to listen to")
    source.add_argument(
        "--input", metavar="FILE", help='an audio file, "demo", or - for raw PCM on stdin'
    )
    source.add_argument("--device", metavar="NAME", help="a microphone that `devices` lists")
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
    add_model_arguments(parser)
    parser.add_argument(
        "--interval", type=Number(0.02, 3600.0), metavar="SECONDS", help="time between answers"
    )
    parser.add_argument("--json", action="store_true", help="JSON lines instead of a display")
    add_sink_arguments(parser)
    add_http_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Listen until the source ends (exit code 0), SIGTERM (0) or Ctrl-C (130)."""
    with _heeding_signals() as signals:
        model = ModelReload(args)
        classifier, settings = model.first.classifier, model.first.settings
        source = _source(args)
        listening = Listening(
            source=source.name,
            manifest=classifier.manifest,
            interval_s=settings.interval_s,
            seconds=source.seconds,
        )
        page = open_page(args, listening)
        stream = ClassifierStream(
            classifier,
            rate=source.rate,
            channels=source.channels,
            settings=settings,
            on_window=page.hear if page else None,
        )
        if stream.warning:
            warn(f"{source.name}: {stream.warning}")
        others: list[Sink] = [page] if page else []
        others += open_sinks(args, listening)
        sink = Several([choose_display(listening, json_lines=args.json), *others])

        def new_model() -> LoadedModel | None:
            return model.load(asked=signals.hung_up())

        try:
            last = None
            for event in answers(source, stream, signals, new_model):
                if stream.classifier.manifest is not listening.manifest:
                    listening = dataclasses.replace(
                        listening,
                        manifest=stream.classifier.manifest,
                        interval_s=stream.interval_s,
                    )
                    sink.describe(listening)
                sink.show(event)
                last = event
        finally:
            sink.close()
    if last is not None:
        _warn_of_faults(source.name, last)
    elif not signals.is_set():
        raise AudioFormatError(f"{source.name}: no sound arrived; check what feeds it")
    return INTERRUPTED if signals.ending == signal.SIGINT else 0


def _warn_of_faults(name: str, last: Event) -> None:
    if last.padded:
        warn(
            f"{name}: {last.end - last.start:.2f} s of sound are less than the model's window and "
            "were repeated to fill it, so trust the answer less"
        )
    if last.non_finite_samples:
        warn(
            f"{name}: {last.non_finite_samples} samples were NaN, infinite or absurdly large; they "
            "were taken as zero"
        )
    if last.dropped_samples:
        warn(
            f"{name}: {last.dropped_samples} samples were lost because this machine was too slow; "
            "they were taken as zero. Try a longer --interval"
        )


def _source(args: argparse.Namespace) -> Source:
    if args.input is None:
        _refuse(args, "the microphone", ("format", "fast", "speed"))
        from ..sources.microphone import open_microphone

        return open_microphone(args.device, args.rate, args.channels)
    if args.input == "-":
        _refuse(args, "--input -", ("device", "fast", "speed"))
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
    _refuse(args, "a file, which says so itself", ("device", "rate", "channels", "format"))
    audio = open_audio(args.input)
    if audio.warning:
        warn(audio.warning)
    return FileSource(audio, speed=None if args.fast else args.speed or 1.0)


def _refuse(args: argparse.Namespace, what: str, options: tuple[str, ...]) -> None:
    """Options that would have no effect are a mistake, not a detail to pass over."""
    for option in options:
        if getattr(args, option):
            raise ParameterError(f"--{option} has no meaning for {what}; leave it out")


class _Signals:
    """What signals asked for; a stop flag for sources.

    Plain attributes, not a `threading.Event`: the handler runs between any two instructions of
    the main thread, and would wait for ever for a lock that the main thread holds.
    """

    ending: int | None = None
    """The signal that ends the loop"""
    _hung_up = False

    def is_set(self) -> bool:
        """Whether it is time to end."""
        return self.ending is not None

    def hung_up(self) -> bool:
        """Whether SIGHUP came since this was asked before: the model is to be loaded again."""
        if not self._hung_up:
            return False
        self._hung_up = False
        return True

    def handle(self, number: int, _: FrameType | None) -> None:
        """Remember a signal."""
        if number in _ENDING:
            self.ending = number
        else:
            self._hung_up = True


_ENDING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def _heeding_signals() -> Iterator[_Signals]:
    """Ctrl-C and SIGTERM end the loop between two chunks, never in the middle of a line."""
    signals = _Signals()
    heeded = [*_ENDING, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    previous = {number: signal.signal(number, signals.handle) for number in heeded}
    try:
        yield signals
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
