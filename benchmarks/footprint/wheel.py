"""The wheel: made from the checkout, and looked into."""

from __future__ import annotations

import ast
import zipfile
from pathlib import Path, PurePosixPath

from .pip import pip

ROOT = Path(__file__).parents[2]
PACKAGES = ("edge_runtime", "train", "export", "benchmarks")

_NEEDED = (
    "entry_points.txt",
    "licenses/LICENSE",
    "licenses/THIRD_PARTY.md",
    "edge_runtime/py.typed",
    "edge_runtime/bundled/demo.wav",
    "edge_runtime/bundled/tiny.tflite",
)
"""How the names of files end without which it is no wheel of ours"""
_DATA = ("edge_runtime/bundled/demo.wav", "train/transfer/musicnn.npz")
"""The only sound, and the only weights that are no model for a device"""
_SUFFIXES = {
    ".py", ".typed", ".json", ".md", ".tflite", ".html", ".css", ".js", ".svg",
    ".c", ".h", ".sh", ".sha256",
}  # fmt: skip
_UNWANTED = {"tests", "results", "runs", "docs", "__pycache__"}


def build(folder: Path) -> Path:
    """Make the wheel of this checkout in a folder."""
    pip("wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT)
    (wheel,) = folder.glob("edge_genre-*.whl")
    return wheel


def faults(names: list[str]) -> list[str]:
    """What a wheel holds and should not, and what it lacks, in words.

    Parameters
    ----------
    names : list of str
        Of its members.
    """
    found = [f"lacks {end}" for end in _NEEDED if not any(name.endswith(end) for name in names)]
    for name in names:
        path = PurePosixPath(name)
        if path.parts[0].endswith(".dist-info"):
            continue
        if path.parts[0] not in PACKAGES:
            found.append(f"{name}: is of none of {', '.join(PACKAGES)}")
        elif _UNWANTED.intersection(path.parts) or path.name.startswith(("test_", "conftest")):
            found.append(f"{name}: is a test, a result or a leftover")
        elif path.suffix not in _SUFFIXES and name not in _DATA:
            found.append(f"{name}: is neither code nor a model nor the demo clip")
    return found


def upward_imports(wheel: Path) -> list[str]:
    """Import statements of the device's package that name a package of the workstation."""
    found = []
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.startswith("edge_runtime/") and name.endswith(".py"):
                upward = _imported(archive.read(name)).intersection(PACKAGES) - {"edge_runtime"}
                found += [f"{name}: imports {package}" for package in sorted(upward)]
    return found


def _imported(source: bytes) -> set[str]:
    """Top-level names of all absolute imports, wherever they stand."""
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.append(node.module)
    return {name.partition(".")[0] for name in names}
