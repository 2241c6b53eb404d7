"""How much of each file of a library is listened to."""

from __future__ import annotations

import re

from ..audio.sampling import Sampling
from ..errors import ParameterError

__all__ = ["DEFAULT_SAMPLING", "LONG_S", "WHOLE", "Sampling", "default_sampling", "parse_sampling"]

WHOLE = "whole"
DEFAULT_SAMPLING = Sampling(3, 10.0)
LONG_S = 120.0
"""Files that are longer are sampled, unless the user wants another rule."""


def parse_sampling(text: str) -> Sampling | None:
    """What ``3x10s`` says; None for ``whole``.

    Raises
    ------
    ParameterError
        If it says neither, or the numbers make no sense.

    Examples
    --------
    >>> parse_sampling("5x6s")
    Sampling(count=5, seconds=6.0)
    >>> parse_sampling("whole")
    """
    if text.strip().lower() == WHOLE:
        return None
    found = re.fullmatch(
        r"\s*([0-9]{1,9})\s*[x×*]\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*s?\s*", text.lower()
    )
    if found is None:
        raise ParameterError(
            f"sample is {text!r}; write the number of excerpts and their length, such as "
            f"{DEFAULT_SAMPLING}, or {WHOLE}"
        )
    return Sampling(int(found[1]), float(found[2]))


def default_sampling(total_s: float) -> Sampling | None:
    """What is listened to of a file of that length; None for the whole of it."""
    return DEFAULT_SAMPLING if total_s > LONG_S else None
