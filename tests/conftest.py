"""Fixtures and rules that all tests share."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from . import command, system_packages
from .pipeline import Pipeline, run_pipeline
from .shared import made_once

# Workers share the cores among them; TensorFlow's own threads would only wait for each other.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}

# Behind `nohup` or in the background of a shell these are ignored, and would be so in every command
# that a test starts. A handler that does nothing leaves it so here, and has no effect there.
for _name in ("SIGINT", "SIGHUP"):
    _number = getattr(signal, _name, None)
    if _number is not None and signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, lambda *_: None)

settings.register_profile("dev", deadline=None, max_examples=15, derandomize=True)
settings.register_profile("ci", deadline=None, max_examples=60)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """A small data set, a training run on it, and every export."""
    return made_once(tmp_path_factory, "pipeline", run_pipeline)


@pytest.fixture(scope="session", autouse=True)
def _workstation_commands() -> Iterator[None]:
    yield
    command.stop()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than cores, since many tests wait; no more than memory has room for."""
    return min(4, (os.cpu_count() or 1) + 1)


_FIRST = ("tests/test_main_job.py", "tests/edge_runtime/frontend/test_front_end.py")
"""What others wait for: the pipeline, and librosa's compilation on its first use"""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order the files, each of which runs in one worker: long ones first.

    Those of the pipeline come when it is made.
    """
    first = [config.rootpath / name for name in _FIRST]
    slow: set[Path] = set()
    if config.getoption("markexpr") != "not slow":
        slow = {item.path for item in items if item.get_closest_marker("slow")}
    pipeline = {item.path for item in items if "pipeline" in getattr(item, "fixturenames", ())}
    items.sort(
        key=lambda item: (
            first.index(item.path) if item.path in first else len(first),
            item.path not in slow,
            item.path in pipeline,
        )
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a system package that is not there."""
    for mark in item.iter_markers("system_packages"):
        system_packages.require(*mark.args)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line a package what was skipped."""
    reports = terminalreporter.getreports("skipped")
    lines = system_packages.summary(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in reports
        if isinstance(report.longrepr, tuple)
    )
    if lines:
        terminalreporter.section("skipped")
        for line in lines:
            terminalreporter.write_line(line)
