"""The user's own music: a folder of genre folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..tracks import find_tracks
from .data_set import DataSet


def _anything(_root: Path, _files: Sequence[Path]) -> bool:
    return True


def _nothing_known(_root: Path) -> list[str]:
    return []


FOLDERS = DataSet(
    id="folders",
    title="A folder of genre folders",
    layout="GENRE/... any depth of folders below",
    citation="",
    licence="that of your own music",
    find=find_tracks,
    validate=_nothing_known,
    recognise=_anything,
)
