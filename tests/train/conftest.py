"""Fixtures of the training tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from train.transfer.musicnn_wheel import WHEEL

CACHED = Path.home() / ".cache" / "edge-genre" / WHEEL


@pytest.fixture(scope="session")
def wheel() -> Path:
    """The published weights of MusiCNN."""
    path = Path(os.environ.get("EDGE_GENRE_MUSICNN_WHEEL") or CACHED)
    if not path.is_file():
        pytest.skip(
            f"no MusiCNN at {path} (EDGE_GENRE_MUSICNN_WHEEL names another): "
            "pip download --no-deps musicnn==0.1.0"
        )
    return path
