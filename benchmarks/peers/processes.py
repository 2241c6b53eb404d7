"""Workers: one process for each candidate, held to one thread."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from edge_runtime.bench.processes import LAUNCHER, cost

from ..timing import SINGLE_THREAD
from .candidates import Candidate
from .resources import MissingPeerError, Resources

_ROOT = Path(__file__).parents[2]

ENVIRONMENT = {
    **dict.fromkeys((*SINGLE_THREAD, "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1"),
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "KERAS_BACKEND": "tensorflow",
    "CUDA_VISIBLE_DEVICES": "",
    "PYTHONWARNINGS": "ignore",
    "MPLBACKEND": "agg",
}
"""Of every candidate's process, beside the caller's own"""

_MODULE = ["-m", "benchmarks.peers.worker"]


class Worker:
    """A candidate that classifies clips until it is closed.

    Raises
    ------
    MissingPeerError
        If it cannot run here.
    """

    def __init__(self, candidate: Candidate, resources: Resources) -> None:
        self._stderr = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - closed by close()
        self._process = subprocess.Popen(
            [sys.executable, *_MODULE, *arguments(candidate, resources)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            cwd=_ROOT,
            env={**os.environ, **ENVIRONMENT},
        )
        try:
            first = self._line()
            if "missing" in first:
                raise MissingPeerError(f"{first['missing']}; get it with: {candidate.install}")
        except MissingPeerError:
            self.close()
            raise
        self.model_bytes: int = first["model_bytes"]

    def classify(self, clip: Path, rate: int) -> dict[str, Any]:
        """What the worker replies for a clip: wall and CPU seconds, and scores by label.

        Raises
        ------
        MissingPeerError
            If it fails.
        """
        assert self._process.stdin is not None
        try:
            print(json.dumps({"clip": str(clip), "rate": rate}), file=self._process.stdin)
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the error below has its last words
        return self._line()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._stderr.close()

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._stderr.seek(0)
            lines = self._stderr.read().strip().splitlines()
            raise MissingPeerError(f"ended: {lines[-1] if lines else 'nothing on stderr'}")
        found: dict[str, Any] = json.loads(line)
        return found


def arguments(candidate: Candidate, resources: Resources) -> list[str]:
    """The command line of its worker, with the files of its resources in their places.

    Raises
    ------
    MissingPeerError
        If one of them cannot be had.
    """
    files = [
        str(resources.file(one[1:])) if one.startswith("@") else one for one in candidate.arguments
    ]
    return [candidate.factory, *files]


def cold_start(command: list[str], clip: Path, rate: int) -> dict[str, float]:
    """Wall seconds and peak memory (MiB) of a new process that classifies one clip."""
    once = [sys.executable, *_MODULE, "--once", str(clip), str(rate), *command]
    done = subprocess.run(
        [sys.executable, "-I", str(LAUNCHER), *once],
        capture_output=True,
        check=True,
        cwd=_ROOT,
        env={**os.environ, **ENVIRONMENT},
    )
    return cost(done.stdout)
