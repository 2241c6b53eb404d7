"""What is known of a data set, and how its clips are found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..tracks import TrackList


@dataclass(frozen=True)
class DataSet:
    """A data set, and how its clips are found in a folder."""

    id: str
    title: str
    layout: str
    """What its folders look like"""
    citation: str
    """Empty where there is nothing to cite"""
    licence: str
    find: Callable[[Path, Sequence[str] | None], TrackList]
    """Clips below a folder; the genres of a model choose among them and give the spelling"""
    validate: Callable[[Path], list[str]]
    """What a copy lacks, has too much, or has changed, one line each"""
    recognise: Callable[[Path, Sequence[Path]], bool]
    """Whether a folder with these audio files is a copy"""
    genres: tuple[str, ...] = ()
    """In the data set's own spelling; empty where the user decides"""
    url: str = ""
    faults: tuple[tuple[str, str], ...] = ()
    """Known faults: clip, and what is wrong with it"""
