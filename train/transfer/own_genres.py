"""Own genres from a few clips: a last layer behind a network that knows music."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataSetError
from edge_runtime.frontend import PRESETS, FrontEndParams

from ..augment import random_degradation
from ..data.splits import TRAIN, Split
from ..data.tracks import Track, TrackList, first_few
from ..experiment.prepare import Experiment
from ..experiment.windows import select
from ..features.extraction import Extraction, extract
from ..not_music.sounds import KINDS, WITHOUT_SPEECH
from ..run.predictions import Predictions
from .balance import balance, balance_pooled
from .corpus import NOT_MUSIC, Corpus, Source, draw_not_music, make_corpus
from .head import Head, fit_head, track_weights, with_head
from .head_examples import EVIDENCE, inside
from .keras_model import Places, compact_musicnn
from .recipe import FRONT_END, hearing
from .weights_file import stored_musicnn

BASES = {"base": Places()}
"""Networks to teach, by name"""
FEWEST = 5
"""Clips of a genre: with fewer, what is left of it when a fifth is set aside says nothing"""
ENOUGH = 10
"""With fewer it works, but a warning says so"""
_FOLDS = 5
_PER_TRACK = 10
"""Windows drawn from a clip; thirty seconds hold as many that do not overlap"""
_PER_KIND, _PER_KIND_OF_SPEECH = 20, 50
"""Sounds of each kind that is not music"""


@dataclass(frozen=True)
class Lesson:
    """Clips that were looked at, ready to be learned from."""

    extraction: Extraction
    genres: tuple[str, ...]
    groups: npt.NDArray[np.int64]
    """(tracks,) the same number for clips with the same sound"""
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Learned:
    """A model of own genres, and what it says of clips it was not taught with."""

    model: Any
    """(n, frames, bands, 1) to posteriors of the genres and, last, of what is not music"""
    experiment: Experiment
    unheard: Predictions
    """Of every clip, by the models of the folds that had not heard it"""
    rejected: npt.NDArray[np.float32]
    """(n, frames, bands): windows of what is not music, normalised"""


def look(listed: TrackList, folder: Path, cache: Path) -> Lesson:
    """Read the clips, and refuse what cannot be learned from.

    Parameters
    ----------
    listed : TrackList
    folder : Path
        For messages.
    cache : Path
        Keeps features.

    Raises
    ------
    DataSetError
        If there is one genre only, a genre has too few clips that sound, or none that is as long
        as a window, or a sound lies in two genres.
    """
    _check_counts(listed.tracks, folder, "")
    params = PRESETS[FRONT_END]
    extraction = extract(listed.tracks, params, cache)
    said = [*listed.warnings, *(f"left out: {why}" for _, why in extraction.skipped)]
    kept = [item.track for item in extraction.tracks]
    unusable = f" that can be used ({len(extraction.skipped)} cannot)"
    _check_counts(kept, folder, unusable if extraction.skipped else "")
    groups = _groups(extraction, folder)
    short = _short(extraction, params)
    for genre, n in Counter(track.label for track in kept).items():
        own = [track for track in short if track.label == genre]
        if len(own) == n:
            raise DataSetError(
                f"{folder / genre}: every clip is shorter than a window of "
                f"{params.window_seconds:.1f} s; give it longer ones"
            )
        if n < ENOUGH:
            said.append(f"{genre} has {n} clips; {ENOUGH} or more teach better")
    if short:
        said.append(
            f"{len(short)} clips are shorter than a window of {params.window_seconds:.1f} s and "
            f"are repeated to fill one ({first_few([track.id for track in short])})"
        )
    genres = tuple(sorted({track.label for track in kept}))
    return Lesson(extraction, genres, groups, tuple(said))


def _check_counts(tracks: tuple[Track, ...] | list[Track], folder: Path, which: str) -> None:
    counts = Counter(track.label for track in tracks)
    if len(counts) < 2:
        found = f"only {next(iter(counts))!r}" if counts else "none"
        raise DataSetError(
            f"{folder}: two genres or more are needed, and there is {found}{which}; put the clips "
            "of each into a folder of its own"
        )
    for genre, n in counts.items():
        if n < FEWEST:
            raise DataSetError(
                f"{folder / genre}: {n} clips{which}; at least {FEWEST} are needed, and {ENOUGH} "
                "or more teach better"
            )


def _groups(extraction: Extraction, folder: Path) -> npt.NDArray[np.int64]:
    """Clips with the same sound, which must be of one genre."""
    first: dict[str, int] = {}
    groups = []
    for place, item in enumerate(extraction.tracks):
        twin = first.setdefault(item.audio_sha256, place)
        other = extraction.tracks[twin].track
        if other.label != item.track.label:
            raise DataSetError(
                f"{folder}: {other.path.name} in {other.label!r} and {item.track.path.name} in "
                f"{item.track.label!r} are the same sound; leave it in one of them"
            )
        groups.append(twin)
    return np.array(groups)


def _short(extraction: Extraction, params: FrontEndParams) -> list[Track]:
    import soundfile

    return [
        item.track
        for item in extraction.tracks
        if len(item.features) == 1
        and soundfile.info(item.track.path).duration < params.window_seconds - 1e-3
    ]


def learn(lesson: Lesson, base: str, *, seed: int, speech: bool) -> Learned:
    """Examine by cross-validation, then fit to every clip.

    Parameters
    ----------
    lesson : Lesson
    base : str
        Of `BASES`.
    seed : int
    speech : bool
        Whether to reject speech as well, which needs espeak-ng.
    """
    pruned = stored_musicnn()
    params = PRESETS[FRONT_END]
    trunk = compact_musicnn(pruned, (params.n_frames, params.n_coefficients), BASES[base])
    tracks, n_genres = lesson.extraction.tracks, len(lesson.genres)
    heard = make_corpus(
        [
            Source(item.track.path, lesson.genres.index(item.track.label), _PER_TRACK)
            for item in tracks
        ],
        params,
        random_degradation,
        seed,
    )
    kinds = {
        kind: _PER_KIND_OF_SPEECH if "speech" in kind else _PER_KIND
        for kind in (KINDS if speech else WITHOUT_SPEECH)
    }
    other = draw_not_music(params, random_degradation, kinds, n_genres)
    windows = np.concatenate([heard.clean, heard.heard, other.clean, other.heard])
    few = windows[:: -(-len(windows) // 400)].astype(np.float32)
    normalised = (few * pruned.features.scale + pruned.features.shift)[..., np.newaxis]
    balance(trunk, normalised)
    balance_pooled(trunk, normalised)
    labels = np.concatenate([np.tile(part.labels, 2) for part in (heard, other)])
    of_track = np.concatenate([np.tile(heard.sources, 2), len(tracks) + np.tile(other.sources, 2)])
    taught = inside(trunk, windows, pruned.features)

    def head_without(held_out: npt.NDArray[np.int64]) -> Head:
        rows = ~np.isin(of_track, held_out)
        return fit_head(
            taught[0][rows],
            taught[1][rows],
            labels[rows],
            track_weights(labels[rows], of_track[rows], not_music=n_genres),
            to_tags=trunk.get_layer("tags").get_weights(),
            tag_names=_tags(),
            strength=EVIDENCE / rows.sum(),
        )

    examined = inside(trunk, np.concatenate([item.features for item in tracks]), pruned.features)
    unheard = _unheard(lesson, examined, head_without, seed)
    model = with_head(trunk, head_without(np.zeros(0, np.int64)))
    experiment = _experiment(lesson, hearing(params, pruned.features))
    rejected = experiment.params.normalise(_some(other).astype(np.float32))
    return Learned(model, experiment, unheard, rejected)


def _some(other: Corpus) -> npt.NDArray[np.float16]:
    return np.concatenate([other.clean[::2], other.heard[1::2]])


def _tags() -> tuple[str, ...]:
    from .musicnn import TAGS

    return TAGS


def _unheard(
    lesson: Lesson,
    examined: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]],
    head_without: Any,
    seed: int,
) -> Predictions:
    tracks = lesson.extraction.tracks
    counts = [len(item.features) for item in tracks]
    of_window = np.repeat(np.arange(len(tracks)), counts)
    inputs = np.concatenate(examined, axis=1)
    posteriors = np.zeros((len(of_window), len(lesson.genres) + 1), np.float32)
    for held_out in folds(lesson, seed):
        head = head_without(held_out)
        rows = np.isin(of_window, held_out)
        logits = inputs[rows] @ head.kernel + head.bias
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        posteriors[rows] = powers / powers.sum(axis=1, keepdims=True)
    return Predictions(
        (*lesson.genres, NOT_MUSIC),
        tuple(item.track.id for item in tracks),
        np.array([lesson.genres.index(item.track.label) for item in tracks]),
        of_window,
        posteriors,
        rejected=(NOT_MUSIC,),
    )


def folds(lesson: Lesson, seed: int) -> list[npt.NDArray[np.int64]]:
    """Tracks to set aside in turn: a part of each genre, the same sound never on both sides."""
    generator = np.random.default_rng(seed)
    parts: list[list[int]] = [[] for _ in range(_FOLDS)]
    by_genre = defaultdict(set)
    for place, group in enumerate(lesson.groups):
        by_genre[lesson.extraction.tracks[place].track.label].add(int(group))
    for number, genre in enumerate(sorted(by_genre)):
        for place, group in enumerate(generator.permutation(sorted(by_genre[genre]))):
            own = np.flatnonzero(lesson.groups == group)
            parts[(place + number) % _FOLDS].extend(map(int, own))
    return [np.array(part) for part in parts if part]


def _experiment(lesson: Lesson, params: FrontEndParams) -> Experiment:
    parts = {item.track.id: (TRAIN,) * len(item.features) for item in lesson.extraction.tracks}
    split = Split("cross-validated", f"all clips; {_FOLDS} folds by track", parts, leaks=False)
    windows = select(lesson.extraction.tracks, split, TRAIN, lesson.genres, params.window_seconds)
    windows = windows.normalised(params)
    # An exported file is compared with the network on the clips themselves: there are no others.
    return Experiment(
        (*lesson.genres, NOT_MUSIC), params, split, windows, windows, lesson.extraction, ()
    )
