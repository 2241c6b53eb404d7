"""Arguments that several commands share."""

from __future__ import annotations

import argparse

from ..audio.mixdown import LOUDEST, MIX, Channel, channel_of
from ..errors import ParameterError

MAX_THREADS = 64


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """``--model`` and ``--threads``."""
    parser.add_argument(
        "--model",
        metavar="FILE",
        help="a .tflite, .onnx or .npz model, or one that ships: tiny (default), base or seed-cnn",
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


class Whole:
    """An argparse type: a whole number from `low` to `high`."""

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high

    def __call__(self, text: str) -> int:
        """The number; argparse reports the message of the error."""
        try:
            value = int(text)
        except ValueError:
            value = self.low - 1
        if not self.low <= value <= self.high:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number from {self.low} to {self.high}"
            )
        return value


class Names:
    """An argparse type: names, between commas."""

    def __call__(self, text: str) -> tuple[str, ...]:
        """The names; argparse reports the message of the error."""
        names = tuple(filter(None, (name.strip() for name in text.split(","))))
        if not names:
            raise argparse.ArgumentTypeError(f"{text!r} names nothing")
        return names


class Number:
    """An argparse type: a number from `low` to `high`."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    def __call__(self, text: str) -> float:
        """The number; argparse reports the message of the error."""
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not self.low <= value <= self.high:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a number from {self.low:g} to {self.high:g}"
            )
        return value
