"""How much of a file is listened to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sampling:
    """So many excerpts of a file."""

    count: int
    seconds: float


def parse_sampling(text: str) -> Sampling | None:
    """What ``3x10s`` says; None for ``whole``."""
    if text == "whole":
        return None
    count, _, seconds = text.removesuffix("s").partition("x")
    return Sampling(int(count), float(seconds))
