"""A virtual environment that holds the wheel and its base dependencies, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from .pip import clean_environment, pip

_INSTALLED = Path(__file__).with_name("installed.py")
_IMPORTABLE = """
import importlib.util, json
names = ["edge_runtime", "train", "export", "benchmarks", "tests"]
print(json.dumps([name for name in names if importlib.util.find_spec(name)]))
"""
_COMMANDS = """
from importlib.metadata import entry_points
print(*sorted(point.name for point in entry_points(group="edge_genre.commands")))
"""

_LISTEN = ("listen", "--input", "demo", "--fast", "--json")

_MODULES_OF_LISTEN = f"""
import contextlib, io, json, sys, sysconfig
from pathlib import Path
from edge_runtime.cli import main
with contextlib.redirect_stdout(io.StringIO()):
    assert main({list(_LISTEN)!r}) == 0
site = Path(sysconfig.get_path("purelib"))
found = set()
for name, module in list(sys.modules.items()):
    path = getattr(module, "__file__", None)
    if path and Path(path).is_relative_to(site):
        found.add(name.partition(".")[0])
print(json.dumps(sorted(found)))
"""


class Environment:
    """The environment; its commands run in an empty folder, so that no checkout is on the path.

    Parameters
    ----------
    folder : Path
        To make it in.
    """

    def __init__(self, folder: Path) -> None:
        self._bin = folder / "venv" / "bin"
        self._elsewhere = folder / "elsewhere"
        self._elsewhere.mkdir()
        # Without pip, which a device could do without: this interpreter's installs into it.
        command = [sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")]
        subprocess.run(command, check=True)

    def install(self, wheel: Path, *options: str) -> None:
        """Install a wheel with its base dependencies, or as pip's options say."""
        pip("--python", self._bin / "python", "install", "--quiet", *options, wheel)

    def installed(self) -> dict[str, Any]:
        """See `benchmarks.footprint.installed.installed`."""
        found: dict[str, Any] = json.loads(self._python("-I", str(_INSTALLED)))
        return found

    def packages(self) -> list[str]:
        """Those of the repository's packages that can be imported there."""
        found: list[str] = json.loads(self._python("-c", _IMPORTABLE))
        return found

    def workstation_commands(self) -> list[str]:
        """Commands that ``edge-genre`` finds beside the device's own."""
        return self._python("-c", _COMMANDS).split()

    def modules_of_listen(self) -> list[str]:
        """Top-level modules from site-packages that ``listen`` loads for the demo clip."""
        found: list[str] = json.loads(self._python("-c", _MODULES_OF_LISTEN))
        return found

    def listen(self) -> list[dict[str, Any]]:
        """The events of ``edge-genre listen`` for the demo clip."""
        lines = self._run(self._bin / "edge-genre", *_LISTEN).splitlines()
        return [json.loads(line) for line in lines]

    def bench(self) -> dict[str, Any]:
        """What ``edge-genre bench`` measures, at its smallest."""
        path = self._elsewhere / "bench.json"
        self._run(
            self._bin / "edge-genre", "bench", "--rounds", "1", "--threads", "1", "--json", path
        )
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def _python(self, *arguments: str) -> str:
        return self._run(self._bin / "python", *arguments)

    def _run(self, *command: str | Path) -> str:
        done = subprocess.run(
            list(map(str, command)),
            capture_output=True,
            text=True,
            cwd=self._elsewhere,
            env=clean_environment(),
            check=False,
        )
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["nothing"]
            raise RuntimeError(
                f"{Path(command[0]).name} {command[1]}: exit code {done.returncode}: {lines[-1]}"
            )
        return done.stdout


def listen_here() -> list[dict[str, Any]]:
    """The events of the checkout's own ``listen`` for the demo clip."""
    done = subprocess.run(
        [sys.executable, "-m", "edge_runtime", *_LISTEN], capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]
