"""The clips that every candidate classifies: validation clips, or the one that ships."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from edge_runtime.audio.file import DEMO_CLIP
from edge_runtime.errors import DataSetError

from ..data_set import LIST, clips_of_part
from .genres import GENRES

_ROOT = Path(__file__).parents[2]

LEAST_SECONDS = 3.1
"""Shorter clips hold no window of some candidate and are left out"""


@dataclass(frozen=True)
class Clip:
    """A clip that was found; ``genre`` is None where it is not known."""

    path: Path
    genre: str | None
    seconds: float

    def decoded(self) -> tuple[npt.NDArray[np.float32], int]:
        """Mono samples, and their rate in hertz."""
        samples, rate = soundfile.read(self.path, dtype="float32", always_2d=True)
        return np.ascontiguousarray(samples.mean(axis=1)), rate


def default_folder() -> Path | None:
    """Where the data set is, if it is anywhere; see CONTRIBUTING.md."""
    named = os.environ.get("EDGE_GENRE_DATA")
    folder = (Path(named) if named else _ROOT.parent / "shared" / "data") / "gtzan"
    return folder if (folder / LIST).is_file() else None


def find_clips(
    folder: Path | None, most: int | None = None, *, data_set: str = "auto"
) -> list[Clip]:
    """Validation clips of a folder; without a folder, the demo clip.

    Parameters
    ----------
    folder : Path or None
    most : int, optional
        Take that many, in turn from each genre.
    data_set : str
        See `benchmarks.data_set.clips_of_part`.

    Raises
    ------
    DataSetError
        If there is no such clip.
    """
    if folder is None:
        return [Clip(DEMO_CLIP, None, soundfile.info(DEMO_CLIP).duration)]
    found = []
    for track in clips_of_part(folder, "valid", data_set=data_set, labels=GENRES):
        seconds = soundfile.info(os.fsencode(track.path)).duration
        if seconds >= LEAST_SECONDS:
            found.append(Clip(track.path, track.label, seconds))
    if not found:
        raise DataSetError(f"{folder}: has no validation clip of {LEAST_SECONDS} s")
    by_genre: dict[str | None, list[Clip]] = defaultdict(list)
    for clip in found:
        by_genre[clip.genre].append(clip)
    depth = max(map(len, by_genre.values()))
    turns = [own[i] for i in range(depth) for own in by_genre.values() if i < len(own)]
    return turns[:most]
