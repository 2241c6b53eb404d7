"""Files of the project that the site shows and that lie outside of this folder.

A hook of MkDocs (mkdocs.yml). Links stay as they are in the repository, where they work as well.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_ROOT = Path(__file__).parents[1]
_FOLDER = "project"
_SHOWN = {
    path: f"{_FOLDER}/{Path(path).name}"
    for path in (
        *("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "THIRD_PARTY.md", "pyproject.toml"),
        *(f"edge_runtime/bundled/{name}_CARD.md" for name in ("TINY", "BASE", "PLUS", "SEED_CNN")),
        "edge_runtime/bundled/SEED_CNN_REPORT.md",
        "edge_runtime/model/manifest_schema.json",
    )
}
"""Paths in the repository, and in the site"""
_LINK = re.compile(r"(\]\()([^)\s#]+)([^)\s]*\))")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add them."""
    for path, place in _SHOWN.items():
        files.append(File.generated(config, place, abs_src_path=str(_ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links to them where they are in the site."""
    of_place = {place: path for path, place in _SHOWN.items()}
    own = page.file.src_uri
    source = PurePosixPath(of_place.get(own, f"docs/{own}"))

    def moved(link: re.Match[str]) -> str:
        if ":" in link[2]:
            return link[0]
        target = os.path.normpath(source.parent / link[2])
        if target == "README.md":
            target = "docs/index.md"
        place = _SHOWN.get(target, target.removeprefix("docs/"))
        return f"{link[1]}{os.path.relpath(place, PurePosixPath(own).parent)}{link[3]}"

    return _LINK.sub(moved, markdown)
