"""The year that a file's own tags give."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...errors import MissingExtraError

_FIELDS = (
    "originaldate", "originalyear", "TDOR", "TORY", "date", "TDRC", "TYER", "year", "WM/Year",
    "\xa9day",
)  # fmt: skip
"""The first one counts: of a new edition, when the music is from"""
_YEAR = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d)(?!\d)")


def year_reader() -> Callable[[Path], int | None]:
    """What reads the year of a file; None of one that cannot be read or has none.

    Raises
    ------
    MissingExtraError
        If mutagen is not installed.
    """
    try:
        import mutagen
    except ImportError:
        raise MissingExtraError("this part by decade", "tags") from None

    def year_of(path: Path) -> int | None:
        try:
            tags = mutagen.File(path, easy=True)
            return None if tags is None else _year(tags)
        except Exception:  # mutagen raises what it likes on damaged tags; the report goes on
            return None

    return year_of


def _year(tags: Any) -> int | None:
    for field in _FIELDS:
        try:
            values = tags[field]
        except (KeyError, ValueError, TypeError):  # each kind in its own way
            continue
        texts = values if isinstance(values, list) else [values]
        if found := _YEAR.search(" ".join(map(str, texts))):
            return int(found[0])
    return None
