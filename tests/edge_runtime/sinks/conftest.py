"""A broker for the tests, where the machine has one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import system_packages

from .events import Reported
from .mosquitto import Mosquitto, make_certificates


@pytest.fixture
def reported() -> Iterator[Reported]:
    """Takes down what a sink logs."""
    with Reported().attached() as reported:
        yield reported


@pytest.fixture(scope="session")
def _mosquitto_binary() -> None:
    system_packages.require("mosquitto", "openssl")
    os.environ["PATH"] += ":/usr/sbin"  # Debian puts servers where a user's PATH does not lead


@pytest.fixture(scope="session")
def certificates(_mosquitto_binary: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of certificates of an authority that no system trusts."""
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    return folder


@pytest.fixture
def stopped_broker(certificates: Path, tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that does not run yet."""
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    mosquitto = Mosquitto(folder, certificates)
    yield mosquitto
    mosquitto.stop()


@pytest.fixture
def broker(stopped_broker: Mosquitto) -> Mosquitto:
    """A broker that runs."""
    stopped_broker.start()
    return stopped_broker
