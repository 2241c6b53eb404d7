"""The clips of a data set: which files there are, and which genre each one is."""

from __future__ import annotations

import csv
import dataclasses
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.audio.file import EXTENSIONS
from edge_runtime.errors import DataSetError
from edge_runtime.regular_file import check_regular

from .genre_names import by_key, one_spelling, spelling_key


@dataclass(frozen=True)
class Track:
    """One clip."""

    id: str
    """Unique within the data set"""
    path: Path
    label: str
    artist: str = ""
    """Empty if unknown"""
    licence: str = ""
    """In the words of the data set; empty where it gives none for single clips"""


@dataclass(frozen=True)
class TrackList:
    """The clips of a data set, and what was found missing."""

    tracks: tuple[Track, ...]
    parts: dict[str, str]
    """Part (``train``, ``valid``, ...) by track id; empty without a split file"""
    warnings: tuple[str, ...]
    dataset: str = "folders"
    """Which data set it is: a key of `train.data.datasets.DATASETS`, or ``csv``"""
    outside: tuple[Path, ...] = ()
    """Audio files that belong to no genre"""
    missing: tuple[str, ...] = ()
    """Clips that a list names but that are not there"""


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
    warnings = _empty_folders(root, labels)
    given, root = root, root.resolve()
    known = by_key(labels) if labels is not None else None
    tracks, outside = [], []
    for path in audio_files(root):
        folders = path.relative_to(root).parts[:-1]
        label = _label(folders, known)
        if label is None and known is not None:
            label = known.get(spelling_key(root.name))
        if label is None:
            outside.append(path)
            continue
        tracks.append(Track(path.relative_to(root).with_suffix("").as_posix(), path, label))
    if outside:
        names = first_few([path.relative_to(root).as_posix() for path in outside])
        warnings.append(
            f"{given}: {len(outside)} clips lie in no genre folder and are left out ({names})"
        )
    if not tracks:
        wanted = f" named {', '.join(labels)}" if labels is not None else ""
        raise DataSetError(
            f"{given}: no clips found; it must hold one folder per genre{wanted}, with "
            f"{', '.join(EXTENSIONS)} files in them"
        )
    tracks, merged = spelled_alike(tracks, labels)
    return TrackList(_unique(tracks), {}, (*warnings, *merged), outside=tuple(outside))


def read_track_list(
    csv_path: Path, root: Path, labels: Sequence[str] | None = None, *, need_split: bool = True
) -> TrackList:
    """Clips that a split file names.

    Parameters
    ----------
    csv_path : Path
        CSV with the columns ``genre`` (or ``label``), ``split``, and ``path`` or ``id``; it may
        have ``artist`` and ``licence``, and others are ignored. A path is sought from `root` and
        from the CSV's own folder; an id, among the file names (without their ending) below `root`.
    root : Path
    labels : sequence of str, optional
        Genres of a model: a label that is written another way gets the model's spelling.
    need_split : bool
        False takes a list without the column ``split``, too.

    Raises
    ------
    DataSetError
        If the file is missing, lacks a column, or none of its clips are there.
    """
    rows = _read_rows(csv_path, need_split=need_split)
    by_stem = _by_stem(root)
    tracks, parts, missing = [], {}, []
    for row in rows:
        path = _locate(row, [root, csv_path.parent], by_stem)
        if path is None:
            missing.append(row.id)
            continue
        tracks.append(Track(row.id, path, row.label, row.artist, row.licence))
        if row.part:
            parts[row.id] = row.part
    if not tracks:
        raise DataSetError(
            f"{csv_path}: none of its {len(rows)} clips are in {root}; name the folder they are in"
        )
    warnings = []
    if missing:
        warnings.append(
            f"{csv_path}: {len(missing)} of {len(rows)} clips are not there and are left out "
            f"({first_few(missing)})"
        )
    tracks, merged = spelled_alike(tracks, labels)
    return TrackList(
        tuple(tracks), parts, (*warnings, *merged), dataset="csv", missing=tuple(missing)
    )


def spelled_alike(
    tracks: Sequence[Track], labels: Iterable[str] | None = None
) -> tuple[list[Track], list[str]]:
    """Tracks whose genres are written one way each: the model's, or what most clips have."""
    if labels is not None:
        known, warnings = by_key(labels), list[str]()
        spelling = {t.label: known.get(spelling_key(t.label), t.label) for t in tracks}
    else:
        spelling, warnings = one_spelling([track.label for track in tracks])
    return [dataclasses.replace(t, label=spelling[t.label]) for t in tracks], warnings


def audio_files(root: Path) -> list[Path]:
    """Audio files below a folder, in a fixed order; hidden ones left out."""
    found: list[Path] = []
    seen: set[str] = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        seen.add(os.path.realpath(folder))
        # A link to a folder above would lead round and round.
        folders[:] = [f for f in folders if os.path.realpath(Path(folder) / f) not in seen]
        found += [
            Path(folder) / name
            for name in names
            if name.lower().endswith(EXTENSIONS) and not name.startswith(".")
        ]
    return sorted(found)


def first_few(names: Sequence[str], most: int = 3) -> str:
    """Some names for a message of one line."""
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def _empty_folders(root: Path, labels: Sequence[str] | None) -> list[str]:
    known = None if labels is None else by_key(labels)
    return [
        f"{folder}: genre folder without clips; it is left out"
        for folder in sorted(root.iterdir())
        if folder.is_dir()
        and not folder.name.startswith(".")
        and (known is None or spelling_key(folder.name) in known)
        and not audio_files(folder)
    ]


def _label(folders: tuple[str, ...], known: dict[str, str] | None) -> str | None:
    if known is None:
        return folders[0] if folders else None
    named = (known.get(spelling_key(folder)) for folder in reversed(folders))
    return next((label for label in named if label is not None), None)


@dataclass(frozen=True)
class _Row:
    id: str
    path: str
    """Empty where the file has no such column"""
    label: str
    part: str
    artist: str
    licence: str


def _read_rows(csv_path: Path, *, need_split: bool) -> list[_Row]:
    try:
        check_regular(csv_path)
        with csv_path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="")
            lines = list(reader)
            columns = set(reader.fieldnames or ())
    except OSError as error:
        raise DataSetError(f"{csv_path}: cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataSetError(f"{csv_path}: is not a CSV file ({error})") from None
    for wanted in ({"split"}, {"genre", "label"}, {"path", "id"}):
        if not wanted & columns and (need_split or wanted != {"split"}):
            raise DataSetError(
                f"{csv_path}: has no column {' or '.join(sorted(wanted))}; a split file needs "
                "genre, split, and path or id"
            )
    need_split = "split" in columns
    if not lines:
        raise DataSetError(f"{csv_path}: names no clips")
    rows = [_row(csv_path, n, line, need_split=need_split) for n, line in enumerate(lines, start=2)]
    twice = [name for name, n in Counter(row.id for row in rows).items() if n > 1]
    if twice:
        raise DataSetError(f"{csv_path}: names {twice[0]!r} more than once; keep one of its rows")
    return rows


def _row(csv_path: Path, number: int, line: dict[str, str], *, need_split: bool) -> _Row:
    path = line.get("path", "")
    row = _Row(
        line.get("id") or (Path(path).with_suffix("").as_posix() if path else ""),
        path,
        line.get("genre") or line.get("label") or "",
        line.get("split", ""),
        line.get("artist", ""),
        line.get("licence") or line.get("license") or "",
    )
    for name, value, needed in (
        ("id or path", row.id.strip("."), True),
        ("genre", row.label, True),
        ("split", row.part, need_split),
    ):
        if needed and not value:
            raise DataSetError(f"{csv_path}: row {number} has no {name}")
    return row


def _by_stem(root: Path) -> dict[str, Path]:
    """Clips by file name without ending; names that two clips share are left out."""
    files = audio_files(root) if root.is_dir() else []
    counts = Counter(path.stem for path in files)
    return {path.stem: path for path in files if counts[path.stem] == 1}


def _locate(row: _Row, roots: list[Path], by_stem: dict[str, Path]) -> Path | None:
    if row.path:
        for root in roots:
            if (root / row.path).is_file():
                return root / row.path
    return by_stem.get(row.id)


def _unique(tracks: list[Track]) -> tuple[Track, ...]:
    seen: set[str] = set()
    unique = []
    for track in tracks:
        name, copy = track.id, 1
        while name in seen:  # song.wav beside song.mp3
            copy += 1
            name = f"{track.id} ({copy})"
        seen.add(name)
        unique.append(dataclasses.replace(track, id=name))
    return tuple(unique)
