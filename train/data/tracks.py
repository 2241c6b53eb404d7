"""The clips of a data set: which files there are, and which genre each one is."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.audio.file import EXTENSIONS
from edge_runtime.audio.folder import audio_files, find_audio, first_few, is_hidden
from edge_runtime.errors import DataSetError

from .genre_names import by_key, one_spelling, spelling_key
from .parts import part_of, parts_by_name
from .track_csv import Row, read_rows

_DISC = re.compile(r"(cd|dis[ck]|vol(ume)?\.?|side|lp)?[ _-]*([0-9]+|[ab])", re.IGNORECASE)
"""A folder within an album, or of a year"""


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
    """Part (``train``, ``valid``, ...) by track id; empty where neither a list, nor a data set, nor
    folders say so"""
    warnings: tuple[str, ...]
    dataset: str = "folders"
    """Which data set it is: a key of `train.data.datasets.DATASETS`, or ``csv``"""
    outside: tuple[Path, ...] = ()
    """Audio files that belong to no genre"""
    missing: tuple[str, ...] = ()
    """Clips that a list names but that are not there"""
    parts_are_folders: bool = False
    """Whether `parts` are the folders that hold the genre folders: ``train``, ``test``, ..."""


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
    given, root = root, root.resolve()
    audio = find_audio(root)
    parts = folder_parts(root, audio.files)
    warnings = [
        *audio.warnings(given),
        *_about_layout(given, root, audio.files, parts, named=labels is not None),
    ]
    warnings += [
        f"{given / folder.relative_to(root)}: genre folder without clips; it is left out"
        for folder in _empty_folders([root / name for name in parts] or [root], labels)
    ]
    known = by_key(labels) if labels is not None else None
    tracks, outside = [], []
    for path in audio.files:
        folders = path.relative_to(root).parts[:-1]
        label = _label(folders[1:] if parts else folders, known)
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
            f"{given}: no clips found; {_each(parts)} must hold one folder per genre{wanted}, with "
            f"{', '.join(EXTENSIONS)} files in them"
        )
    tracks, merged = spelled_alike(tracks, labels)
    unique = _unique(tracks)
    return TrackList(
        unique,
        {t.id: parts[_top(root, t.path)] for t in unique} if parts else {},
        (*warnings, *merged),
        outside=tuple(outside),
        parts_are_folders=bool(parts),
    )


def read_track_list(
    csv_path: Path, root: Path, labels: Sequence[str] | None = None, *, need_split: bool = True
) -> TrackList:
    """Clips that a split file names.

    Parameters
    ----------
    csv_path : Path
        Its columns are ``genre`` (or ``label``), ``split``, and ``path`` or ``id``; it may have
        ``artist`` and ``licence``, and others are ignored. A path is sought from `root` and from
        the file's own folder; an id, among the file names (without their ending) below `root`.
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
    rows = read_rows(csv_path, [root, csv_path.parent], need_split=need_split)
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


def folder_parts(root: Path, files: Sequence[Path]) -> dict[str, str]:
    """Part by the name of a folder in `root`, where all that hold clips are named like parts."""
    return parts_by_name(_top(root, path) for path in files if path.parent != root)


def _each(parts: Collection[str]) -> str:
    return f"each of {', '.join(parts)}" if parts else "it"


def _top(root: Path, path: Path) -> str:
    return path.relative_to(root).parts[0]


def _about_layout(
    given: Path, root: Path, files: Sequence[Path], parts: dict[str, str], *, named: bool
) -> list[str]:
    """What may be meant otherwise than it is taken."""
    if parts:
        return [
            f"{given}: the folders {', '.join(parts)} are taken for parts of a split, and those in "
            "them for the genres"
        ]
    if named:  # a model's genres are found at any depth
        return []
    inner: dict[str, set[str]] = defaultdict(set)
    for path in files:
        top, *below = path.relative_to(root).parts
        if below:
            inner[top].add(below[0] if len(below) > 1 else "")
    like = [name for name in inner if part_of(name)]
    if like and len(inner) > 1:
        return [
            f"{given}: {', '.join(like)} is named like a part of a split, but taken for a genre, "
            "since other folders stand beside it; move it elsewhere if it is none"
        ]
    shared = set.intersection(*inner.values()) if len(inner) > 1 else set()
    if shared and all(part_of(name) for name in shared):
        return [
            f"{given}: the folders {', '.join(sorted(shared))} within the genres are not taken for "
            f"parts of a split; for that, put the genres into them, as {sorted(shared)[0]}/"
            f"{next(iter(inner))}"
        ]
    # Genres may share an artist, a "Various Artists" or a "CD 1".
    shared = {name for name in shared if not _DISC.fullmatch(name)}
    if (
        len(shared) > 1
        and 2 * len(shared) > len(set.union(*inner.values()))
        and not any("" in names for names in inner.values())
    ):
        return [
            f"{given}: {', '.join(inner)} are taken for genres, but each holds folders called "
            f"{first_few(sorted(shared))}; if those are the genres, name one of the former"
        ]
    return []


def _empty_folders(places: Sequence[Path], labels: Sequence[str] | None) -> list[Path]:
    known = None if labels is None else by_key(labels)
    return [
        folder
        for place in places
        for folder in sorted(place.iterdir())
        if folder.is_dir()
        and not is_hidden(folder.name)
        and (known is None or spelling_key(folder.name) in known)
        and not audio_files(folder)
    ]


def _label(folders: tuple[str, ...], known: dict[str, str] | None) -> str | None:
    if known is None:
        return folders[0] if folders else None
    named = (known.get(spelling_key(folder)) for folder in reversed(folders))
    return next((label for label in named if label is not None), None)


def _by_stem(root: Path) -> dict[str, Path]:
    """Clips by file name without ending; names that two clips share are left out."""
    files = audio_files(root) if root.is_dir() else []
    counts = Counter(path.stem for path in files)
    return {path.stem: path for path in files if counts[path.stem] == 1}


def _locate(row: Row, roots: list[Path], by_stem: dict[str, Path]) -> Path | None:
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
