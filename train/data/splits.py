"""Which windows train and which validate."""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge_runtime.errors import DataSetError

from .clusters import clusters
from .parts import TRAIN, VALID
from .tracks import Track

__all__ = [
    "LEAK_WARNING", "TRAIN", "VALID", "Candidate", "Split", "check_parts", "fold_split",
    "random_track_split", "random_window_split", "split_from_list",
]  # fmt: skip

VALID_SHARE = 0.2

LEAK_WARNING = (
    "this split LEAKS: windows of one track stand on both sides, so its accuracy says how well "
    "the model knows tracks it was trained on, not new music"
)


@dataclass(frozen=True)
class Candidate:
    """A track that a split puts somewhere."""

    track: Track
    n_windows: int
    audio_sha256: str = ""
    """Of the sound itself: tracks with the same one are exact duplicates; empty is unknown"""
    song: str = ""
    """Of which it is a piece: see `train.data.pieces`; empty where it is none"""


@dataclass(frozen=True)
class Split:
    """A part for every window of every track."""

    id: str
    """How it was made: ``track-seed0``, ``fault-filtered``, ..."""
    name: str
    """The same in words"""
    parts: dict[str, tuple[str, ...]]
    """By track id: a part for each of its windows"""
    leaks: bool
    """Whether windows of one track stand on both sides"""

    @property
    def sha256(self) -> str:
        """Fingerprint of the assignment: of tracks, or of windows where they are what is split.

        Models that cut tracks into windows in different ways share an honest split.
        """
        sides = {
            track: ",".join(parts) if self.leaks else "".join(sorted(set(parts)))
            for track, parts in self.parts.items()
        }
        lines = (f"{track},{side}\n" for track, side in sorted(sides.items()))
        return hashlib.sha256("".join(lines).encode(errors="surrogateescape")).hexdigest()


def split_from_list(
    id: str, name: str, parts: Mapping[str, str], candidates: Sequence[Candidate]
) -> Split:
    """The split that a list prescribes; tracks that it does not know are in no part."""
    return Split(
        id,
        name,
        {
            item.track.id: (parts.get(item.track.id, "none"),) * item.n_windows
            for item in candidates
        },
        leaks=False,
    )


def random_track_split(candidates: Sequence[Candidate], seed: int) -> Split:
    """All windows of a track on one side; every genre in both parts where it has two tracks.

    Exact duplicates of one genre stay together, and so do pieces of one song.
    """
    by_label: dict[str, list[list[Candidate]]] = defaultdict(list)
    for cluster in clusters(candidates, *_kinship(candidates)):
        for label in sorted({item.track.label for item in cluster}):
            by_label[label].append([item for item in cluster if item.track.label == label])
    generator = random.Random(seed)
    parts: dict[str, tuple[str, ...]] = {}
    for label in sorted(by_label):
        members = by_label[label]
        generator.shuffle(members)
        n_valid = max(1, round(VALID_SHARE * len(members))) if len(members) > 1 else 0
        for index, cluster in enumerate(members):
            part = VALID if index < n_valid else TRAIN
            parts.update({item.track.id: (part,) * item.n_windows for item in cluster})
    return Split(f"track-seed{seed}", f"track (random, seed {seed})", parts, leaks=False)


def fold_split(
    candidates: Sequence[Candidate], *, fold: int, folds: int, by: str, seed: int
) -> Split:
    """One fold of a stratified group k-fold: every genre spread evenly, no group on both sides.

    Parameters
    ----------
    candidates : sequence of Candidate
    fold : int
        Which of the folds validates, from 1.
    folds : int
    by : str
        ``"artist"`` (a track without one is its own) or ``"track"``. Exact duplicates and pieces
        of one song are one group in either case.
    seed : int

    Raises
    ------
    DataSetError
        If no track names an artist, or there are fewer groups than folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    artists = [item.track.artist for item in candidates]
    if by == "artist" and not any(artists):
        raise DataSetError(
            "no track of this data set names its artist; split by track (--group track), or give "
            "a CSV with a column artist"
        )
    keys = [artists] if by == "artist" else []
    found = clusters(candidates, *_kinship(candidates), *keys)
    if len(found) < folds:
        raise DataSetError(f"{len(found)} {by}s cannot make {folds} folds; take fewer folds")
    group = {item.track.id: index for index, own in enumerate(found) for item in own}
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    labels = [item.track.label for item in candidates]
    groups = [group[item.track.id] for item in candidates]
    _, valid = list(splitter.split(labels, labels, groups))[fold - 1]
    chosen = set(map(int, valid))
    return Split(
        f"fold{fold}of{folds}-{by}-seed{seed}",
        f"fold {fold} of {folds} (grouped by {by}, seed {seed})",
        {
            item.track.id: (VALID if index in chosen else TRAIN,) * item.n_windows
            for index, item in enumerate(candidates)
        },
        leaks=False,
    )


def _kinship(candidates: Sequence[Candidate]) -> tuple[list[str], list[str]]:
    """What tracks share that must not stand on both sides: their sound, or the song."""
    return [item.audio_sha256 for item in candidates], [item.song for item in candidates]


def random_window_split(candidates: Sequence[Candidate], seed: int) -> Split:
    """The student report's split: windows shuffled, whatever track they are of. It leaks."""
    places = [(item.track.id, index) for item in candidates for index in range(item.n_windows)]
    generator = random.Random(seed)
    generator.shuffle(places)
    valid = set(places[: round(VALID_SHARE * len(places))])
    parts = {
        item.track.id: tuple(
            VALID if (item.track.id, index) in valid else TRAIN for index in range(item.n_windows)
        )
        for item in candidates
    }
    return Split(f"segment-seed{seed}", f"segment (random, seed {seed})", parts, leaks=True)


def check_parts(split: Split, candidates: Sequence[Candidate]) -> list[str]:
    """Refuse a split that cannot be trained on; returns what is odd about a usable one.

    Raises
    ------
    DataSetError
        If there are fewer than two genres, a genre without training windows, or no validation
        windows at all.
    """
    labels = {part: set[str]() for part in (TRAIN, VALID)}
    for item in candidates:
        for part in split.parts[item.track.id]:
            if part in labels:
                labels[part].add(item.track.label)
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
