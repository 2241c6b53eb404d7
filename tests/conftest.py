"""Fixtures that several test packages share."""

from __future__ import annotations

import pytest

from .pipeline import Pipeline, run_pipeline


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """A small data set, a training run on it, and every export."""
    return run_pipeline(tmp_path_factory.mktemp("pipeline"))
