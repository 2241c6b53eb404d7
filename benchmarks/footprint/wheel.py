"""The two wheels of a checkout: built, and looked into."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .pip import pip

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Wheel:
    """What a wheel of ours has to hold."""

    project: Path
    """The folder of its pyproject.toml"""
    packages: tuple[str, ...]
    """Top-level packages; there must be no other"""
    needed: tuple[str, ...]
    """How the names of files end that it must not lack"""


_WEIGHTS = ("train/transfer/musicnn.npz", "train/transfer/yamnet.npz")
_EVERY = ("entry_points.txt", "licenses/LICENSE", "licenses/THIRD_PARTY.md")
DEVICE = Wheel(
    ROOT,
    ("edge_runtime", "beetsplug"),
    (
        *_EVERY,
        "edge_runtime/py.typed",
        "beetsplug/edgegenre.py",
        "edge_runtime/bundled/demo.wav",
        "edge_runtime/bundled/tiny.tflite",
        "edge_runtime/model/manifest_schema.json",
        "edge_runtime/web/static/page.js",
    ),
)
WORKSTATION = Wheel(
    ROOT / "workstation",
    ("train", "export"),
    (*_EVERY, *_WEIGHTS, "export/tflm/c/edge_genre_front_end.c"),
)

_DATA = ("edge_runtime/bundled/demo.wav", *_WEIGHTS)
"""The only sound, and the only weights that are no model for a device"""
_SUFFIXES = {
    ".py", ".typed", ".json", ".md", ".tflite", ".html", ".css", ".js", ".svg",
    ".c", ".h", ".sh", ".sha256",
}  # fmt: skip
_UNWANTED = {"tests", "results", "runs", "docs", "__pycache__"}


def build(wheel: Wheel, folder: Path) -> Path:
    """Make a wheel of this checkout in a folder."""
    pip("wheel", "--quiet", "--no-deps", "--wheel-dir", folder, wheel.project)
    return max(folder.glob("edge_genre*.whl"), key=lambda path: path.stat().st_mtime_ns)


def faults(names: list[str], wheel: Wheel) -> list[str]:
    """What a wheel holds and should not, and what it lacks, in words.

    Parameters
    ----------
    names : list of str
        Of its members.
    wheel : Wheel
        Which it should be.
    """
    found = [f"lacks {end}" for end in wheel.needed if not any(n.endswith(end) for n in names)]
    for name in names:
        path = PurePosixPath(name)
        if path.parts[0].endswith(".dist-info"):
            continue
        if name == "beetsplug/__init__.py":
            found.append(f"{name}: would hide the plugins that beets brings")
        elif path.parts[0] not in wheel.packages:
            found.append(f"{name}: is not in {' or '.join(wheel.packages)}")
        elif _UNWANTED.intersection(path.parts) or path.name.startswith(("test_", "conftest")):
            found.append(f"{name}: is a test, a result or a leftover")
        elif path.suffix not in _SUFFIXES and name not in _DATA:
            found.append(f"{name}: is neither code nor a model nor the demo clip")
    return found
