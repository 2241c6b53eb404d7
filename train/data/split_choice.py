"""From ``--split`` to a split: by name, by fold, or from a file."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.errors import DataSetError, ParameterError

from .datasets.gtzan_split import fault_filtered
from .splits import (
    TRAIN,
    VALID,
    Candidate,
    Split,
    check_parts,
    fold_split,
    random_track_split,
    random_window_split,
    split_from_list,
)
from .tracks import Track, TrackList

AUTO, PARTS, TRACK, SEGMENT = "auto", "parts", "track", "segment"
FAULT_FILTERED = "fault-filtered"
_NAMED = (AUTO, PARTS, TRACK, SEGMENT, FAULT_FILTERED)
_FOLD = re.compile(r"(\d+)/(\d+)")


@dataclass(frozen=True)
class SplitChoice:
    """The command line's choice of a split."""

    name: str
    """``auto``, ``parts``, ``track``, ``segment``, ``fault-filtered``, ``I/K`` for fold I of K, or
    a CSV file"""
    group: str
    """``"artist"`` or ``"track"``: what folds keep together"""
    seed: int

    def __post_init__(self) -> None:
        if self.fold is not None:
            number, of = self.fold
            if not (2 <= of <= 100 and 1 <= number <= of):
                raise ParameterError(
                    f"--split {self.name}: fold I of K is written I/K, with K from 2 to 100 and I "
                    "from 1 to K, as in 1/5"
                )
        elif self.name not in _NAMED and self.csv is None:
            raise DataSetError(
                f"--split {self.name}: is neither 'track', 'parts', 'segment', '{FAULT_FILTERED}', "
                "a fold such as 1/5, nor a CSV file that exists"
            )

    @property
    def csv(self) -> Path | None:
        """The file that lists the clips, if one does."""
        path = Path(self.name)
        named = self.name in _NAMED or _FOLD.fullmatch(self.name)
        return path if not named and path.is_file() else None

    @property
    def fold(self) -> tuple[int, int] | None:
        """Number of the fold, and how many there are."""
        found = _FOLD.fullmatch(self.name)
        return (int(found[1]), int(found[2])) if found else None

    def of(self, listed: TrackList) -> SplitChoice:
        """The choice for these tracks: ``auto`` is ``parts`` where folders are, else ``track``."""
        if self.name != AUTO:
            return self
        return dataclasses.replace(self, name=PARTS if listed.parts_are_folders else TRACK)

    def wanted(self, listed: TrackList) -> list[Track]:
        """Tracks of the training and validation parts; the others need no features.

        Raises
        ------
        DataSetError
            If the list puts none of them into a part that is used.
        """
        parts = self._list(listed)
        if parts is None:
            return list(listed.tracks)
        wanted = [track for track in listed.tracks if parts.get(track.id) in (TRAIN, VALID)]
        if self.name == PARTS:
            self._check_own_parts(parts)
        if not wanted and self.name == FAULT_FILTERED:
            raise DataSetError(
                "none of the clips is one of GTZAN's that the fault-filtered list names "
                "(blues.00000 and so on); choose another split"
            )
        if not wanted:
            has = f"the split file has: {', '.join(sorted(set(parts.values())))}"
            raise DataSetError(
                f"no clips in the parts {TRAIN!r} and {VALID!r}; "
                f"{has if parts else 'the split file has no column split'}"
            )
        return wanted

    def check(self, listed: TrackList, wanted: Sequence[Track]) -> None:
        """Refuse what no split can be made of, before features are computed.

        Raises
        ------
        DataSetError
            If the list leaves a genre without training clips, or there are too few tracks or no
            artists for the folds.
        """
        tracks = [Candidate(track, 1) for track in wanted]
        if self._list(listed) is not None:
            check_parts(self.make(listed, tracks), tracks)
        elif self.fold is not None:
            self.make(listed, tracks)

    def make(self, listed: TrackList, candidates: Sequence[Candidate]) -> Split:
        """The split of these tracks."""
        parts = self._list(listed)
        if parts is not None and self.name == PARTS:
            name = "parts, the folders'" if listed.parts_are_folders else "parts, the data set's"
            return split_from_list("parts", name, parts, candidates)
        if parts is not None and self.csv is not None:
            return split_from_list(f"csv-{self.csv.stem}", self.csv.name, parts, candidates)
        if parts is not None:
            name = "fault-filtered, artist-aware (Kereliuk, Sturm and Larsen, 2015)"
            return split_from_list("gtzan-fault-filtered", name, parts, candidates)
        if self.fold is not None:
            number, of = self.fold
            return fold_split(candidates, fold=number, folds=of, by=self.group, seed=self.seed)
        if self.name == SEGMENT:
            return random_window_split(candidates, self.seed)
        return random_track_split(candidates, self.seed)

    def _list(self, listed: TrackList) -> dict[str, str] | None:
        if self.name == FAULT_FILTERED:
            return fault_filtered()
        return listed.parts if self.csv is not None or self.name == PARTS else None

    @staticmethod
    def _check_own_parts(parts: dict[str, str]) -> None:
        if not parts:
            raise DataSetError(
                "--split parts: the data set has no parts of its own; put the clips into "
                "train/GENRE/ and valid/GENRE/, or choose another split"
            )
        for part in (TRAIN, VALID):
            if part not in parts.values():
                known = ", ".join(sorted(set(parts.values())))
                raise DataSetError(
                    f"--split parts: there are no clips in a part {part!r}, only in {known}; add a "
                    f"folder {part}/, name the folder of one part as DATA, of which a fifth then "
                    "validates, or split all clips anew with --split track"
                )
