"""Audio files below a folder, without what is hidden or the system's own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import EdgeGenreError
from .file import EXTENSIONS, open_audio

_SYSTEM_FOLDERS = {
    "#recycle", "#snapshot", "$recycle.bin", "@eadir", "@recently-snapshot", "@recycle",
    "__macosx", "__pycache__", "found.000", "lost+found", "network trash folder", "recycled",
    "recycler", "system volume information", "temporary items",
}  # fmt: skip
"""In small letters: waste bins, thumbnails and snapshots of file systems, NAS boxes and archives"""


@dataclass(frozen=True)
class AudioFiles:
    """The audio files below a folder."""

    files: tuple[Path, ...]
    """In a fixed order"""
    left_out: tuple[str, ...]
    """Hidden audio files, and audio files in hidden and system folders, relative to the folder"""
    unreadable: tuple[str, ...] = ()
    """Folders that could not be looked into"""

    def warnings(self, folder: Path) -> list[str]:
        """A line each about what was left out and what could not be read, if anything."""
        lines = []
        if self.left_out:
            lines.append(
                f"{folder}: {len(self.left_out)} audio files are hidden, or lie in hidden or "
                f"system folders, and are left out ({first_few(self.left_out)})"
            )
        if self.unreadable:
            lines.append(
                f"{folder}: {len(self.unreadable)} folders in it cannot be read "
                f"({first_few(self.unreadable)}); check who may read them"
            )
        return lines


def find_audio(root: Path, extensions: tuple[str, ...] = EXTENSIONS) -> AudioFiles:
    """Audio files below a folder; links to folders are followed, but not round and round.

    Parameters
    ----------
    root : Path
    extensions : tuple of str
        Endings of their names, in small letters.
    """
    found: list[Path] = []
    left_out: list[Path] = []
    unreadable: list[str] = []
    seen: set[str] = set()
    for name, folders, names in os.walk(
        root, onerror=lambda error: unreadable.append(str(error.filename)), followlinks=True
    ):
        folder = Path(name)
        seen.add(os.path.realpath(folder))
        hidden = [folder / inner for inner in folders if is_hidden(inner)]
        left_out += [path for inner in hidden for path in _all_audio(inner, extensions)]
        # A link to a folder above would lead round and round.
        folders[:] = [
            inner
            for inner in folders
            if not is_hidden(inner) and os.path.realpath(folder / inner) not in seen
        ]
        for path in _audio(folder, names, extensions):
            (left_out if is_hidden(path.name) else found).append(path)
    return AudioFiles(
        tuple(sorted(found)),
        tuple(path.relative_to(root).as_posix() for path in sorted(left_out)),
        tuple(sorted(unreadable)),
    )


def audio_files(root: Path) -> list[Path]:
    """The files of `find_audio` alone."""
    return list(find_audio(root).files)


def header_seconds(path: Path) -> float | None:
    """Length of a file as far as it is known without decoding; None if it cannot be read."""
    try:
        return open_audio(path).seconds
    except (EdgeGenreError, OSError):
        return None


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or a system's own."""
    return name.startswith(".") or name.casefold() in _SYSTEM_FOLDERS


def first_few(names: Sequence[str], most: int = 3) -> str:
    """Some names for a message of one line."""
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def _all_audio(folder: Path, extensions: tuple[str, ...]) -> Iterator[Path]:
    for name, _, names in os.walk(folder):
        yield from _audio(Path(name), names, extensions)


def _audio(folder: Path, names: Sequence[str], extensions: tuple[str, ...]) -> list[Path]:
    return [folder / name for name in names if name.lower().endswith(extensions)]
