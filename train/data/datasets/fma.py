"""The Free Music Archive data set: MP3 files by number, and a table that says what they are."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.audio.folder import find_audio, first_few
from edge_runtime.errors import DataSetError

from ..genre_names import by_key, spelling_key
from ..tracks import Track, TrackList
from .checksums import compared
from .data_set import DataSet

_PARTS = {"training": "train", "validation": "valid", "test": "test"}
_SUBSETS = ("small", "medium", "large", "full")
"""Each holds those before it; ``full`` has the tracks of ``large``, uncut."""

_COLUMNS = {
    "genre": ("track", "genre_top"),
    "licence": ("track", "license"),
    "artist": ("artist", "name"),
    "split": ("set", "split"),
    "subset": ("set", "subset"),
}
_PLACE = re.compile(r"(\d{3})/(\1\d{3})\.mp3", re.IGNORECASE)


@dataclass(frozen=True)
class _Row:
    genre: str
    licence: str
    artist: str
    split: str
    subset: str


def find(root: Path, labels: Sequence[str] | None = None) -> TrackList:
    """FMA's clips below a folder, with the genre, artist, licence and part that its table gives.

    Raises
    ------
    DataSetError
        If the table or the clips are missing.
    """
    table = table_path(root)
    known = None if labels is None else by_key(labels)
    # The table has 106,574 rows; only those whose clips are here are kept.
    audio = find_audio(root.resolve())
    files, outside = _clips(audio.files)
    rows = {number: row for number, row in _rows(table) if number in files}
    tracks, parts, nameless, unknown = [], {}, 0, 0
    for number, path in files.items():
        row = rows.get(number)
        if row is None:
            outside.append(path)
            continue
        if not row.genre:
            nameless += 1
            continue
        label = row.genre if known is None else known.get(spelling_key(row.genre))
        if label is None:
            unknown += 1
            continue
        tracks.append(Track(number, path, label, row.artist, row.licence))
        if row.split in _PARTS:
            parts[number] = _PARTS[row.split]
    warnings = [
        f"{root}: {n} {what} and are left out"
        for n, what in (
            (nameless, "clips have no top genre in FMA's table"),
            (
                len(outside),
                f"audio files ({first_few([p.name for p in outside])}) are not in FMA's table",
            ),
            (unknown, "clips are of genres that the model does not know"),
        )
        if n
    ]
    if not tracks:
        raise DataSetError(
            f"{root}: none of FMA's clips with a genre are there; they are like 000/000002.mp3"
        )
    return TrackList(
        tuple(tracks), parts, (*audio.warnings(root), *warnings), "fma", tuple(outside)
    )


def table_path(root: Path) -> Path:
    """FMA's ``tracks.csv``, in the folder, in its ``fma_metadata``, or in the one beside it.

    Raises
    ------
    DataSetError
        If it is in none of them.
    """
    for folder in (root, root / "fma_metadata", root.resolve().parent / "fma_metadata"):
        path = folder / "tracks.csv"
        if path.is_file() and _is_table(path):
            return path
    raise DataSetError(
        f"{root}: the files are named as FMA's, but their genres are not known; unpack "
        "fma_metadata.zip there, so that fma_metadata/tracks.csv exists"
    )


def recognise(root: Path, files: Sequence[Path]) -> bool:
    """Whether most files are where FMA has them; folders of numbers are no genres."""
    return 2 * sum(_number(path) is not None for path in files) > len(files)


def validate(root: Path) -> list[str]:
    """What a copy lacks, has too much, or has changed."""
    files, outside = _clips(find_audio(root.resolve()).files)
    subset = _subset(files.values())
    wanted = _SUBSETS[: _SUBSETS.index(subset) + 1] if subset else ()
    strange, missing = set(files), []
    for number, row in _rows(table_path(root)):
        strange.discard(number)
        if row.subset in wanted and number not in files:
            missing.append(number)
    findings = []
    if missing:
        findings.append(f"{len(missing)} clips of fma_{subset} are not there: {first_few(missing)}")
    others = [path.name for path in outside] + [f"{number}.mp3" for number in sorted(strange)]
    if others:
        findings.append(f"{len(others)} audio files are not in FMA's table: {first_few(others)}")
    # Each archive brings the SHA-1 of its clips in a file of its own.
    for path in sorted({path.parent.parent / "checksums" for path in files.values()}):
        if path.is_file():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            sums = {Path(line[40:].strip()).stem: line[:40] for line in lines if len(line) > 42}
            here = {n: p for n, p in files.items() if p.parent.parent == path.parent}
            findings += compared(here, sums, "sha1", f"{path.parent.name}/checksums")
    return findings


def _number(path: Path) -> str | None:
    found = _PLACE.fullmatch("/".join(path.parts[-2:]))
    return found[2] if found else None


def _clips(audio: Sequence[Path]) -> tuple[dict[str, Path], list[Path]]:
    """Clips by number, and the other audio files."""
    clips: dict[str, Path] = {}
    others = []
    for path in audio:
        number = _number(path)
        if number is None:
            others.append(path)
        else:
            clips.setdefault(number, path)
    return dict(sorted(clips.items())), others


def _subset(files: Iterable[Path]) -> str | None:
    """Which archive the clips come from, where a folder's name says so."""
    names = {path.parent.parent.name for path in files}
    return next((subset for subset in reversed(_SUBSETS) if f"fma_{subset}" in names), None)


def _is_table(path: Path) -> bool:
    try:
        next(_rows(path))
    except (DataSetError, StopIteration):
        return False
    return True


def _rows(path: Path) -> Iterator[tuple[str, _Row]]:
    """Six-digit number and row of every track in FMA's table.

    Its header has three rows: groups of columns, columns, and the name of the first column.
    """
    csv.field_size_limit(1 << 24)  # artists' biographies are columns, too
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            heads = [tuple(pair) for pair in zip(next(reader), next(reader), strict=True)]
            third = next(reader)
            places = {field: heads.index(column) for field, column in _COLUMNS.items()}
            if third[:1] != ["track_id"]:
                raise ValueError("its third row does not begin with track_id")
            for line in reader:
                if line:
                    yield (
                        f"{int(line[0]):06}",
                        _Row(**{field: line[place] for field, place in places.items()}),
                    )
    except OSError as error:
        raise DataSetError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, IndexError, csv.Error, StopIteration) as error:
        raise DataSetError(f"{path}: is not FMA's tracks.csv ({error}); unpack it again") from None


FMA = DataSet(
    id="fma",
    title="FMA: A Dataset For Music Analysis",
    layout="NNN/NNNNNN.mp3 at any depth (fma_small/, ...), and tracks.csv in the folder, in its "
    "fma_metadata/ or in the one beside it",
    citation="M. Defferrard, K. Benzi, P. Vandergheynst and X. Bresson, FMA: A Dataset For Music "
    "Analysis, 18th International Society for Music Information Retrieval Conference, 2017",
    licence="each track its artist's own, mostly Creative Commons (listed by `data check`); the "
    "table CC BY 4.0",
    find=find,
    validate=validate,
    recognise=recognise,
    url="https://github.com/mdeff/fma",
)
