"""A table of labels, added up; memory grows with the folders, not with the files in them."""

from __future__ import annotations

import heapq
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TypeVar
from urllib.parse import quote

from ...decoder import SILENCE
from ..row import Row, name_of

COLUMNS = (
    "path", "path_bytes", "seconds", "genre", "confidence", "posterior", "tags", "styles",
    "silence_share", "not_music_share", "other_share", "model", "error",
)  # fmt: skip
"""Those that are read"""
BINS = 10
"""Of the histogram of confidence"""
TAG_FROM = 0.5
"""A file has a tag that is likelier than not"""
DOUBT_BELOW = 0.5
SURE_FROM = 0.8
"""So sure a model need not be checked"""
MOST_DOUBTFUL, MOST_ERRORS = 30, 30

HERE = ""
"""Name of the files that lie in none of the folders"""


@dataclass
class Sum:
    """Files of one kind."""

    files: int = 0
    seconds: float = 0.0
    genres: dict[str, float] = field(default_factory=dict)
    """Seconds by genre"""

    def add(self, seconds: float, genre: str) -> None:
        """One more file."""
        self.files += 1
        self.seconds += seconds
        self.genres[genre] = self.genres.get(genre, 0.0) + seconds


@dataclass(frozen=True)
class Doubtful:
    """A file of whose genre the model is not sure."""

    name: str
    """As the table has it; bytes that are not UTF-8 are lone surrogates"""
    genre: str
    confidence: float
    seconds: float
    ranked: tuple[tuple[str, float], ...]
    """The likeliest genres, and how likely they are"""
    sound: str | None
    """Address of the file relative to the report; None if it is not there"""


@dataclass
class Summary:
    """What a table of labels holds."""

    labels: tuple[str, ...] = ()
    """Of the model, in its order"""
    models: Counter[str] = field(default_factory=Counter)
    total: Sum = field(default_factory=Sum)
    """Of the files that could be labelled"""
    failed: int = 0
    errors: list[tuple[str, str]] = field(default_factory=list)
    """Names and faults of the first of them"""
    genres: dict[str, Sum] = field(default_factory=dict)
    tags: dict[str, Sum] | None = None
    """None where the model has none"""
    styles: dict[str, Sum] = field(default_factory=dict)
    confidences: list[int] = field(default_factory=lambda: [0] * BINS)
    """Files by confidence, in `BINS` steps from 0 to 1; without those of silence alone"""
    doubtful: list[Doubtful] = field(default_factory=list)
    """The least sure ones"""
    unsure: int = 0
    """Files whose confidence is below `DOUBT_BELOW`"""
    folders: dict[str, Sum] = field(default_factory=dict)
    root: str = ""
    """The folder that all are in"""
    decades: dict[int, Sum] | None = None
    """None where years could not be read"""
    undated: int = 0
    silent_s: float = 0.0
    """Time of windows of silence, in files of whatever genre"""
    not_music_s: float = 0.0


@dataclass(frozen=True)
class Places:
    """Where a report looks for the files of its table."""

    report: Path
    """Folder that the report will lie in"""
    near: tuple[Path, ...]
    """Folders that names which are not whole may begin in"""

    def find(self, name: str) -> Path | None:
        """The file of that name, if it is on this machine."""
        for folder in self.near:
            try:
                if (path := folder / name).is_file():
                    return path
            except (OSError, ValueError):
                return None
        return None

    def address(self, path: Path) -> str:
        """Of a file, relative to the report, as a link has it."""
        relative = os.path.relpath(path.resolve(), self.report.resolve())
        return quote(os.fsencode(relative))


def summed(
    rows: Iterable[Row],
    labels: Sequence[str],
    places: Places,
    *,
    has_tags: bool,
    year_of: Callable[[Path], int | None] | None,
) -> Summary:
    """Add the rows of a table up.

    Parameters
    ----------
    rows : iterable of Row
        With the values of `COLUMNS`.
    labels : sequence of str
        Of the model.
    places : Places
    has_tags : bool
        Whether the model names tags.
    year_of : callable or None
        Year of a file; None where it cannot be known.
    """
    summary = Summary(tuple(labels), tags={} if has_tags else None)
    summary.decades = None if year_of is None else {}
    folders: dict[PurePath, Sum] = {}
    least_sure: list[tuple[float, int, Row]] = []  # a heap: the surest of them comes first
    for number, row in enumerate(rows):
        name = name_of(row)
        if row["error"] is not None or row["genre"] is None:
            summary.failed += 1
            if len(summary.errors) < MOST_ERRORS:
                summary.errors.append((name, str(row["error"] or "has no genre")))
            continue
        seconds, genre = float(row["seconds"] or 0.0), str(row["genre"])
        _add_row(summary, row, seconds, genre)
        folders.setdefault(PurePath(name).parent, Sum()).add(seconds, genre)
        if genre != SILENCE and _confidence(row) < SURE_FROM:
            add = heapq.heappush if len(least_sure) < MOST_DOUBTFUL else heapq.heappushpop
            add(least_sure, (-_confidence(row), -number, row))
        if summary.decades is not None and year_of is not None:
            path = places.find(name)
            year = None if path is None else year_of(path)
            if year is None:
                summary.undated += 1
            else:
                _add(summary.decades, year - year % 10, seconds, genre)
    for _, _, row in sorted(least_sure, reverse=True, key=lambda one: one[:2]):
        summary.doubtful.append(_doubtful(row, places))
    summary.root, summary.folders = _below_root(folders)
    return summary


Key = TypeVar("Key")


def _add(sums: dict[Key, Sum], key: Key, seconds: float, genre: str) -> None:
    sums.setdefault(key, Sum()).add(seconds, genre)


def _add_row(summary: Summary, row: Row, seconds: float, genre: str) -> None:
    summary.total.add(seconds, genre)
    summary.models[str(row["model"])] += 1
    _add(summary.genres, genre, seconds, genre)
    for style in row["styles"] or ():
        _add(summary.styles, style, seconds, genre)
    if summary.tags is not None:
        for tag, probability in (row["tags"] or {}).items():
            if probability >= TAG_FROM:
                _add(summary.tags, tag, seconds, genre)
    summary.silent_s += seconds * (row["silence_share"] or 0.0)
    summary.not_music_s += seconds * (row["not_music_share"] or 0.0)
    if genre != SILENCE:
        sure = _confidence(row)
        summary.confidences[min(BINS - 1, int(sure * BINS))] += 1
        summary.unsure += sure < DOUBT_BELOW


def _confidence(row: Row) -> float:
    return min(1.0, max(0.0, float(row["confidence"] or 0.0)))


def _doubtful(row: Row, places: Places) -> Doubtful:
    name = name_of(row)
    ranked = sorted((row["posterior"] or {}).items(), key=lambda item: -item[1])[:2]
    path = places.find(name)
    return Doubtful(
        name,
        str(row["genre"]),
        _confidence(row),
        float(row["seconds"] or 0.0),
        tuple(ranked),
        None if path is None else places.address(path),
    )


def _below_root(folders: dict[PurePath, Sum]) -> tuple[str, dict[str, Sum]]:
    """The folder that all files lie in, and what is in each folder right below it."""
    if not folders:
        return "", {}
    parts = [folder.parts for folder in folders]
    shared = 0
    while all(len(one) > shared and one[shared] == parts[0][shared] for one in parts):
        shared += 1
        if all(len(one) == shared for one in parts):
            break  # one folder alone
    found: dict[str, Sum] = {}
    for folder, one in folders.items():
        below = folder.parts[shared] if len(folder.parts) > shared else HERE
        whole = found.setdefault(below, Sum())
        whole.files += one.files
        whole.seconds += one.seconds
        for genre, seconds in one.genres.items():
            whole.genres[genre] = whole.genres.get(genre, 0.0) + seconds
    return str(PurePath(*parts[0][:shared])), found
