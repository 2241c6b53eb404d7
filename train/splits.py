"""Which windows teach and which examine."""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from edge_runtime.errors import DataSetError

from .tracks import Track

TRAIN, VALID = "train", "valid"
VALID_SHARE = 0.2

LEAK_WARNING = (
    "this split LEAKS: windows of one track stand on both sides, so its accuracy says how well "
    "the model knows tracks it has heard, not new music"
)


@dataclass(frozen=True)
class Split:
    """A part for every window of every track."""

    name: str
    parts: dict[str, tuple[str, ...]]
    """By track id: a part for each of its windows"""
    leaks: bool
    """Whether windows of one track stand on both sides"""

    @property
    def sha256(self) -> str:
        """Fingerprint of the assignment."""
        lines = (f"{track},{','.join(parts)}\n" for track, parts in sorted(self.parts.items()))
        return hashlib.sha256("".join(lines).encode(errors="surrogateescape")).hexdigest()


def split_from_list(
    name: str, parts: dict[str, str], windows: Sequence[tuple[Track, int]]
) -> Split:
    """The split that a file prescribes; `windows` tells how many each track has."""
    return Split(name, {track.id: (parts[track.id],) * n for track, n in windows}, leaks=False)


def random_track_split(windows: Sequence[tuple[Track, int]], seed: int) -> Split:
    """All windows of a track on one side; every genre in both parts where it has two tracks."""
    by_label: dict[str, list[tuple[Track, int]]] = defaultdict(list)
    for item in windows:
        by_label[item[0].label].append(item)
    generator = random.Random(seed)
    parts = {}
    for label in sorted(by_label):
        members = by_label[label]
        generator.shuffle(members)
        n_valid = max(1, round(VALID_SHARE * len(members))) if len(members) > 1 else 0
        for index, (track, n) in enumerate(members):
            parts[track.id] = (VALID if index < n_valid else TRAIN,) * n
    return Split(f"track (random, seed {seed})", parts, leaks=False)


def random_segment_split(windows: Sequence[tuple[Track, int]], seed: int) -> Split:
    """The student report's split: windows shuffled, whatever track they are of. It leaks."""
    places = [(track.id, index) for track, n in windows for index in range(n)]
    generator = random.Random(seed)
    generator.shuffle(places)
    valid = set(places[: round(VALID_SHARE * len(places))])
    parts = {
        track.id: tuple(VALID if (track.id, index) in valid else TRAIN for index in range(n))
        for track, n in windows
    }
    return Split(f"segment (random, seed {seed})", parts, leaks=True)


def check_parts(split: Split, windows: Sequence[tuple[Track, int]]) -> list[str]:
    """Refuse a split that cannot be trained on; returns what is odd about a usable one.

    Raises
    ------
    DataSetError
        If there are fewer than two genres, a genre without training windows, or no validation
        windows at all.
    """
    labels = {part: set[str]() for part in (TRAIN, VALID)}
    for track, _ in windows:
        for part in split.parts[track.id]:
            if part in labels:
                labels[part].add(track.label)
    every = labels[TRAIN] | labels[VALID]
    if len(every) < 2:
        raise DataSetError(
            f"split {split.name}: only {len(every)} genre(s) with usable clips in the parts "
            f"{TRAIN!r} and {VALID!r}; a classifier needs at least two"
        )
    if not labels[VALID]:
        raise DataSetError(f"split {split.name}: no validation clips; mark some as {VALID!r}")
    if every - labels[TRAIN]:
        raise DataSetError(
            f"split {split.name}: no training clips of {', '.join(sorted(every - labels[TRAIN]))}; "
            "add some, or leave the genre out"
        )
    return [
        f"split {split.name}: no validation clips of {label}, so nothing is known of its accuracy"
        for label in sorted(every - labels[VALID])
    ]
