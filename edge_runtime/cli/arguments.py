"""Arguments that several commands share."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Collection, Sequence

from ..audio.mixdown import LOUDEST, MIX, Channel, channel_of
from ..errors import ParameterError
from ..model.manifest import Manifest
from ..tags import SHOWN_TAGS

MAX_THREADS = 64

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}


def duration_s(text: str, units: str) -> float | None:
    """Seconds of ``90m`` or ``1.5h``; None if it is no such thing, infinite if it is too long.

    Parameters
    ----------
    text : str
    units : str
        Those that may be used, of ``smhdw``.
    """
    found = re.fullmatch(rf"([0-9]+(?:\.[0-9]+)?)([{units}])", text)
    return float(found[1]) * _UNITS[found[2]] if found else None


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """``--model`` and ``--threads``."""
    parser.add_argument(
        "--model",
        metavar="FILE",
        help="a .tflite, .onnx or .npz model, or one that ships: tiny (default), base, plus or "
        "seed-cnn",
    )
    add_threads_argument(parser)


def add_threads_argument(parser: argparse.ArgumentParser) -> None:
    """``--threads``."""
    parser.add_argument(
        "--threads", type=Whole(1, MAX_THREADS), default=1, help="inference threads (default 1)"
    )


def add_channel_argument(parser: argparse._ActionsContainer) -> None:
    """``--channel``."""
    parser.add_argument(
        "--channel",
        type=_channel,
        default=MIX,
        metavar=f"N|{MIX}|{LOUDEST}",
        help="which of several channels is used: its number, from 1 on; mix (default), the loudest "
        "one where mixing cancels the sound; or always the loudest",
    )


def _channel(text: str) -> Channel:
    try:
        return channel_of(text)
    except ParameterError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def add_tags_argument(parser: argparse._ActionsContainer, otherwise: str) -> None:
    """``--tags``; `otherwise` is what happens without it."""
    parser.add_argument(
        "--tags",
        type=Whole(1),
        metavar="N",
        help="how many of the model's tags (kinds of music, moods, voices ...) are printed, the "
        f"likeliest ones ({otherwise})",
    )


def shown_tags(args: argparse.Namespace, manifest: Manifest) -> int:
    """How many tags are printed.

    Raises
    ------
    ParameterError
        If the user asks for more than the model has.
    """
    if args.tags is None:
        return SHOWN_TAGS
    n = len(manifest.tags)
    if not n:
        raise ParameterError(
            f"--tags is {args.tags}, but the model {manifest.name} has no tags; leave the option "
            "out, or use a model that has some (edge-genre info tells)"
        )
    if args.tags > n:
        raise ParameterError(
            f"--tags is {args.tags}; it must be from 1 to {n}, as many as the model "
            f"{manifest.name} has"
        )
    return int(args.tags)


class Whole:
    """An argparse type: a whole number from `low` to `high`, or from `low` on."""

    def __init__(self, low: int, high: int | None = None) -> None:
        self.low, self.high = low, high
        self._range = f"from {low} " + ("on" if high is None else f"to {high}")

    def __call__(self, text: str) -> int:
        """The number; argparse reports the message of the error."""
        try:
            value = int(text)
        except ValueError:
            value = self.low - 1
        if value < self.low or (self.high is not None and value > self.high):
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number {self._range}")
        return value


class Names:
    """An argparse type: names, between commas; a backslash keeps a comma or a backslash."""

    def __call__(self, text: str) -> tuple[str, ...]:
        """The names; argparse reports the message of the error."""
        parts = [""]
        for piece in re.findall(r"\\[\\,]|[^\\,]+|.", text, re.DOTALL):
            if piece == ",":
                parts.append("")
            else:
                parts[-1] += piece[1] if piece in ("\\,", "\\\\") else piece
        names = tuple(filter(None, map(str.strip, parts)))
        if not names:
            raise argparse.ArgumentTypeError(f"{text!r} names nothing")
        return names

    @staticmethod
    def join(names: Sequence[str]) -> str:
        """The text that has these names."""
        return ",".join(re.sub(r"[\\,]", r"\\\g<0>", name) for name in names)


def known_names(names: Sequence[str], known: Collection[str]) -> tuple[str, ...]:
    """Names, of which neighbours become one again where they were one: a genre may have commas.

    Parameters
    ----------
    names : sequence of str
        What `Names` made of ``Folk, World, & Country,jazz``.
    known : collection of str
        Names that there are.

    Returns
    -------
    tuple of str
        Known ones where they fit, the longest first; the others as they are.
    """
    by_spelling = {_one_spelling(name): name for name in known}
    found: list[str] = []
    first = 0
    while first < len(names):
        for last in range(len(names), first, -1):
            name = by_spelling.get(_one_spelling(",".join(names[first:last])))
            if name is not None or last == first + 1:
                found.append(names[first] if name is None else name)
                first = last
                break
    return tuple(found)


def _one_spelling(name: str) -> str:
    return re.sub(r"\s*,\s*", ",", name.strip())


class Number:
    """An argparse type: a number from `low` to `high`, or to `below`."""

    def __init__(self, low: float, high: float = math.inf, *, below: float | None = None) -> None:
        self.low, self.high = low, high if below is None else math.nextafter(below, low)
        self._range = f"from {low:g} to " + (f"{high:g}" if below is None else f"below {below:g}")

    def __call__(self, text: str) -> float:
        """The number; argparse reports the message of the error."""
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not self.low <= value <= self.high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number {self._range}")
        return value
