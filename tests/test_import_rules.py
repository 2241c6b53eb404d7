"""The import rules of pyproject.toml hold, and break where they should."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("edge_runtime", "train", "export", "benchmarks")


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"]
    return subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)


def test_every_import_follows_the_rules() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_import_against_the_rules_is_found(tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=lambda folder, names: [
                name for name in names
                if not name.endswith(".py") and not Path(folder, name).is_dir()
            ],
        )  # fmt: skip
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for module, line in (
        ("edge_runtime/retry.py", "import train.progress"),
        ("edge_runtime/errors.py", "from edge_runtime.audio.wav import *"),
        ("export/macs.py", "def f():\n    from train.data import tracks"),
        ("train/progress.py", "from benchmarks import sinks\nfrom . import cli"),
        ("edge_runtime/sources/ring.py", "from .portaudio import *"),
    ):
        with (tmp_path / module).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    (tmp_path / "train" / "unplaced.py").touch()
    done = lint_imports(tmp_path)
    assert done.returncode == 1
    for complaint in (
        "edge_runtime.retry -> train.progress",
        "edge_runtime.errors -> edge_runtime.audio.wav",
        "export.macs -> train.data",
        "train.progress -> benchmarks.sinks",
        "train.progress -> train.cli",
        "- train.unplaced",
        "No cycles are allowed in edge_runtime.sources",
    ):
        assert complaint in done.stdout, complaint
