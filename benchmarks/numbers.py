"""Numbers on command lines."""

from __future__ import annotations

import argparse


def whole(text: str) -> int:
    """How often something is to be done; for argparse's ``type``."""
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 10000")
    return int(text)
