"""Faults in the genres of a data set that would end its training, found before any work."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from edge_runtime.decoder import SILENCE, UNKNOWN
from edge_runtime.errors import DataSetError

from .genre_names import spelling_key
from .tracks import TrackList


def check_genres(listed: TrackList, folder: Path, *, reserved: Collection[str] = ()) -> None:
    """Refuse genres that no model can be trained on.

    Parameters
    ----------
    listed : TrackList
    folder : Path
        For messages.
    reserved : collection of str
        Labels that the model has of its own, besides ``silence`` and ``unknown``.

    Raises
    ------
    DataSetError
        If there is one genre only, or one that cannot be a label.
    """
    genres = sorted({track.label for track in listed.tracks})
    check_labels(genres, str(folder), reserved=reserved)
    if len(genres) < 2:
        raise DataSetError(
            f"{folder}: two genres or more are needed, and there is only {genres[0]!r}; "
            f"{_remedy(listed, folder)}"
        )


def check_labels(labels: Collection[str], where: str, *, reserved: Collection[str] = ()) -> None:
    """Refuse labels that the runtime or the model has of its own, or that are no text.

    Raises
    ------
    DataSetError
        If there is such a label, in whatever spelling, or one in two spellings.
    """
    own = {spelling_key(label): label for label in (SILENCE, UNKNOWN, *reserved)}
    first: dict[str, str] = {}
    for label in labels:
        other = first.setdefault(spelling_key(label), label)
        if other != label:
            raise DataSetError(f"{where}: {other!r} and {label!r} are one genre; write it one way")
        clash = own.get(spelling_key(label))
        if clash is not None:
            raise DataSetError(
                f"{where}: {label!r} cannot be a genre, since {clash!r} is what a model says of "
                "sound that is none of its genres; rename it, or leave it out"
            )
        try:
            label.encode()
        except UnicodeEncodeError:
            shown = label.encode(errors="surrogateescape").decode(errors="backslashreplace")
            raise DataSetError(
                f"{where}: the name of the genre '{shown}' is not UTF-8; rename its folder"
            ) from None


def _remedy(listed: TrackList, folder: Path) -> str:
    """Name the folder below that may hold the genre folders, if there is one."""
    parents = {track.path.parent.resolve() for track in listed.tracks}
    common = Path(os.path.commonpath(parents))
    root = folder.resolve()
    if common in parents or common == root or not common.is_relative_to(root):
        return "put the clips of each into a folder of its own"
    return f"if the folders in {folder / common.relative_to(root)} are the genres, name that one"
