"""The base install is small, brings nothing heavy, and is enough to listen and to measure."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

import edge_runtime
from benchmarks.footprint import __main__ as footprint
from benchmarks.footprint import installed
from benchmarks.footprint.environment import Environment
from benchmarks.footprint.measure import (
    BUDGET_BYTES,
    different_events,
    foreign,
    measure,
    too_large,
    unneeded,
)
from benchmarks.footprint.page import section, table
from benchmarks.footprint.pip import NoIndexError
from benchmarks.footprint.wheel import DEVICE, WORKSTATION, build, faults

WHEEL = [
    "beetsplug/edgegenre.py",
    "edge_runtime/cli/__init__.py",
    "edge_runtime/py.typed",
    "edge_runtime/bundled/demo.wav",
    "edge_runtime/bundled/tiny.tflite",
    "edge_runtime/model/manifest_schema.json",
    "edge_runtime/web/static/page.js",
    "edge_genre-0.2.0.dist-info/entry_points.txt",
    "edge_genre-0.2.0.dist-info/licenses/LICENSE",
    "edge_genre-0.2.0.dist-info/licenses/THIRD_PARTY.md",
]
PART = {"version": "1", "bytes": 1_000_000, "bytecode_bytes": 0}


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    """The wheel of this checkout in an empty environment, once for all tests here."""
    try:
        return measure()
    except NoIndexError as error:
        pytest.skip(f"{error}; it must fetch hatchling, numpy and LiteRT")


@pytest.mark.slow
def test_nothing_is_wrong_with_the_wheel_and_what_it_installs(results: dict[str, Any]) -> None:
    assert results["checks"] == {
        "wheel": [],
        "packages": [],
        "distributions": [],
        "size": [],
        "modules of listen": [],
        "events of listen": [],
    }


@pytest.mark.slow
def test_the_base_install_is_within_its_budget(results: dict[str, Any]) -> None:
    assert 10_000_000 < results["beyond_numpy_bytes"] <= 80_000_000
    numpy = results["distributions"]["numpy"]
    assert results["total_bytes"] == results["beyond_numpy_bytes"] + numpy["bytes"]
    assert 0 < numpy["bytecode_bytes"] < numpy["bytes"]
    assert "pip" not in results["distributions"]
    assert 1_000_000 < results["wheel"]["bytes"] < results["wheel"]["unpacked_bytes"]


@pytest.mark.slow
def test_the_base_install_listens_and_measures(results: dict[str, Any]) -> None:
    assert results["listen_answers"] == 35
    assert {"edge_runtime", "numpy", "soxr"} <= set(results["listen_loads"])
    assert "network_window_by_threads" in results["bench_stages"]


@pytest.mark.slow
def test_the_tables_tell_the_sizes(results: dict[str, Any]) -> None:
    beyond = results["beyond_numpy_bytes"] / 1e6
    assert f"{beyond:7.2f}  budget 80" in table(results)
    text = "\n".join(section(results))
    assert f"| **beyond numpy** (budget 80) | | {beyond:.1f} |" in text
    for name in results["distributions"]:
        assert f"| {name} |" in text


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Both wheels of this checkout; the workstation's by way of its source distribution."""
    folder = tmp_path_factory.mktemp("wheels")
    try:
        device = build(DEVICE, folder)
        from_clone = build(WORKSTATION, folder)
    except NoIndexError as error:
        pytest.skip(f"{error}; it must fetch hatchling")
    command = [sys.executable, "-m", "build", "--outdir", folder / "sdist", WORKSTATION.project]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (from_sdist,) = (folder / "sdist").glob("*.whl")
    return {"device": device, "from a clone": from_clone, "from an sdist": from_sdist}


@pytest.mark.slow
@pytest.mark.parametrize("made", ["from a clone", "from an sdist"])
def test_the_workstation_s_wheel_holds_train_and_export(wheels: dict[str, Path], made: str) -> None:
    with zipfile.ZipFile(wheels[made]) as archive:
        names = archive.namelist()
        (metadata,) = (archive.read(name) for name in names if name.endswith("/METADATA"))
        (points,) = (archive.read(name) for name in names if name.endswith("/entry_points.txt"))
    assert faults(names, WORKSTATION) == []
    with zipfile.ZipFile(wheels["from a clone"]) as archive:
        assert sorted(names) == sorted(archive.namelist())
    fields = message_from_bytes(metadata)
    assert fields["Name"] == "edge-genre-workstation"
    assert fields["Version"] == edge_runtime.__version__
    assert fields.get_all("Requires-Dist") == [f"edge-genre=={edge_runtime.__version__}"]
    assert re.findall(r"^(.+) = (.+)$", points.decode(), re.M) == [
        ("compare", "train.cli.compare"),
        ("data", "train.cli.data"),
        ("evaluate", "train.cli.evaluate"),
        ("export", "export.cli"),
        ("features", "train.cli.features"),
        ("plot", "train.cli.plot"),
        ("refit", "train.cli.refit"),
        ("robustness", "train.cli.robustness"),
        ("teach", "train.cli.teach"),
        ("train", "train.cli.train"),
    ]


@pytest.mark.slow
def test_the_extras_of_a_workstation_bring_it(wheels: dict[str, Path]) -> None:
    with zipfile.ZipFile(wheels["device"]) as archive:
        (metadata,) = (
            archive.read(name) for name in archive.namelist() if name.endswith("/METADATA")
        )
    asked = message_from_bytes(metadata).get_all("Requires-Dist", [])
    extras = [re.search(r"extra == ['\"](\w+)", one) for one in asked if "workstation" in one]
    assert sorted(found[1] for found in extras if found) == ["dev", "export", "train"]


@pytest.mark.slow
def test_the_workstation_s_commands_come_with_its_wheel(
    wheels: dict[str, Path], tmp_path: Path
) -> None:
    environment = Environment(tmp_path)
    environment.install(wheels["device"], "--no-deps", "--no-index")
    assert environment.packages() == ["edge_runtime"]
    assert environment.workstation_commands() == []
    environment.install(wheels["from a clone"], "--no-deps", "--no-index")
    assert environment.packages() == ["edge_runtime", "train", "export"]
    assert {"teach", "train", "export"} <= set(environment.workstation_commands())


def test_a_wheel_of_code_models_and_licences_is_right() -> None:
    assert faults(WHEEL, DEVICE) == []


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("tests/__init__.py", "is not in edge_runtime or beetsplug"),
        ("train/__init__.py", "is not in edge_runtime or beetsplug"),
        ("benchmarks/__init__.py", "is not in edge_runtime or beetsplug"),
        ("beetsplug/__init__.py", "would hide the plugins that beets brings"),
        ("edge_runtime/test_doctor.py", "is a test, a result or a leftover"),
        ("edge_runtime/results/bench.json", "is a test, a result or a leftover"),
        ("edge_runtime/__pycache__/wav.cpython-311.pyc", "is a test, a result or a leftover"),
        ("edge_runtime/bundled/other.wav", "is neither code nor a model nor the demo clip"),
        ("edge_runtime/model.keras", "is neither code nor a model nor the demo clip"),
    ],
)
def test_a_wheel_with_more_in_it_is_refused(name: str, complaint: str) -> None:
    (found,) = faults([*WHEEL, name], DEVICE)
    assert found.startswith(f"{name}: {complaint}")


def test_a_wheel_without_its_licence_or_clip_is_refused() -> None:
    for lost in ("licenses/LICENSE", "edge_runtime/bundled/demo.wav"):
        rest = [name for name in WHEEL if not name.endswith(lost)]
        assert faults(rest, DEVICE) == [f"lacks {lost}"]


def test_a_heavy_distribution_is_refused() -> None:
    lean = {"edge-genre": PART, "numpy": PART}
    assert foreign(lean) == []
    assert foreign({**lean, "scipy": PART}) == ["scipy: is installed"]
    assert foreign({"numpy": PART}) == ["edge-genre: is not installed"]


def test_a_size_over_the_budget_is_refused() -> None:
    assert too_large(BUDGET_BYTES) == []
    assert too_large(BUDGET_BYTES + 100_000) == ["80.1 MB beyond numpy; the budget is 80 MB"]


def test_a_module_that_listen_does_not_need_is_refused() -> None:
    assert unneeded(["edge_runtime", "numpy", "soxr"]) == []
    assert unneeded(["edge_runtime", "numpy", "scipy"]) == ["listen loads scipy"]
    assert unneeded(["numpy"]) == ["listen does not load edge_runtime from its environment"]


def test_an_event_unlike_the_checkout_s_is_refused() -> None:
    rock = {"end": 3.0, "label": "rock", "confidence": 0.5, "posterior": {"rock": 0.5}}
    assert different_events([rock], [rock]) == []
    assert different_events([], []) == ["0 events; the checkout gives 0"]
    assert different_events([{**rock, "label": "pop"}], [rock]) == [
        "at 3.0 s: pop; the checkout says rock"
    ]


@pytest.mark.parametrize(("checks", "code"), [({}, 0), ({"size": ["too large"]}, 1)])
def test_the_command_ends_with_1_where_a_check_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    checks: dict[str, list[str]], code: int,
) -> None:  # fmt: skip
    out = tmp_path / "out.json"
    monkeypatch.setattr(footprint, "measure", lambda: {"checks": checks})
    monkeypatch.setattr(footprint, "table", lambda results: "the table")
    monkeypatch.setattr("sys.argv", ["footprint", "--json", str(out)])
    assert footprint.main() == code
    printed = capsys.readouterr()
    assert printed.out == "the table\n"
    assert printed.err == ("footprint: size: too large\n" if code else "")
    assert json.loads(out.read_text()) == {"checks": checks}


def test_without_an_index_the_command_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreachable() -> None:
        raise NoIndexError("pip cannot reach a package index")

    monkeypatch.setattr(footprint, "measure", unreachable)
    monkeypatch.setattr("sys.argv", ["footprint"])
    assert footprint.main() == 1
    assert capsys.readouterr().err == "footprint: pip cannot reach a package index\n"


def test_numpy_is_counted_apart_and_pip_not_at_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, size in (("numpy", 5000), ("edge_genre", 300), ("pip", 7000)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_bytes(bytes(size))
        (tmp_path / name / "a.pyc").write_bytes(bytes(11))
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "RECORD").write_text(f"{name}/a.py,,\n{name}/a.pyc,,\n{name}/gone.py,,\n")
    monkeypatch.setattr(installed.sysconfig, "get_path", lambda _: str(tmp_path))
    assert installed.installed() == {
        "distributions": {
            "edge-genre": {"version": "1.0", "bytes": 311, "bytecode_bytes": 11},
            "numpy": {"version": "1.0", "bytes": 5011, "bytecode_bytes": 11},
        },
        "total_bytes": 5322,
        "beyond_numpy_bytes": 311,
        "largest_files_beyond_numpy": {"edge_genre/a.py": 300, "edge_genre/a.pyc": 11},
    }
