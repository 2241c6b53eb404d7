"""A listener with a page, and a browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .chromium import Chromium
from .listener import Listener


@pytest.fixture(scope="session")
def listener() -> Iterator[Listener]:
    """A listener that tests may attack, and must leave alive."""
    one = Listener()
    yield one
    one.close()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """A real browser."""
    binary = shutil.which("chromium") or shutil.which("chromium-browser")
    if binary is None:
        message = "the page's tests need chromium (apt install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)  # a machine that tests for others must not pass over it in silence
        pytest.skip(message)
    profile: Path = tmp_path_factory.mktemp("chromium")
    browser = Chromium(binary, profile)
    yield browser
    browser.close()
