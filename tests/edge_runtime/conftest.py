"""Fixtures of the device tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge_runtime import Classifier

_DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Folder of the data sets; ``EDGE_GENRE_DATA`` names another."""
    return Path(os.environ.get("EDGE_GENRE_DATA", _DATA))


@pytest.fixture(scope="session")
def gtzan_clips(data_folder: Path) -> list[Path]:
    """Three clips of each GTZAN genre, 22050 Hz mono."""
    folder = data_folder / "gtzan" / "clips"
    clips = [clip for genre in sorted(folder.glob("*")) for clip in sorted(genre.glob("*.ogg"))[:3]]
    if not clips:
        pytest.skip(f"no GTZAN clips in {folder}; EDGE_GENRE_DATA names the folder of gtzan/")
    return clips


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    """The seed CNN that ships: 3 s at 22050 Hz are round numbers, and every label is a genre."""
    return Classifier("seed-cnn")
