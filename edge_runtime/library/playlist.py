"""A playlist (M3U) of each genre."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from ..atomic_write import opened_atomically
from ..errors import OutputFileError
from ..output_file import FileKind, refuse_other_kind
from .row import Row, name_of
from .store import read_rows

_log = logging.getLogger(__name__)

M3U = FileKind("a playlist", lambda head: head.startswith(b"#EXTM3U"))
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f<>:"/\\|?*]')
_COLUMNS = ["path", "path_bytes", "seconds", "genre"]
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(//|:)")


def write_playlists(labels: Path, folder: Path, genres: Collection[str]) -> int:
    """Write a playlist of each genre that files have; returns how many there are.

    Files are named by whole paths, in the order of their names. A playlist that is there and has
    no files any more becomes empty.

    Parameters
    ----------
    labels : Path
        An output of `edge-genre label`.
    folder : Path
        Is made if need be; the playlists are called ``jazz.m3u8``.
    genres : collection of str
        Labels that get one.

    Raises
    ------
    OutputFileError
        If a file of another kind is in the way, or nothing can be written.
    """
    paths = _paths(folder, genres)
    for path in paths.values():
        refuse_other_kind(path, M3U, "--playlist")
    impossible = written = 0
    with ExitStack() as opened:
        files: dict[str, BinaryIO] = {}

        def begin(genre: str) -> BinaryIO:
            if genre not in files:
                files[genre] = opened.enter_context(
                    opened_atomically(paths[genre], error=OutputFileError)
                )
                files[genre].write(b"#EXTM3U\n")
            return files[genre]

        for row in read_rows(labels, _COLUMNS):
            if row["genre"] not in paths:
                continue
            entry = _entry(row)
            if entry is None:
                impossible += 1
                continue
            begin(row["genre"]).write(entry)
        written = len(files)
        for genre, path in paths.items():
            if path.exists():
                begin(genre)
    if impossible:
        _log.warning(
            "%s: %d files have a line end in their names, which no playlist can hold; they are "
            "left out",
            folder,
            impossible,
        )
    return written


def _paths(folder: Path, genres: Collection[str]) -> dict[str, Path]:
    """Playlist by genre; two genres never get the same one, on no disk."""
    paths: dict[str, Path] = {}
    taken: set[str] = set()
    for genre in genres:
        stem = name = _NOT_IN_NAMES.sub("-", genre).strip(" .") or "genre"
        number = 2
        while name.casefold() in taken:
            name = f"{stem} {number}"
            number += 1
        taken.add(name.casefold())
        paths[genre] = folder / f"{name}.m3u8"
    return paths


def _entry(row: Row) -> bytes | None:
    name = name_of(row)
    if "\n" in name or "\r" in name:
        return None
    whole = name if _ADDRESS.match(name) else os.path.abspath(name)  # noqa: PTH100  # not resolved
    title = Path(name).stem
    lines = f"#EXTINF:{round(row['seconds'] or 0)},{title}\n{whole}\n"
    return lines.encode("utf-8", "surrogateescape")
