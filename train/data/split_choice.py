"""From ``--split`` to a split: by name, by fold, or from a file."""

from __future__ import annotations

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
    fold_split,
    random_track_split,
    random_window_split,
    split_from_list,
)
from .tracks import Track, TrackList

FAULT_FILTERED = "fault-filtered"
_FOLD = re.compile(r"(\d+)/(\d+)")


@dataclass(frozen=True)
class SplitChoice:
    """The command line's choice of a split."""

    name: str
    """``track``, ``segment``, ``fault-filtered``, ``I/K`` for fold I of K, or a CSV file"""
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
        elif self.name not in ("track", "segment", FAULT_FILTERED) and self.csv is None:
            raise DataSetError(
                f"--split {self.name}: is neither 'track', 'segment', '{FAULT_FILTERED}', a fold "
                "such as 1/5, nor a CSV file that exists"
            )

    @property
    def csv(self) -> Path | None:
        """The file that lists the clips, if one does."""
        path = Path(self.name)
        named = self.name in ("track", "segment", FAULT_FILTERED) or _FOLD.fullmatch(self.name)
        return path if not named and path.is_file() else None

    @property
    def fold(self) -> tuple[int, int] | None:
        """Number of the fold, and how many there are."""
        found = _FOLD.fullmatch(self.name)
        return (int(found[1]), int(found[2])) if found else None

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
        if not wanted and self.csv is None:
            raise DataSetError(
                "none of the clips is one of GTZAN's that the fault-filtered list names "
                "(blues.00000 and so on); choose another split"
            )
        if not wanted:
            raise DataSetError(
                f"no clips in the parts {TRAIN!r} and {VALID!r}; the split file has: "
                f"{', '.join(sorted(set(parts.values())))}"
            )
        return wanted

    def make(self, listed: TrackList, candidates: Sequence[Candidate]) -> Split:
        """The split of these tracks."""
        parts = self._list(listed)
        if parts is not None and self.csv is not None:
            return split_from_list(f"csv-{self.csv.stem}", self.csv.name, parts, candidates)
        if parts is not None:
            name = "fault-filtered, artist-aware (Kereliuk, Sturm and Larsen, 2015)"
            return split_from_list("gtzan-fault-filtered", name, parts, candidates)
        if self.fold is not None:
            number, of = self.fold
            return fold_split(candidates, fold=number, folds=of, by=self.group, seed=self.seed)
        if self.name == "segment":
            return random_window_split(candidates, self.seed)
        return random_track_split(candidates, self.seed)

    def _list(self, listed: TrackList) -> dict[str, str] | None:
        if self.name == FAULT_FILTERED:
            return fault_filtered()
        return listed.parts if self.csv is not None else None
