"""A data set made ready for training: features, a split, and the windows of each part."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.audio.folder import first_few
from edge_runtime.errors import DataSetError
from edge_runtime.frontend import FrontEndParams

from ..augment.waveform import AudioAugmentation
from ..data.duplicates import without_straddlers
from ..data.pieces import find_pieces, straddling
from ..data.split_choice import SEGMENT, SplitChoice
from ..data.splits import TRAIN, VALID, Candidate, Split, check_parts, random_window_split
from ..data.tracks import Track, TrackList
from ..features.extraction import Extraction, extract
from ..features.seed_json import extraction_from_json
from .windows import Windows, normalisation, select


@dataclass(frozen=True)
class Experiment:
    """What a model is trained and validated on."""

    genres: tuple[str, ...]
    params: FrontEndParams
    """With the normalisation of the training windows"""
    split: Split
    train: Windows
    valid: Windows
    extraction: Extraction
    warnings: tuple[str, ...]

    def n_tracks(self) -> dict[str, int]:
        """Tracks with windows in each part."""
        originals = [item for item in self.extraction.tracks if not item.copy]
        return {
            part: sum(part in self.split.parts[item.track.id] for item in originals)
            for part in (TRAIN, VALID)
        }


def prepare(
    listed: TrackList,
    choice: SplitChoice,
    params: FrontEndParams,
    store: Path,
    *,
    overlap: float,
    augmentation: AudioAugmentation | None,
    copies: int,
    workers: int | None = None,
    second: FrontEndParams | None = None,
) -> Experiment:
    """Extract features, split them, normalise.

    Parameters
    ----------
    listed : TrackList
    choice : SplitChoice
    params : FrontEndParams
        Without normalisation.
    store : Path
        Folder of cached features.
    overlap : float
        Share of a training window that the next one has again.
    augmentation : AudioAugmentation, optional
    copies : int
        Varied copies of each training track.
    workers : int, optional
        Processes that compute features.
    second : FrontEndParams, optional
        Of a second front end, whose values are further rows of each window.

    Raises
    ------
    DataSetError
        If no clip can be used, or the split cannot be trained on.
    """
    choice = choice.of(listed)
    step = round(params.window_samples * (1 - overlap)) if overlap else None
    wanted = choice.wanted(listed)
    choice.check(listed, wanted)
    pieces = find_pieces(wanted)
    extraction = extract(
        wanted,
        params,
        store,
        step=step,
        augmentation=augmentation,
        copies=copies,
        workers=workers,
        second=second,
    )
    if not extraction.tracks:
        raise DataSetError(f"no clip can be used; the first: {extraction.skipped[0][1]}")
    candidates = _candidates(extraction, pieces.songs)
    return _experiment(
        extraction,
        candidates,
        choice.make(listed, candidates),
        params,
        (*listed.warnings, *pieces.warnings, *_unusable(listed, wanted, extraction)),
    )


def prepare_json(file: Path, choice: SplitChoice, params: FrontEndParams) -> Experiment:
    """The same from the student report's ``data.json``, which does not say which track is which.

    Raises
    ------
    DataSetError
        If the split is one of tracks, or the file cannot be used.
    """
    if choice.name != SEGMENT:
        raise DataSetError(
            f"{file}: does not say which track a window is of, so that only --split segment is "
            "possible, which leaks; name the folder of the clips for any other"
        )
    extraction = extraction_from_json(file, params)
    candidates = _candidates(extraction, {})
    split = random_window_split(candidates, choice.seed)
    return _experiment(extraction, candidates, split, params, ())


def _unusable(listed: TrackList, wanted: Sequence[Track], extraction: Extraction) -> Iterator[str]:
    """Genres that the model will not know, and why."""
    asked = {track.label for track in wanted}
    for label in sorted({track.label for track in listed.tracks} - asked):
        yield f"the split has no clips of {label} in {TRAIN} or {VALID}: it is left out"
    for label in sorted(asked - {item.track.label for item in extraction.tracks}):
        yield f"none of the clips of {label} can be used: it is left out"


def _candidates(extraction: Extraction, songs: Mapping[str, str]) -> list[Candidate]:
    return [
        Candidate(item.track, len(item.features), item.audio_sha256, songs.get(item.track.id, ""))
        for item in extraction.tracks
        if not item.copy
    ]


def _experiment(
    extraction: Extraction,
    candidates: Sequence[Candidate],
    split: Split,
    params: FrontEndParams,
    warnings: tuple[str, ...],
) -> Experiment:
    before = _labels(split, candidates)
    split, twins = without_straddlers(split, candidates)
    lost = before - _labels(split, candidates)
    if lost:
        raise DataSetError(
            f"split {split.name}: leaves no clips of {', '.join(sorted(lost))}, since the same "
            f"sound validates another genre ({twins[0]}); add clips, or leave the genre out"
        )
    odd = check_parts(split, candidates)
    left_out = (f"left out: {why}" for _, why in extraction.skipped)
    genres = tuple(sorted(_labels(split, candidates)))
    train, valid = (
        select(extraction.tracks, split, part, genres, params.window_seconds)
        for part in (TRAIN, VALID)
    )
    mean, std = normalisation(train)
    params = dataclasses.replace(params, mean=mean, std=std)
    return Experiment(
        genres,
        params,
        split,
        train.normalised(params),
        valid.normalised(params),
        extraction,
        (*warnings, *left_out, *twins, *_torn(split, candidates), *odd),
    )


def _torn(split: Split, candidates: Sequence[Candidate]) -> Iterator[str]:
    """A warning of songs whose pieces a list puts on both sides."""
    if split.leaks:
        return
    sides = [
        (item.song, part)
        for item in candidates
        for part in {TRAIN, VALID} & set(split.parts[item.track.id])
    ]
    torn = straddling(sides)
    if torn:
        yield (
            f"split {split.name}: pieces of {len(torn)} songs train and validate "
            f"({first_few([Path(song).name for song in torn])}): it LEAKS; keep the pieces of a "
            "song in one part"
        )


def _labels(split: Split, candidates: Sequence[Candidate]) -> set[str]:
    """Genres of what trains or validates."""
    return {
        item.track.label for item in candidates if {TRAIN, VALID} & set(split.parts[item.track.id])
    }
