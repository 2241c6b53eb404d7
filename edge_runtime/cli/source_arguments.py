"""The options of ``listen`` that say what to listen to, and the source that they ask for."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ..audio.file import open_audio
from ..audio.pcm import PcmFormat
from ..errors import AudioFormatError, ParameterError
from ..regular_file import is_pipe
from ..sources import Source, Stop
from ..sources.file import FileSource
from ..stderr import quiet_stderr
from . import note, warn
from .arguments import Number, Whole

_STDIN_RATE = 44_100
_MICROPHONE, _FILE = "mic", "file"
_ALSA_NAMES = ("default", "pulse", "pipewire", "jack", "sysdefault", "dsnoop", "hw", "plughw")
_ALSA_TYPES = (*_ALSA_NAMES, "front", "plug", "usbstream", "iec958", "alsa")
"""What ids of microphones are or begin with"""
_LIBRARIES = ("auto", "portaudio", "arecord")

_PIPE_OPTIONS = ("format",)
_FILE_OPTIONS = ("fast", "speed")
_MICROPHONE_OPTIONS = ("device", "capture", "fail_fast")
_PCM_OPTIONS = ("rate", "channels")


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """``--input`` and what belongs to it."""
    source = parser.add_argument_group("what to listen to")
    source.add_argument(
        "--input",
        metavar="SOURCE",
        help="mic (the default), mic:NAME (part of a name that `devices` lists, or an ALSA id such "
        'as plughw:CARD=Device), an audio file (or file:FILE), "demo", or raw PCM: - for stdin, or '
        "a named pipe",
    )
    source.add_argument("--device", metavar="NAME", help="as --input mic:NAME")
    source.add_argument("--rate", type=Whole(8000, 192_000), help="Hz, of raw PCM or microphone")
    source.add_argument(
        "--channels",
        type=Whole(1, 64),
        help="of raw PCM or microphone (default 1, or those that the microphone has)",
    )
    source.add_argument(
        "--format",
        choices=[str(name) for name in PcmFormat],
        help="sample format of raw PCM, as arecord names it (default S16_LE)",
    )
    source.add_argument(
        "--capture",
        choices=_LIBRARIES,
        help="library that records the microphone (default auto: PortAudio where it is installed)",
    )
    source.add_argument(
        "--fail-fast",
        action="store_true",
        help="end with exit code 4 where the microphone is missing or lost, instead of waiting",
    )
    pace = source.add_mutually_exclusive_group()
    pace.add_argument("--fast", action="store_true", help="play a file as fast as it is classified")
    pace.add_argument(
        "--speed", type=Number(0.1, 1000.0), help="play a file this much faster (default 1)"
    )


@contextmanager
def open_source(args: argparse.Namespace, stop: Stop) -> Iterator[Source]:
    """The source that the options ask for; a microphone is closed at the end.

    Raises
    ------
    EdgeGenreError
        If it cannot be opened; a microphone that is missing is waited for in `chunks`.
    """
    path = file_of(args.input)
    if path is not None and is_pipe(path):
        with _pipe(args, path) as pipe:
            yield pipe
    elif path is not None:
        yield _file(args, path)
    elif args.input == "-":
        yield _stdin(args)
    else:
        _, colon, name = (args.input or _MICROPHONE).partition(":")
        if colon and not name:
            raise ParameterError("--input mic: names no microphone; see: edge-genre devices")
        with _microphone(args, name or None, stop) as microphone:
            yield microphone


def file_of(source: str | None) -> Path | None:
    """The file that ``--input`` names; None where it is a microphone or stdin.

    Raises
    ------
    ParameterError
        If there is no such file, and it is rather the name of a microphone or an address.
    """
    if source is None or source == "-":
        return None
    if not source:
        raise ParameterError("--input is empty; name a microphone or a file, or leave it out")
    kind, colon, name = source.partition(":")
    if kind == _MICROPHONE:
        return None
    if colon and kind == _FILE:
        if not name:
            raise ParameterError(f"--input {source} names no file")
        return Path(name)
    path = Path(source)
    if not os.path.lexists(source):
        if name.startswith("//"):
            raise ParameterError(
                f"--input {source}: is an address; have ffmpeg fetch it: ffmpeg -i {source} "
                "-f s16le -ac 1 -ar 44100 - | edge-genre listen --input -"
            )
        if source in _ALSA_NAMES or (kind in _ALSA_TYPES and name):
            raise ParameterError(
                f"--input {source}: there is no such file; did you mean mic:{source}?"
            )
    return path


@contextmanager
def _microphone(args: argparse.Namespace, name: str | None, stop: Stop) -> Iterator[Source]:
    _refuse(args, "the microphone", (*_PIPE_OPTIONS, *_FILE_OPTIONS))
    from ..sources.device_names import is_numbered
    from ..sources.microphone import AUTO, Microphone
    from ..sources.reconnect import ReconnectingMicrophone

    device = args.device or name
    if name is not None and device != name:
        raise ParameterError(f"--device {device} and --input mic:{name} are not the same; drop one")
    typed = _MICROPHONE if device is None else f"{_MICROPHONE}:{device}"
    if device is not None and is_numbered(device):
        warn(
            f"{typed}: numbers of sound cards change when the machine starts or something is "
            "plugged in; hw:CARD=NAME does not (see: edge-genre devices)"
        )
    microphone = ReconnectingMicrophone(
        Microphone(device, args.rate, args.channels, args.capture or AUTO).open,
        name=typed,
        rate=args.rate,
        channels=args.channels,
        fail_fast=args.fail_fast,
    )
    # For as long as it runs: a driver that hangs may print at any time.
    with quiet_stderr(), closing(microphone):
        microphone.begin(stop)
        yield microphone


def _stdin(args: argparse.Namespace) -> Source:
    _refuse_for_pcm(args)
    if sys.stdin is None:
        raise AudioFormatError("stdin is closed; pipe raw PCM into it")
    return _raw(args, sys.stdin.fileno(), "stdin")


@contextmanager
def _pipe(args: argparse.Namespace, path: Path) -> Iterator[Source]:
    _refuse_for_pcm(args)
    try:
        # Opening it would wait for a writer, deaf to Ctrl-C; the source waits, and is not.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise AudioFormatError(f"{path}: cannot be opened ({error.strerror})") from None
    try:
        os.set_blocking(descriptor, True)
        source = _raw(args, descriptor, path.name)
        kind = args.format or PcmFormat.S16_LE
        note(
            f"{path}: is a pipe; it is read as raw PCM, {kind}, {source.rate} Hz, "
            f"{source.channels} channel(s), as soon as something is written into it"
        )
        yield source
    finally:
        os.close(descriptor)


def _refuse_for_pcm(args: argparse.Namespace) -> None:
    _refuse(args, f"--input {args.input}", (*_MICROPHONE_OPTIONS, *_FILE_OPTIONS))


def _raw(args: argparse.Namespace, descriptor: int, name: str) -> Source:
    from ..sources.raw import RawSource

    return RawSource(
        descriptor,
        rate=args.rate or _STDIN_RATE,
        channels=args.channels or 1,
        sample_format=PcmFormat(args.format or PcmFormat.S16_LE),
        name=name,
    )


def _file(args: argparse.Namespace, path: Path) -> Source:
    _refuse(
        args, "a file, which has its own", (*_MICROPHONE_OPTIONS, *_PCM_OPTIONS, *_PIPE_OPTIONS)
    )
    audio = open_audio(path)
    if audio.warning:
        warn(audio.warning)
    return FileSource(audio, speed=None if args.fast else args.speed or 1.0)


def _refuse(args: argparse.Namespace, what: str, options: tuple[str, ...]) -> None:
    """Refuse options that would have no effect."""
    for option in options:
        if getattr(args, option):
            dashed = option.replace("_", "-")
            raise ParameterError(f"--{dashed} has no meaning for {what}; leave it out")
