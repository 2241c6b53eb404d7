"""A listener with a page, and a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import system_packages

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
    system_packages.require("chromium")
    binary = shutil.which("chromium") or shutil.which("chromium-browser")
    assert binary is not None
    profile: Path = tmp_path_factory.mktemp("chromium")
    browser = Chromium(binary, profile)
    yield browser
    browser.close()
