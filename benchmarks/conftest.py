"""What pytest-benchmark writes down of the machine: what matters, and nothing of its owner."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.timing import use_one_thread

use_one_thread()  # before numpy is imported

from edge_runtime.bench.machine import machine  # noqa: E402


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(config: Any, machine_info: dict[str, Any]) -> None:
    """Replace the host's name and the like by what `edge-genre bench` reports."""
    machine_info.clear()
    machine_info.update(machine())


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_commit_info(config: Any, commit_info: dict[str, Any]) -> None:
    """Keep the commit alone: neither author nor branch."""
    for key in commit_info.keys() - {"id", "dirty", "time"}:
        del commit_info[key]


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_json(config: Any, benchmarks: Any, output_json: dict[str, Any]) -> None:
    """Leave the single rounds out: a megabyte that nobody reads."""
    for benchmark in output_json["benchmarks"]:
        benchmark["stats"].pop("data", None)
