"""The files that a corpus is drawn from: labelled tracks, and folders of any other music."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge_runtime.audio.folder import audio_files, header_seconds
from edge_runtime.errors import DataSetError

from ..data.tracks import Track
from .corpus import UNLABELLED, Source

_WINDOWS_PER_SECOND = 1.0
"""Drawn from a labelled track"""
_OTHER_WINDOWS_PER_SECOND = 0.1
_LONGEST_S = 600.0
"""What comes after ten minutes of a track is more of the same"""


def sources(
    tracks: Sequence[Track],
    seconds: dict[str, float],
    genres: tuple[str, ...],
    more: Sequence[Path],
) -> list[Source]:
    """What the corpus is drawn from.

    Parameters
    ----------
    tracks : sequence of Track
        To train on.
    seconds : dict
        Length of each, by id.
    genres : tuple of str
    more : sequence of Path
        Folders of other music, of any genre.

    Raises
    ------
    DataSetError
        If a folder is missing or holds no audio.
    """
    found = [
        Source(
            track.path,
            genres.index(track.label),
            max(4, round(min(seconds[track.id], _LONGEST_S) * _WINDOWS_PER_SECOND)),
        )
        for track in tracks
    ]
    for folder in more:
        if not folder.is_dir():
            raise DataSetError(f"{folder}: no such folder; name a folder of music")
        lengths = {path: header_seconds(path) or 0.0 for path in audio_files(folder)}
        files = {path: length for path, length in lengths.items() if length >= 20.0}
        if not files:
            raise DataSetError(f"{folder}: holds no audio of 20 s or more")
        found += [
            Source(path, UNLABELLED, round(min(length, _LONGEST_S) * _OTHER_WINDOWS_PER_SECOND))
            for path, length in files.items()
        ]
    return found
