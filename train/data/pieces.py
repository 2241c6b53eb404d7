"""Songs that were cut into pieces of a few seconds, told by the names of the clips.

Kaggle's three-second copy of GTZAN has ``blues.00000.0.wav`` to ``blues.00000.9.wav``. Whoever
splits these as if each were a song of its own validates on songs that were trained on.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.audio.folder import first_few, header_seconds

from .genre_names import spelling_key
from .tracks import Track

LONGEST_S = 10.5
"""Longer clips are songs, or excerpts of one song each"""
_SUSPICIOUS_S = 5.0
_FEWEST = 3
"""Clips that share a name, in two songs at least: else their numbers just count songs"""
_MANY = 10

_WORDS = "chunk|clip|crop|cut|excerpt|frag|fragment|part|piece|pt|sample|seg|segment|slice|split"
_NUMBERED = re.compile(rf"(.*?)(?:[\s._-]+|[\s._-]*(?:{_WORDS})[\s._-]*)\(?\d+\)?", re.IGNORECASE)
_OF_GTZAN = re.compile(r"([a-z]+\.\d{5})[._-]\d+", re.IGNORECASE)
_NUMBER = re.compile(r"\(?\d+\)?")


@dataclass(frozen=True)
class Pieces:
    """Which clips are pieces of one song."""

    songs: dict[str, str]
    """A name for the song, by the id of each track that is a piece"""
    warnings: tuple[str, ...]
    """What was found, and what may be pieces, too; one line each"""


def find_pieces(
    tracks: Sequence[Track], seconds: Callable[[Track], float | None] | None = None
) -> Pieces:
    """Find pieces of songs among the clips.

    Parameters
    ----------
    tracks : sequence of Track
    seconds : callable, optional
        Length of a clip, or None where it is not known; by default, as the file's header has it.
        It is asked of clips whose names look like pieces alone.
    """
    seconds = seconds or (lambda track: header_seconds(track.path))
    songs: dict[str, str] = {}
    suspicious: dict[str, int] = {}
    warnings: list[str] = []
    for label, groups in sorted(_by_name(tracks).items()):
        short = {
            song: members
            for song, members in groups.items()
            if all(_is_short(seconds(track), LONGEST_S) for track in members)
        }
        clips = [(track, song) for song, members in short.items() for track in members]
        if len(short) > 1 or all(_OF_GTZAN.fullmatch(track.path.stem) for track, _ in clips):
            songs |= {track.id: f"{label}/{song}" for track, song in clips}
            continue
        for song, members in short.items():
            of_genre = spelling_key(Path(song).name) == spelling_key(label)  # it counts its clips
            alike = all(_is_short(seconds(track), _SUSPICIOUS_S) for track in members)
            if len(members) >= _MANY and alike and not of_genre:
                suspicious[song] = len(members)
    if suspicious:
        warnings.append(
            f"{sum(suspicious.values())} clips of a few seconds share a name, but for a number "
            f"({first_few([Path(song).name for song in suspicious])}): if they are pieces of one "
            "song, a split by track leaks; list them in a CSV file with a column artist, and train "
            "with --split 1/5 --group artist"
        )
    if songs:
        warnings.append(
            f"{len(songs)} clips of a few seconds are taken for pieces of "
            f"{len(set(songs.values()))} songs, by their names ({first_few(list(songs))}); a split "
            "by track keeps the pieces of a song on one side"
        )
    return Pieces(songs, tuple(warnings))


def _by_name(tracks: Sequence[Track]) -> dict[str, dict[str, list[Track]]]:
    """By genre, then by folder and name without the last number: clips that may be one song."""
    named: dict[str, dict[str, list[Track]]] = defaultdict(lambda: defaultdict(list))
    for track in tracks:
        song = _song(track.path.stem)
        if song is not None:
            # Not the whole path: a song may lie in the folders of several parts.
            named[track.label][f"{track.path.parent.name}/{song}"].append(track)
    return {
        label: {song: own for song, own in groups.items() if len(own) >= _FEWEST}
        for label, groups in named.items()
    }


def _song(stem: str) -> str | None:
    """The name without the number of the piece; empty where it is nothing but a number."""
    if _NUMBER.fullmatch(stem):
        return ""
    found = _OF_GTZAN.fullmatch(stem) or _NUMBERED.fullmatch(stem)
    return found[1].casefold() if found else None


def _is_short(seconds: float | None, most: float) -> bool:
    return seconds is not None and seconds <= most


def straddling(songs: Sequence[tuple[str, str]]) -> list[str]:
    """Songs with pieces in several parts.

    Parameters
    ----------
    songs : sequence of (str, str)
        Song and part of each piece; an empty song is none.
    """
    parts = Counter(song for song, _ in set(songs) if song)
    return sorted(song for song, n in parts.items() if n > 1)
