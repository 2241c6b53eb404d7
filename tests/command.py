"""The real ``edge-genre`` command, as a user's shell runs it.

The commands of the device start in a fresh process. Those of the workstation would spend most of
their time on importing TensorFlow: they run in forks of one process that has imported it
(`tests.command_server`), which else are processes of their own, too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from edge_runtime.cli import main

_WORKSTATION = {
    "compare", "evaluate", "export", "features", "plot", "refit", "robustness", "teach", "train",
}  # fmt: skip
SMALL = {
    "train.transfer.own_genres._PER_KIND": 2,
    "train.transfer.own_genres._PER_KIND_OF_SPEECH": 2,
    "train.transfer.own_genres._PER_TRACK": 2,
    "train.transfer.own_genres._BALANCING": 24,
    "train.transfer.recipe._BALANCING": 24,
    "train.transfer.head_examples._PER_KIND": 2,
    "train.transfer.head_examples._PER_KIND_OF_SPEECH": 2,
    "export.quantize.gptq._WINDOWS": 8,
    "export.quantize.gptq._BATCH": 8,
}
"""Numbers with which a network behind MusiCNN is trained and exported in a tenth of the time:
``constants`` of `succeed`. Its last layer then has a hundred examples, enough for made-up genres"""
_ROOT = Path(__file__).parents[1]
_server: subprocess.Popen[str] | None = None


def edge_genre(
    *arguments: str | Path,
    cwd: Path | None = None,
    timeout: float = 1500,
    constants: Mapping[str, int] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end; never raises for a non-zero exit code.

    ``constants`` are numbers of modules that a command of the workstation is to have others of.
    """
    words = [str(argument) for argument in arguments]
    if words and words[0] in _WORKSTATION:
        return _forked(words, cwd or Path.cwd(), timeout, constants or {})
    assert not constants
    return subprocess.run(
        [sys.executable, "-m", "edge_runtime", *words],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=timeout,
        check=False,
    )


def _forked(
    words: list[str], cwd: Path, timeout: float, constants: Mapping[str, int]
) -> subprocess.CompletedProcess[str]:
    global _server  # noqa: PLW0603  # one for the whole test run
    if _server is None:
        _server = subprocess.Popen(
            [sys.executable, "-m", "tests.command_server"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    assert _server.stdin is not None
    assert _server.stdout is not None
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        request = {
            "arguments": words,
            "cwd": str(cwd),
            "environment": dict(os.environ),
            "out": str(out),
            "err": str(err),
            "timeout": timeout,
            "constants": dict(constants),
        }
        _server.stdin.write(json.dumps(request) + "\n")
        _server.stdin.flush()
        answer = _server.stdout.readline()
        stdout, stderr = out.read_text(), err.read_text()
    if not answer:
        raise RuntimeError(f"the command server ended with {_server.wait()}")
    code = json.loads(answer)
    if code is None:
        raise subprocess.TimeoutExpired(words, timeout, stdout, stderr)
    return subprocess.CompletedProcess(words, code, stdout, stderr)


def stop() -> None:
    """End the process that runs the workstation's commands."""
    global _server  # noqa: PLW0603
    if _server is not None:
        assert _server.stdin is not None
        _server.stdin.close()
        _server.wait()
        _server = None


def succeed(
    *arguments: str | Path, cwd: Path | None = None, constants: Mapping[str, int] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command and insist on exit code 0."""
    done = edge_genre(*arguments, cwd=cwd, constants=constants)
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
