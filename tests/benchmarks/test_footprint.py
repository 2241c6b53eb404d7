"""The base install is small, brings nothing heavy, and is enough to listen and to measure."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.footprint.measure import (
    BUDGET_BYTES,
    foreign,
    measure,
    other_answers,
    strangers,
    too_large,
)
from benchmarks.footprint.page import section, table
from benchmarks.footprint.pip import NoIndexError
from benchmarks.footprint.wheel import faults

WHEEL = [
    "edge_runtime/cli/__init__.py",
    "edge_runtime/py.typed",
    "edge_runtime/bundled/demo.wav",
    "edge_runtime/bundled/tiny.tflite",
    "train/transfer/musicnn.npz",
    "edge_genre-0.1.0.dist-info/entry_points.txt",
    "edge_genre-0.1.0.dist-info/licenses/LICENSE",
    "edge_genre-0.1.0.dist-info/licenses/THIRD_PARTY.md",
]
PART = {"version": "1", "bytes": 1_000_000, "bytecode_bytes": 0}


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    """The wheel of this checkout in an empty environment, once for all tests here."""
    try:
        return measure()
    except NoIndexError as error:
        pytest.skip(f"{error}; it must fetch hatchling, numpy and LiteRT")


def test_nothing_is_wrong_with_the_wheel_and_what_it_installs(results: dict[str, Any]) -> None:
    assert results["checks"] == {
        "wheel": [],
        "upward imports": [],
        "distributions": [],
        "size": [],
        "modules of listen": [],
        "answers of listen": [],
    }


def test_the_base_install_is_within_its_budget(results: dict[str, Any]) -> None:
    assert 10_000_000 < results["beyond_numpy_bytes"] <= 80_000_000
    numpy = results["distributions"]["numpy"]
    assert results["total_bytes"] == results["beyond_numpy_bytes"] + numpy["bytes"]
    assert 0 < numpy["bytecode_bytes"] < numpy["bytes"]
    assert "pip" not in results["distributions"]
    assert 1_000_000 < results["wheel"]["bytes"] < results["wheel"]["unpacked_bytes"]


def test_the_base_install_listens_and_measures(results: dict[str, Any]) -> None:
    assert results["listen_answers"] == 35
    assert {"edge_runtime", "numpy", "soxr"} <= set(results["listen_loads"])
    assert "network_window_by_threads" in results["bench_stages"]


def test_the_tables_tell_the_sizes(results: dict[str, Any]) -> None:
    beyond = results["beyond_numpy_bytes"] / 1e6
    assert f"{beyond:7.2f}  budget 80" in table(results)
    text = "\n".join(section(results))
    assert f"| **beyond numpy** (budget 80) | | {beyond:.1f} |" in text
    for name in results["distributions"]:
        assert f"| {name} |" in text


def test_a_wheel_of_code_models_and_licences_is_right() -> None:
    assert faults(WHEEL) == []


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("tests/__init__.py", "is of none of edge_runtime, train, export, benchmarks"),
        ("runs/tiny/model.keras", "is of none of"),
        ("benchmarks/test_kernels.py", "is a test, a result or a leftover"),
        ("benchmarks/results/bench.json", "is a test, a result or a leftover"),
        ("edge_runtime/__pycache__/wav.cpython-311.pyc", "is a test, a result or a leftover"),
        ("edge_runtime/bundled/other.wav", "is neither code nor a model nor the demo clip"),
        ("train/windows.npz", "is neither code nor a model nor the demo clip"),
        ("export/model.keras", "is neither code nor a model nor the demo clip"),
    ],
)
def test_a_wheel_with_more_in_it_is_refused(name: str, complaint: str) -> None:
    (found,) = faults([*WHEEL, name])
    assert found.startswith(f"{name}: {complaint}")


def test_a_wheel_without_its_licence_or_clip_is_refused() -> None:
    assert faults([name for name in WHEEL if "LICENSE" not in name]) == ["lacks licenses/LICENSE"]
    assert faults([name for name in WHEEL if "demo" not in name]) == [
        "lacks edge_runtime/bundled/demo.wav"
    ]


def test_a_heavy_distribution_is_refused() -> None:
    lean = {"edge-genre": PART, "numpy": PART}
    assert foreign(lean) == []
    assert foreign({**lean, "scipy": PART}) == ["scipy: is installed"]
    assert foreign({"numpy": PART}) == ["edge-genre: is not installed"]


def test_a_size_over_the_budget_is_refused() -> None:
    assert too_large(BUDGET_BYTES) == []
    assert too_large(BUDGET_BYTES + 100_000) == ["80.1 MB beyond numpy; the budget is 80 MB"]


def test_a_module_that_listen_does_not_need_is_refused() -> None:
    assert strangers(["edge_runtime", "numpy", "soxr"]) == []
    assert strangers(["edge_runtime", "numpy", "scipy"]) == ["listen loads scipy"]
    assert strangers(["numpy"]) == ["listen does not load edge_runtime from its environment"]


def test_another_answer_than_the_checkouts_is_refused() -> None:
    rock = {"end": 3.0, "label": "rock", "confidence": 0.5, "posterior": {"rock": 0.5}}
    assert other_answers([rock], [rock]) == []
    assert other_answers([], []) == ["0 answers; the checkout gives 0"]
    assert other_answers([{**rock, "label": "pop"}], [rock]) == [
        "at 3.0 s: pop; the checkout says rock"
    ]
