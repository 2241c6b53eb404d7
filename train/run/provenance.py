"""Where a model came from: commit, versions, machine, command."""

from __future__ import annotations

import contextlib
import os
import platform
import shlex
import subprocess
import sys
from importlib import metadata
from pathlib import Path

_PACKAGES = ("edge-genre", "tensorflow", "keras", "numpy")


def commit() -> str:
    """Commit of the source tree this runs from, ``+dirty`` if changed since; or ``unknown``."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return "unknown"
    try:
        head = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{head}+dirty" if changed else head


def versions() -> dict[str, str]:
    """Python and the packages that shape a training."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):  # tensorflow-cpu, for one
            found[name] = metadata.version(name)
    return found


def machine() -> str:
    """Processor family and how many cores."""
    return f"{platform.machine()}, {os.cpu_count()} cores"


def command() -> str:
    """The command line, with paths cut to their last part: no report needs the others."""
    return shlex.join(["edge-genre", *map(_last_part, sys.argv[1:])])


def _last_part(word: str) -> str:
    option, equals, value = word.rpartition("=") if word.startswith("--") else ("", "", word)
    return f"{option}{equals}{Path(value).name if os.sep in value else value}"


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
