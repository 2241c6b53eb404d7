"""``edge-genre listen``: what is playing, live."""

from __future__ import annotations

import argparse
import dataclasses
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from ..errors import AudioFormatError
from ..service.notify import ServiceManager
from ..sinks import Several, Sink
from ..sinks.terminal import choose_display
from ..sinks.timings import Timings
from ..stream.classifier_stream import ClassifierStream
from ..stream.event import Event
from ..stream.loop import LoadedModel, events_of
from ..stream.session import Session
from ..tags import SHOWN_TAGS
from . import warn
from .arguments import add_channel_argument, add_model_arguments, add_tags_argument, shown_tags
from .config_file import add_config_arguments, parse
from .decoder_arguments import add_decoder_arguments
from .http_arguments import add_http_arguments, open_page
from .log_handler import LEVELS, set_level
from .model_reload import ModelReload
from .signals import handled_signals
from .sink_arguments import add_sink_arguments, open_sinks
from .source_arguments import add_source_arguments, file_of, open_source

__all__ = ["HELP", "add_arguments", "parse", "run"]

HELP = "show the genre of live sound: a microphone, a file or a pipe"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = (
        "examples:\n"
        "  edge-genre listen                                   the default microphone\n"
        "  edge-genre listen --input mic:snowball              another one, by part of its name\n"
        "  edge-genre listen --input song.ogg                  a file, in real time\n"
        "  edge-genre listen --input song.ogg --fast --json    ... at once, as JSON lines\n"
        "  arecord -f S16_LE -r 48000 -c 1 -t raw | edge-genre listen --input - --rate 48000\n"
        "  ffmpeg -i rtsp://camera/live -f s16le -ac 1 -ar 48000 - | edge-genre listen --input - "
        "--rate 48000\n"
    )
    add_source_arguments(parser)
    add_channel_argument(parser)
    add_model_arguments(parser)
    add_decoder_arguments(parser)
    parser.add_argument("--json", action="store_true", help="JSON lines instead of a display")
    add_tags_argument(parser, f"without it: {SHOWN_TAGS} in JSON lines, none in text")
    parser.add_argument(
        "--log-level",
        choices=list(LEVELS),
        default="info",
        help="what is written on stderr: errors alone, warnings, notes (default), details",
    )
    add_sink_arguments(parser)
    add_http_arguments(parser)
    add_config_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Listen until the source ends (exit code 0), SIGTERM or a hangup (0), or Ctrl-C (130)."""
    set_level(args.log_level)
    with handled_signals() as signals, ExitStack() as opened:
        opened.enter_context(_microphone_faults_in_status(signals.manager))
        model = ModelReload(args)
        classifier, settings = model.first.classifier, model.first.settings
        if signals.is_set():
            return signals.exit_code
        if args.channels is None and isinstance(args.channel, int) and _is_microphone(args.input):
            args.channels = args.channel  # it must have so many at least
        source = opened.enter_context(open_source(args, signals))
        if signals.is_set():
            return signals.exit_code
        session = Session(
            source=source.name,
            manifest=classifier.manifest,
            interval_s=settings.interval_s,
            seconds=source.seconds,
        )
        page = open_page(args, session)
        try:
            stream = ClassifierStream(
                classifier,
                rate=source.rate,
                channels=source.channels,
                channel=args.channel,
                settings=settings,
                on_window=page.take_sound if page else None,
                shown_tags=shown_tags(args, classifier.manifest),
            )
        except AudioFormatError as error:
            raise AudioFormatError(f"{source.name}: {error}") from None
        if stream.warning:
            warn(f"{source.name}: {stream.warning}")
        others: list[Sink] = [page] if page else []
        others += open_sinks(args, session)
        if args.log_level == "debug":
            others.append(Timings())
        display = choose_display(session, json_lines=args.json, tags=args.tags or 0)
        # The service manager first: it learns of the end before slow sinks are closed.
        sink = Several([signals.manager, display], slow=others)

        def new_model() -> LoadedModel | None:
            return model.load(requested=signals.hung_up())

        signals.manager.ready(source.name)
        try:
            last = None
            for event in events_of(source, stream, signals, new_model):
                if stream.classifier.manifest is not session.manifest:
                    session = dataclasses.replace(
                        session, manifest=stream.classifier.manifest, interval_s=stream.interval_s
                    )
                    sink.describe(session)
                sink.show(event)
                for warning in stream.take_warnings():
                    warn(f"{source.name}: {warning}")
                last = event
        finally:
            sink.close()
    if last is not None:
        _warn_of_faults(source.name, last)
    elif not signals.is_set():
        raise AudioFormatError(f"{source.name}: no sound arrived; check what feeds it")
    return signals.exit_code


def _is_microphone(source: str | None) -> bool:
    return source != "-" and file_of(source) is None


class _StatusHandler(logging.Handler):
    def __init__(self, manager: ServiceManager) -> None:
        super().__init__()
        self._manager = manager

    def emit(self, record: logging.LogRecord) -> None:
        self._manager.report(record.getMessage())


@contextmanager
def _microphone_faults_in_status(manager: ServiceManager) -> Iterator[None]:
    """What is logged of the microphone is the status of the service, too."""
    sources, handler = logging.getLogger("edge_runtime.sources"), _StatusHandler(manager)
    sources.addHandler(handler)
    try:
        yield
    finally:
        sources.removeHandler(handler)


def _warn_of_faults(name: str, last: Event) -> None:
    if last.padded:
        warn(
            f"{name}: {last.end - last.start:.2f} s of sound are less than the model's window and "
            "were repeated to fill it, so trust the genre less"
        )
    if last.non_finite_samples:
        warn(
            f"{name}: {last.non_finite_samples} samples were NaN, infinite or absurdly large, or "
            "could not be decoded; they were taken as zero"
        )
    if last.dropped_samples:
        warn(
            f"{name}: {last.dropped_samples} samples were lost because this machine was too slow; "
            "they were taken as zero. Try a longer --interval"
        )
