"""What a model answers to music of no genre that it knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_runtime import Classification, Classifier
from edge_runtime.audio.folder import AudioFiles
from edge_runtime.decoder import NOT_MUSIC, OTHER, SILENCE, UNKNOWN
from edge_runtime.errors import AudioFormatError, DataSetError, MissingExtraError
from edge_runtime.printable import printable_lines

from ..progress import progress

CONFIDENT = 0.5
"""A genre with so much of the posterior is one that the model is sure of"""

_NO_GENRE = (OTHER, NOT_MUSIC, UNKNOWN, SILENCE)


@dataclass(frozen=True)
class Answers:
    """Answers to the files of a folder, as shares of them."""

    n_tracks: int
    other: float
    not_music: float
    unknown: float
    silence: float
    genre: float
    """Any genre at all: each is wrong"""
    confident_genre: float
    """A genre with a posterior of `CONFIDENT` or more"""
    genres: dict[str, int]
    """Tracks by the genre that they were given, the most frequent first"""


@dataclass(frozen=True)
class Outside:
    """Answers to music from outside the genres."""

    total: Answers
    folders: dict[str, Answers]
    """By folder right below; files that lie beside those are of ``.``"""
    tracks: tuple[tuple[str, Classification], ...]
    """By path relative to the folder"""
    skipped: tuple[str, ...]
    """Why a file was left out, one line each"""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "n_tracks": self.total.n_tracks,
            "n_skipped": len(self.skipped),
            "skipped": list(self.skipped),
            "confident": CONFIDENT,
            "total": vars(self.total),
            "folders": {name: vars(own) for name, own in self.folders.items()},
            "tracks": [
                {
                    "id": name,
                    "answer": found.label,
                    "posterior": {label: round(p, 4) for label, p in found.posterior.items()},
                    "style": found.style,
                }
                for name, found in self.tracks
            ],
        }


def evaluate_outside(classifier: Classifier, folder: Path, found: AudioFiles) -> Outside:
    """Classify every audio file below a folder of music of no genre that the model knows.

    Parameters
    ----------
    classifier : Classifier
    folder : Path
    found : AudioFiles
        Below it.

    Raises
    ------
    DataSetError
        If there is no audio file, or none could be read.
    """
    if not found.files:
        raise DataSetError(f"{folder}: holds no audio files; name a folder of music")
    skipped: list[str] = []
    tracks: list[tuple[str, Classification]] = []
    for path in progress(found.files, total=len(found.files), label="classify"):
        try:
            tracks.append((path.relative_to(folder).as_posix(), classifier.classify(path)))
        except MissingExtraError:
            raise  # a whole format would be missing from the figures
        except AudioFormatError as error:
            skipped.append(str(error))
    if not tracks:
        raise DataSetError(f"none of the {len(skipped)} files can be used; the first: {skipped[0]}")
    by_folder: dict[str, list[Classification]] = defaultdict(list)
    for name, classification in tracks:
        by_folder[name.split("/")[0] if "/" in name else "."].append(classification)
    genres = classifier.manifest.genres
    return Outside(
        _answers(genres, [classification for _, classification in tracks]),
        {name: _answers(genres, own) for name, own in by_folder.items()},
        tuple(tracks),
        tuple(skipped),
    )


def outside_text(outside: Outside) -> str:
    """A table, folder by folder."""
    rows = {**outside.folders, "all": outside.total} if len(outside.folders) > 1 else {}
    rows = rows or {"all": outside.total}
    width = max(len("folder"), *map(len, rows))
    sure = f"{CONFIDENT:g} or more"
    lines = [
        f"{'':<{width}}         share answered                                a genre with",
        f"{'folder':<{width}}  tracks  other  not music  unknown  silence  a genre  {sure}  genres",
    ]
    for name, own in rows.items():
        genres = ", ".join(f"{genre} {n}" for genre, n in own.genres.items())
        lines.append(
            f"{name:<{width}}  {own.n_tracks:>6}  {own.other:>5.3f}  {own.not_music:>9.3f}  "
            f"{own.unknown:>7.3f}  {own.silence:>7.3f}  {own.genre:>7.3f}  "
            f"{own.confident_genre:>11.3f}  {genres}".rstrip()
        )
    return printable_lines("\n".join(lines))


def _answers(genres: Sequence[str], found: Sequence[Classification]) -> Answers:
    n = len(found)
    counts = {name: sum(own.label == name for own in found) for name in (*genres, *_NO_GENRE)}
    confident = sum(own.label in genres and own.posterior[own.label] >= CONFIDENT for own in found)
    named = {genre: counts[genre] for genre in genres if counts[genre]}
    return Answers(
        n_tracks=n,
        other=counts[OTHER] / n,
        not_music=counts[NOT_MUSIC] / n,
        unknown=counts[UNKNOWN] / n,
        silence=counts[SILENCE] / n,
        genre=sum(named.values()) / n,
        confident_genre=confident / n,
        genres=dict(sorted(named.items(), key=lambda item: (-item[1], item[0]))),
    )
