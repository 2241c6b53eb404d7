"""Data sets that are recognised by what their folders look like.

>>> sorted(DATASETS)
['fma', 'folders', 'gtzan']
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from edge_runtime.audio.folder import audio_files
from edge_runtime.errors import DataSetError, ParameterError

from ..tracks import TrackList, read_track_list
from .data_set import DataSet
from .fma import FMA
from .folders import FOLDERS
from .gtzan import GTZAN, clip_id

__all__ = ["DATASETS", "FMA", "DataSet", "load", "recognised"]

DATASETS: dict[str, DataSet] = {known.id: known for known in (GTZAN, FMA, FOLDERS)}
"""By id; the first that recognises a folder is taken, and the last recognises any."""


def load(
    root: Path, kind: str = "auto", csv: Path | None = None, labels: Sequence[str] | None = None
) -> TrackList:
    """The clips of a data set.

    Parameters
    ----------
    root : Path
    kind : str
        A key of `DATASETS`; ``auto`` recognises the layout of the folder.
    csv : Path, optional
        A list of the clips with their genres, which then decides, whatever the folders are called.
    labels : sequence of str, optional
        Genres of a model: only they count, in its spelling.

    Raises
    ------
    DataSetError
        If no clips are found there.
    """
    if csv is not None:
        listed = read_track_list(csv, root, labels, need_split=False)
        every_gtzan = all(clip_id(Path(f"{track.id}.wav")) == track.id for track in listed.tracks)
        return dataclasses.replace(listed, dataset="gtzan") if every_gtzan else listed
    return recognised(root, kind).find(root, labels)


def recognised(root: Path, kind: str = "auto") -> DataSet:
    """The data set that a folder holds.

    Raises
    ------
    DataSetError
        If there is no such folder.
    ParameterError
        If `kind` is no data set.
    """
    if kind != "auto" and kind not in DATASETS:
        raise ParameterError(f"data set {kind!r}: must be auto, {', '.join(DATASETS)}")
    if not root.is_dir():
        raise DataSetError(f"{root}: no such folder; name the folder that holds the clips")
    if kind != "auto":
        return DATASETS[kind]
    files = audio_files(root.resolve())
    return next(known for known in DATASETS.values() if known.recognise(root.resolve(), files))
