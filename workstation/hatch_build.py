"""What hatchling cannot read from pyproject.toml: sources and a version from the folder above.

In a clone the packages lie beside this folder; in the source distribution they lie in it, and
version and dependencies stand in its PKG-INFO, which hatchling reads by itself.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

PACKAGES = ("train", "export")


class SameVersion(MetadataHookInterface):
    """The version of edge_runtime, and edge-genre of that version as the one dependency."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Fill in what pyproject.toml calls dynamic."""
        source = Path(self.root).parent / "edge_runtime" / "version.py"
        found = re.search(r'^__version__ = "(.+)"$', source.read_text(encoding="utf-8"), re.M)
        if found is None:
            raise ValueError(f"{source}: has no line __version__ = ...")
        metadata["version"] = found[1]
        metadata["dependencies"] = [f"edge-genre=={found[1]}"]


class Sources(BuildHookInterface[Any]):
    """The packages, from wherever they lie; an editable install leaves them there."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the folders to include."""
        if version == "editable":
            return
        root = Path(self.root)
        beside = root if (root / PACKAGES[0]).is_dir() else root.parent
        # The licences are links in a clone: the source distribution needs the files themselves.
        named = {
            str(Path(path).resolve()): name for path, name in build_data["force_include"].items()
        }
        build_data["force_include"] = named | {str(beside / name): name for name in PACKAGES}
