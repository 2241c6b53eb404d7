"""What several processes of one test run share: made by the first that needs it."""

from __future__ import annotations

import fcntl
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

_T = TypeVar("_T")


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], _T]) -> _T:
    """What `make` returns for an empty folder; made once, whatever number of workers asks.

    Parameters
    ----------
    factory : pytest.TempPathFactory
    name : str
        Of the folder.
    make : callable
        Fills the folder; what it returns must be picklable.
    """
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # that of the run, which all workers have in common
    folder, result = base / name, base / f"{name}.pickle"
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists() and not result.exists():
            pytest.fail(f"{folder} could not be made; the first test that needed it says why")
        if not folder.exists():
            folder.mkdir()
            result.write_bytes(pickle.dumps(make(folder)))
    made: _T = pickle.loads(result.read_bytes())
    return made
