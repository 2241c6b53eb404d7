"""pip, and whether it reaches a package index."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_UNREACHED = (
    "NewConnectionError",
    "ConnectTimeoutError",
    "Temporary failure in name resolution",
    "Connection refused",
    "ProxyError",
)
"""What pip says where there is no network"""


class NoIndexError(Exception):
    """pip cannot reach a package index."""


def pip(*arguments: str | Path) -> None:
    """Run this interpreter's pip.

    Raises
    ------
    NoIndexError
        If it cannot fetch what it needs.
    RuntimeError
        If it fails for another reason.
    """
    done = subprocess.run(
        [sys.executable, "-m", "pip", *map(str, arguments)],
        capture_output=True,
        text=True,
        env=clean_environment(),
        check=False,
    )
    if done.returncode == 0:
        return
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    if any(words in done.stderr for words in _UNREACHED):
        raise NoIndexError("pip cannot reach a package index; connect to a network, or set one up")
    reason = next((line for line in lines if "ERROR" in line), lines[-1]).strip()
    raise RuntimeError(f"pip {arguments[0]} failed: {reason}")


def clean_environment() -> dict[str, str]:
    """This process's environment without what would let Python find the checkout."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
