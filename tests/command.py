"""The real ``edge-genre`` command, as a user's shell runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edge_runtime.cli import main


def edge_genre(
    *arguments: str | Path, cwd: Path | None = None, timeout: float = 240
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end; never raises for a non-zero exit code."""
    return subprocess.run(
        [sys.executable, "-m", "edge_runtime", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=timeout,
        check=False,
    )


def succeed(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command and insist on exit code 0."""
    done = edge_genre(*arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done


def refused(*arguments: str | Path, code: int, cwd: Path | None = None) -> str:
    """Run the command, insist on its exit code and one line of complaint; returns that line."""
    done = edge_genre(*arguments, cwd=cwd)
    assert done.returncode == code, (done.returncode, done.stderr)
    lines = [
        line
        for line in done.stderr.splitlines()
        if not line.startswith(("features: ", "classify: "))
    ]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("edge-genre: ")
    return lines[0]


def complaint(capfd: pytest.CaptureFixture[str], *arguments: str | Path, code: int) -> str:
    """As `refused`, in this process, which takes a tenth of the time."""
    assert main([str(argument) for argument in arguments]) == code
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("edge-genre: ")
    return line
