"""A broker for the tests, where the machine has one."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_runtime.sinks import background
from tests import system_packages

from .events import PATIENCE_S, Reported
from .mosquitto import Mosquitto, make_certificates


@pytest.fixture(autouse=True)
def _threads_end(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A sink may write to its end on a busy machine, and reports nothing during the next test."""
    monkeypatch.setattr(background, "CLOSE_SECONDS", PATIENCE_S)
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + PATIENCE_S
    for thread in set(threading.enumerate()) - before:
        thread.join(max(0.0, deadline - time.monotonic()))
        assert not thread.is_alive(), f"{thread.name} still runs"


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
