"""Runs ``edge-genre`` commands, each in a fork of this process, which has imported TensorFlow.

Reads a request, one line of JSON, from stdin; writes the exit code, or null where the time was
up, to stdout. TensorFlow starts its threads when it is first used, so that a fork before that is
a process like any other.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path
from typing import Any, NoReturn

_IMPORTED = (
    "tensorflow", "keras", "librosa", "matplotlib.figure", "scipy.signal", "sklearn.metrics",
    "sklearn.svm", "soundfile",
)  # fmt: skip


def main() -> None:
    """Serve until stdin ends."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read once, when it is imported
    with Path(os.devnull).open("w") as null:  # TensorFlow reports on the machine
        stderr = os.dup(2)
        os.dup2(null.fileno(), 2)
        for name in _IMPORTED:
            importlib.import_module(name)
        os.dup2(stderr, 2)
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _run(request)
        print(json.dumps(_wait(child, request["timeout"])), flush=True)


def _run(request: dict[str, Any]) -> NoReturn:
    code = 1
    try:
        os.setpgid(0, 0)
        _lead(os.devnull, os.O_RDONLY, 0)
        _lead(request["out"], os.O_WRONLY | os.O_CREAT, 1)
        _lead(request["err"], os.O_WRONLY | os.O_CREAT, 2)
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["cwd"])
        sys.argv = ["edge-genre", *request["arguments"]]
        for name, value in request["constants"].items():
            module, _, constant = name.rpartition(".")
            changed = importlib.import_module(module)
            getattr(changed, constant)  # one that is gone is a fault of the test
            setattr(changed, constant, value)
        from edge_runtime.cli import main as edge_genre

        code = edge_genre(request["arguments"])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # what a traceback of the interpreter would show
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def _lead(path: str, flags: int, descriptor: int) -> None:
    opened = os.open(path, flags, 0o600)
    os.dup2(opened, descriptor)
    os.close(opened)


def _wait(child: int, timeout: float) -> int | None:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


if __name__ == "__main__":
    main()
