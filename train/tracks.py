"""The clips of a data set: which files there are, and which genre each one is."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.audio_file import EXTENSIONS
from edge_runtime.errors import DataSetError


@dataclass(frozen=True)
class Track:
    """One clip."""

    id: str
    """Unique within the data set"""
    path: Path
    label: str


@dataclass(frozen=True)
class TrackList:
    """The clips of a data set, and what was found missing."""

    tracks: tuple[Track, ...]
    parts: dict[str, str]
    """Part (``train``, ``valid``, ...) by track id; empty where no split file said"""
    warnings: tuple[str, ...]


def find_tracks(root: Path, labels: Sequence[str] | None = None) -> TrackList:
    """Clips of a folder of genre folders.

    Parameters
    ----------
    root : Path
    labels : sequence of str, optional
        Genres of a model: the nearest folder above a clip that is named like one of them is its
        genre (case and punctuation aside), however deep. Without them, the folders directly in
        `root` are the genres.

    Raises
    ------
    DataSetError
        If there is no such folder, or no clip in it has a genre.
    """
    if not root.is_dir():
        raise DataSetError(f"{root}: no such folder; name the folder that holds the genre folders")
    warnings = [] if labels is not None else _empty_folders(root)
    known = {_plain(label): label for label in labels} if labels is not None else None
    tracks, strangers = [], 0
    for path in audio_files(root):
        folders = path.relative_to(root).parts[:-1]
        label = _label(folders, known)
        if label is None and known is not None:
            label = known.get(_plain(root.name))
        if label is None:
            strangers += 1
            continue
        tracks.append(Track(path.relative_to(root).with_suffix("").as_posix(), path, label))
    if strangers:
        warnings.append(f"{root}: {strangers} clips lie in no genre folder and are left out")
    if not tracks:
        wanted = f" named {', '.join(labels)}" if labels is not None else ""
        raise DataSetError(
            f"{root}: no clips found; it must hold one folder per genre{wanted}, with "
            f"{', '.join(EXTENSIONS)} files in them"
        )
    return TrackList(_unique(tracks), {}, tuple(warnings))


def read_track_list(csv_path: Path, root: Path) -> TrackList:
    """Clips that a split file names.

    Parameters
    ----------
    csv_path : Path
        CSV with the columns ``genre`` (or ``label``), ``split``, and ``path`` or ``id``; others
        are ignored. A path is sought from `root` and from the CSV's own folder; an id, among the
        file names (without their ending) below `root`.
    root : Path

    Raises
    ------
    DataSetError
        If the file is missing, lacks a column, or none of its clips are there.
    """
    rows = _read_rows(csv_path)
    by_stem = {path.stem: path for path in audio_files(root)} if root.is_dir() else {}
    tracks, parts, missing = [], {}, []
    for row in rows:
        name = row.get("id") or Path(row.get("path") or "").with_suffix("").as_posix()
        path = _locate(row, [root, csv_path.parent], by_stem)
        if path is None:
            missing.append(name)
            continue
        tracks.append(Track(name, path, row.get("genre") or row.get("label") or ""))
        parts[name] = row["split"]
    if not tracks:
        raise DataSetError(
            f"{csv_path}: none of its {len(rows)} clips are in {root}; name the folder they are in"
        )
    warnings = []
    if missing:
        warnings.append(
            f"{csv_path}: {len(missing)} of {len(rows)} clips are not there and are left out "
            f"({', '.join(missing[:3])}{', ...' if len(missing) > 3 else ''})"
        )
    return TrackList(_unique(tracks), parts, tuple(warnings))


def audio_files(root: Path) -> list[Path]:
    """Audio files below a folder, in a fixed order; hidden ones left out."""
    return sorted(
        path
        for path in root.rglob("*")
        if path.suffix.lower() in EXTENSIONS and not path.name.startswith(".") and path.is_file()
    )


def _empty_folders(root: Path) -> list[str]:
    return [
        f"{folder}: genre folder without clips; it is left out"
        for folder in sorted(root.iterdir())
        if folder.is_dir() and not folder.name.startswith(".") and not audio_files(folder)
    ]


def _label(folders: tuple[str, ...], known: dict[str, str] | None) -> str | None:
    if known is None:
        return folders[0] if folders else None
    named = (known.get(_plain(folder)) for folder in reversed(folders))
    return next((label for label in named if label is not None), None)


def _plain(name: str) -> str:
    """``Hip-Hop`` and ``hiphop`` are one genre."""
    return re.sub(r"[\W_]+", "", name.casefold())


def _read_rows(csv_path: Path) -> list[dict[str, str]]:
    try:
        with csv_path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
            columns = set(reader.fieldnames or ())
    except OSError as error:
        raise DataSetError(f"{csv_path}: cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataSetError(f"{csv_path}: is not a CSV file ({error})") from None
    for wanted in ({"split"}, {"genre", "label"}, {"path", "id"}):
        if not wanted & columns:
            raise DataSetError(
                f"{csv_path}: has no column {' or '.join(sorted(wanted))}; a split file needs "
                "genre, split, and path or id"
            )
    if not rows:
        raise DataSetError(f"{csv_path}: names no clips")
    return rows


def _locate(row: dict[str, str], roots: list[Path], by_stem: dict[str, Path]) -> Path | None:
    if row.get("path"):
        for root in roots:
            if (root / row["path"]).is_file():
                return root / row["path"]
    return by_stem.get(row.get("id") or Path(row.get("path") or "").stem)


def _unique(tracks: list[Track]) -> tuple[Track, ...]:
    seen: set[str] = set()
    unique = []
    for track in tracks:
        name, copy = track.id, 1
        while name in seen:  # song.wav beside song.mp3
            copy += 1
            name = f"{track.id} ({copy})"
        seen.add(name)
        unique.append(Track(name, track.path, track.label))
    return tuple(unique)
