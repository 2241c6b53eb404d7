"""GTZAN, in any of the layouts in which it is passed on.

A clip is known by its file name, ``blues.00000``, in whatever container and folder: ``genres/*.au``
of the first archive, ``genres_original/*.wav`` of Kaggle, an archive unpacked anywhere.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from edge_runtime.audio.file import EXTENSIONS
from edge_runtime.audio.folder import audio_files, find_audio, first_few
from edge_runtime.errors import DataSetError

from ..genre_names import by_key, spelling_key
from ..tracks import Track, TrackList, folder_parts
from .checksums import compared
from .data_set import DataSet

GENRES = (
    "blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock",
)  # fmt: skip
CLIPS_PER_GENRE = 100

KNOWN_REPEATS = (
    ("disco.00098", "disco.00099"),
    ("hiphop.00076", "hiphop.00078"),
    ("pop.00054", "pop.00060"),
    ("pop.00067", "pop.00071"),
    ("reggae.00081", "reggae.00082"),
)
"""Some clips with the very same samples; Sturm (2013) lists many more that sound the same."""

_NAME = re.compile(rf"({'|'.join(GENRES)})\.(\d{{5}})", re.IGNORECASE)

_INDEX_HOWTO = "python -c \"import mirdata; mirdata.initialize('gtzan_genre').download(['index'])\""


def clip_id(path: Path) -> str | None:
    """``blues.00000`` of a file that has such a name, else None."""
    found = _NAME.fullmatch(path.stem)
    return found[0].lower() if found and int(found[2]) < CLIPS_PER_GENRE else None


def find(root: Path, labels: Sequence[str] | None = None) -> TrackList:
    """GTZAN's clips, anywhere below a folder.

    Raises
    ------
    DataSetError
        If none of its clips are there.
    """
    known = None if labels is None else by_key(labels)
    tracks: dict[str, Track] = {}
    outside, copies, moved = [], [], []
    unknown: Counter[str] = Counter()
    resolved = root.resolve()
    audio = find_audio(resolved)
    for path in audio.files:
        name = clip_id(path)
        if name is None:
            outside.append(path)
            continue
        genre = name.partition(".")[0]
        label = genre if known is None else known.get(spelling_key(genre))
        folder = spelling_key(path.parent.name)
        if label is None:
            unknown[genre] += 1
        elif name in tracks:
            copies.append(name)
        else:
            tracks[name] = Track(name, path, label)
            if folder in GENRES and folder != genre:
                moved.append(f"{folder}/{path.name}")
    if not tracks:
        raise DataSetError(
            f"{root}: holds no clips of GTZAN; their names are like blues.00000.wav "
            f"({', '.join(EXTENSIONS)})"
        )
    warnings = []
    if outside:
        names = first_few([path.name for path in outside])
        warnings.append(f"{len(outside)} audio files are not GTZAN's and are left out ({names})")
    if copies:
        warnings.append(
            f"{len(copies)} clips are there more than once; the first file of each is used "
            f"({first_few(copies)})"
        )
    if moved:
        warnings.append(
            f"{len(moved)} clips lie in the folder of another genre ({first_few(moved)}); their "
            "names were believed; --data-set folders believes the folders"
        )
    if unknown:
        warnings.append(
            f"{unknown.total()} clips are of genres that the model does not know "
            f"({', '.join(sorted(unknown))}) and are left out"
        )
    parts = folder_parts(resolved, audio.files)
    if parts:
        warnings.append(f"the folders {', '.join(parts)} are taken for parts of a split")
    ordered = tuple(tracks[name] for name in sorted(tracks))
    return TrackList(
        ordered,
        {t.id: parts[t.path.relative_to(resolved).parts[0]] for t in ordered} if parts else {},
        (*audio.warnings(root), *(f"{root}: {w}" for w in warnings)),
        "gtzan",
        tuple(outside),
        parts_are_folders=bool(parts),
    )


def recognise(root: Path, files: Sequence[Path]) -> bool:
    """Whether the folder holds GTZAN's clips, and in its sub-folders nothing else."""
    found = [path for path in files if clip_id(path)]
    # A genre of one's own beside GTZAN's makes it a folder of genre folders.
    return bool(found) and all(clip_id(path) or path.parent == root for path in files)


def validate(root: Path) -> list[str]:
    """What a copy lacks, has too much, or has changed."""
    files = audio_files(root.resolve())
    by_id = {name: path for path in reversed(files) if (name := clip_id(path))}
    every = [f"{genre}.{n:05}" for genre in GENRES for n in range(CLIPS_PER_GENRE)]
    missing = [name for name in every if name not in by_id]
    strange = [str(path.relative_to(root.resolve())) for path in files if not clip_id(path)]
    findings = []
    if missing:
        counts = Counter(name.partition(".")[0] for name in missing)
        findings.append(
            f"{len(missing)} of GTZAN's {len(every)} clips are not there: "
            + ", ".join(f"{genre} {n}" for genre, n in counts.items())
        )
    if strange:
        findings.append(f"{len(strange)} audio files are not GTZAN's: {first_few(strange)}")
    return findings + _checksums(by_id)


def _checksums(by_id: dict[str, Path]) -> list[str]:
    if importlib.util.find_spec("mirdata") is None:
        return []
    try:
        import mirdata
    except ImportError as error:  # one of its own requirements
        return [f"checksums were not compared: mirdata cannot be imported ({error})"]
    index = Path(mirdata.initialize("gtzan_genre").index_path)
    try:
        with index.open(encoding="utf-8") as file:
            listed = {name: entry["audio"] for name, entry in json.load(file)["tracks"].items()}
    except FileNotFoundError:
        return [
            "checksums were not compared: mirdata is installed without its index of GTZAN; fetch "
            f"it: {_INDEX_HOWTO}"
        ]
    except (OSError, ValueError, KeyError, AttributeError):
        return [f"checksums were not compared: mirdata's index is damaged; delete {index}"]
    # The index is of WAV files; the same music in another container has other bytes.
    files = {
        name: path
        for name, path in by_id.items()
        if name in listed and path.suffix.lower() == Path(listed[name][0]).suffix
    }
    if not files:
        return ["checksums were not compared: mirdata's are of .wav files, and there are none"]
    expected = {name: checksum for name, (_, checksum) in listed.items()}
    return compared(files, expected, "md5", "mirdata's index")


GTZAN = DataSet(
    id="gtzan",
    title="GTZAN Genre Collection",
    layout="GENRE.NNNNN.au, .wav, .ogg, ... at any depth: genres/, genres_original/, clips/",
    citation="G. Tzanetakis and P. Cook, Musical genre classification of audio signals, IEEE "
    "Transactions on Speech and Audio Processing 10(5), 2002; its faults: B. L. Sturm, The GTZAN "
    "dataset: its contents, its faults, their effects on evaluation, and its future use, "
    "arXiv:1306.1461, 2013",
    licence="none that anyone could find: excerpts of commercial records, for research only at "
    "your own judgement",
    find=find,
    validate=validate,
    recognise=recognise,
    genres=GENRES,
    faults=(
        ("jazz.00054", "known to be corrupt in Kaggle's copy"),
        *(
            (name, f"known to repeat {other}")
            for pair in KNOWN_REPEATS
            for name, other in (pair, pair[::-1])
        ),
    ),
)
