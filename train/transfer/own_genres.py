"""Own genres from a few clips: a new last layer behind a pretrained network."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.audio.file import open_audio
from edge_runtime.audio.folder import first_few
from edge_runtime.classifier import softmax
from edge_runtime.decoder import NOT_MUSIC
from edge_runtime.errors import DataSetError
from edge_runtime.frontend import PRESETS, FrontEndParams
from edge_runtime.model.manifest import Tag

from ..augment import random_degradation
from ..data.clusters import clusters
from ..data.pieces import find_pieces
from ..data.splits import TRAIN, Split
from ..data.tracks import Track, TrackList
from ..experiment.prepare import Experiment
from ..experiment.windows import normalised, select
from ..features.extraction import Extraction, extract
from ..not_music.sounds import KINDS, WITHOUT_SPEECH
from ..progress import progress
from ..quiet_tensorflow import import_tensorflow
from ..run.predictions import Predictions
from .balance import balance, balance_pooled
from .corpus import FrontEnds, Source, draw_not_music, make_corpus
from .head import Head, outputs_of, track_weights, with_head
from .head_examples import fit_last_layer, head_inputs
from .keras_model import N_FRAMES, Places, compact_musicnn
from .plus import plus
from .pruning import Array
from .recipe import FRONT_END, Recipe, normalised_front_end
from .styles import Style, genre_styles
from .tag_calibration import Name, calibrate, style_names, tag_names
from .weights_file import bundled_musicnn
from .yamnet_file import bundled_yamnet

BASES = {"base": Recipe(Places()), "plus": Recipe(Places(), yamnet=True)}
"""Networks to build on, by name"""
FEWEST = 5
"""Clips of a genre: with fewer, a fifth of them is too few to estimate anything from"""
ENOUGH = 10
"""Clips of a genre; with fewer it works, with a warning"""
_FOLDS = 5
_PER_TRACK = 10
"""Windows drawn from a clip; thirty seconds hold as many that do not overlap"""
_PER_KIND, _PER_KIND_OF_SPEECH = 20, 50
"""Sounds of each kind that is not music"""
_BALANCING = 400
"""Windows that the ranges of the channels are measured on"""


@dataclass(frozen=True)
class OwnClips:
    """Features of the user's clips, checked."""

    extraction: Extraction
    genres: tuple[str, ...]
    groups: npt.NDArray[np.int64]
    """(tracks,) the same number for clips with the same sound, and for pieces of one song"""
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class OwnGenresModel:
    """A model of own genres, and its cross-validation."""

    model: Any
    """(n, rows, bands, 1) to posteriors of the genres and, last, of ``not music``, and to logits of
    tags and styles"""
    experiment: Experiment
    cross_validated: Predictions
    """Of every clip, by the model of the fold that held it out"""
    rejected: npt.NDArray[np.float32]
    """(n, rows, bands): windows of sounds that are not music, normalised"""
    tags: tuple[Tag, ...]
    styles: tuple[Tag, ...]
    second_front_end: FrontEndParams | None


def extract_features(
    listed: TrackList, folder: Path, cache: Path, base: str, *, workers: int | None = None
) -> OwnClips:
    """Extract the clips' features, and refuse what a model cannot be fitted to.

    Parameters
    ----------
    listed : TrackList
    folder : Path
        For messages.
    cache : Path
        Folder of cached features.
    base : str
        Of `BASES`.
    workers : int, optional
        Processes that compute features.

    Raises
    ------
    DataSetError
        If there is one genre only, a genre has too few clips that are not silent, or none as
        long as a window, or the same sound lies in two genres.
    """
    _check_counts(listed.tracks, folder, "")
    params = PRESETS[FRONT_END]
    extraction = extract(
        listed.tracks, params, cache, workers=workers, second=BASES[base].second_front_end
    )
    warnings = [*listed.warnings, *(f"left out: {why}" for _, why in extraction.skipped)]
    usable = [item.track for item in extraction.tracks]
    unusable = f" that can be used ({len(extraction.skipped)} cannot)"
    _check_counts(usable, folder, unusable if extraction.skipped else "")
    pieces = find_pieces(usable)
    warnings += pieces.warnings
    groups = _groups(extraction, folder, pieces.songs)
    short = _short(extraction, params)
    for genre, n in Counter(track.label for track in usable).items():
        own = [track for track in short if track.label == genre]
        if len(own) == n:
            raise DataSetError(
                f"{folder / genre}: every clip is shorter than a window of "
                f"{params.window_seconds:.1f} s; give it longer ones"
            )
        if n < ENOUGH:
            warnings.append(f"{genre} has {n} clips; {ENOUGH} or more make a better model")
    if short:
        warnings.append(
            f"{len(short)} clips are shorter than a window of {params.window_seconds:.1f} s and "
            f"are repeated to fill one ({first_few([track.id for track in short])})"
        )
    genres = tuple(sorted({track.label for track in usable}))
    return OwnClips(extraction, genres, groups, tuple(warnings))


def _check_counts(tracks: Sequence[Track], folder: Path, which: str) -> None:
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
                "or more make a better model"
            )


def _groups(
    extraction: Extraction, folder: Path, songs: Mapping[str, str]
) -> npt.NDArray[np.int64]:
    """Clips with the same sound, which must be of one genre, and pieces of one song."""
    first: dict[str, int] = {}
    for place, item in enumerate(extraction.tracks):
        twin = first.setdefault(item.audio_sha256, place)
        other = extraction.tracks[twin].track
        if other.label != item.track.label:
            raise DataSetError(
                f"{folder}: {other.path.name} in {other.label!r} and {item.track.path.name} in "
                f"{item.track.label!r} are the same sound; leave it in one of them"
            )
    hashes = [item.audio_sha256 for item in extraction.tracks]
    own = [songs.get(item.track.id, "") for item in extraction.tracks]
    groups = np.zeros(len(hashes), np.int64)
    for cluster in clusters(range(len(hashes)), hashes, own):
        groups[cluster] = cluster[0]
    _check_songs([item.track.label for item in extraction.tracks], groups, folder)
    return groups


def _check_songs(labels: Sequence[str], groups: npt.NDArray[np.int64], folder: Path) -> None:
    """Refuse a genre of one song: nothing of it would be left where that is held out."""
    songs = Counter(label for label, _ in set(zip(labels, groups.tolist(), strict=True)))
    for genre, n in sorted(songs.items()):
        if n < 2:
            raise DataSetError(
                f"{folder / genre}: all its clips are copies or pieces of one song, so that "
                "nothing is left to examine a model on; add other songs"
            )


def _short(extraction: Extraction, params: FrontEndParams) -> list[Track]:
    return [
        item.track
        for item in extraction.tracks
        if len(item.features) == 1
        and open_audio(item.track.path).seconds < params.window_seconds - 1e-3
    ]


def fit_own_genres(clips: OwnClips, base: str, *, seed: int, speech: bool) -> OwnGenresModel:
    """Cross-validate, then fit the last layer to every clip.

    Parameters
    ----------
    clips : OwnClips
    base : str
        Of `BASES`.
    seed : int
    speech : bool
        Whether to reject speech as well, which needs espeak-ng.
    """
    import_tensorflow()
    pruned, params = bundled_musicnn(), PRESETS[FRONT_END]
    front_ends = FrontEnds(params, BASES[base].second_front_end)
    weights = bundled_yamnet() if BASES[base].yamnet else None
    tracks, n_genres = clips.extraction.tracks, len(clips.genres)
    music = make_corpus(
        [
            Source(item.track.path, clips.genres.index(item.track.label), _PER_TRACK)
            for item in tracks
        ],
        front_ends,
        random_degradation,
        seed,
    )
    kinds = {
        kind: _PER_KIND_OF_SPEECH if "speech" in kind else _PER_KIND
        for kind in (KINDS if speech else WITHOUT_SPEECH)
    }
    not_music = draw_not_music(front_ends, random_degradation, kinds, n_genres)
    windows = np.concatenate([music.clean, music.degraded, not_music.clean, not_music.degraded])
    sample = windows[:: -(-len(windows) // _BALANCING), :N_FRAMES].astype(np.float32)
    normalised_sample = (sample * pruned.features.scale + pruned.features.shift)[..., np.newaxis]
    trunk = compact_musicnn(pruned, (params.n_frames, params.n_coefficients), BASES[base].places)
    balance(trunk, normalised_sample)
    balance_pooled(trunk, normalised_sample)
    found_styles: tuple[Style, ...] = ()
    if weights is not None:
        found_styles = genre_styles(weights)
        trunk = plus(pruned, trunk, weights, [style.place for style in found_styles])
    labels = np.concatenate([np.tile(part.labels, 2) for part in (music, not_music)])
    of_track = np.concatenate(
        [np.tile(music.sources, 2), len(tracks) + np.tile(not_music.sources, 2)]
    )
    degraded = np.repeat(
        [False, True, False, True], [len(part) for part in (music, music, not_music, not_music)]
    )
    inputs = head_inputs(trunk, windows, pruned.features, weights)

    def head_without(held_out: npt.NDArray[np.int64]) -> Head:
        rows = np.flatnonzero(~np.isin(of_track, held_out))
        return fit_last_layer(
            [each.rows(rows) for each in inputs],
            labels[rows],
            of_track[rows],
            degraded=degraded[rows],
            n_genres=n_genres,
        )

    clip_windows = np.concatenate([item.features for item in tracks])
    of_clips = head_inputs(trunk, clip_windows, pruned.features, weights)
    cross_validated = _cross_validated(
        clips, [each.values for each in of_clips], head_without, seed
    )
    model = with_head(trunk, head_without(np.zeros(0, np.int64)))
    experiment = _experiment(clips, normalised_front_end(params, pruned.features))
    sample = np.concatenate([not_music.clean[::2], not_music.degraded[1::2]])
    found = np.flatnonzero(labels < n_genres)
    balanced = track_weights(labels[found], of_track[found])

    def calibrated(names: Sequence[Name], features: Array, layer: str) -> tuple[Tag, ...]:
        kernel, bias = trunk.get_layer(layer).get_weights()
        return calibrate(
            names, features[found] @ kernel + bias, labels[found], balanced, clips.genres
        )

    return OwnGenresModel(
        model,
        experiment,
        cross_validated,
        normalised(sample.astype(np.float32), experiment.params),
        calibrated(tag_names(), inputs[1].values, "tags"),
        calibrated(style_names(found_styles), inputs[2].values, "styles") if weights else (),
        front_ends.second,
    )


def _cross_validated(
    clips: OwnClips,
    inputs: Sequence[Array],
    head_without: Callable[[npt.NDArray[np.int64]], Head],
    seed: int,
) -> Predictions:
    tracks = clips.extraction.tracks
    counts = [len(item.features) for item in tracks]
    of_window = np.repeat(np.arange(len(tracks)), counts)
    posteriors = np.zeros((len(of_window), len(clips.genres) + 1), np.float32)
    parts = folds(clips, seed)
    for held_out in progress(parts, total=len(parts), label="cross-validation"):
        head = head_without(held_out)
        rows = np.isin(of_window, held_out)
        posteriors[rows] = softmax(outputs_of(head, [each[rows] for each in inputs]))
    return Predictions(
        (*clips.genres, NOT_MUSIC),
        tuple(item.track.id for item in tracks),
        np.array([clips.genres.index(item.track.label) for item in tracks]),
        of_window,
        posteriors,
        rejected=(NOT_MUSIC,),
    )


def folds(clips: OwnClips, seed: int) -> list[npt.NDArray[np.int64]]:
    """Tracks to hold out in turn: a part of each genre, the same sound never on both sides."""
    generator = np.random.default_rng(seed)
    parts: list[list[int]] = [[] for _ in range(_FOLDS)]
    by_genre = defaultdict(set)
    for place, group in enumerate(clips.groups):
        by_genre[clips.extraction.tracks[place].track.label].add(int(group))
    for number, genre in enumerate(sorted(by_genre)):
        for place, group in enumerate(generator.permutation(sorted(by_genre[genre]))):
            own = np.flatnonzero(clips.groups == group)
            parts[(place + number) % _FOLDS].extend(map(int, own))
    return [np.array(part) for part in parts if part]


def _experiment(clips: OwnClips, params: FrontEndParams) -> Experiment:
    parts = {item.track.id: (TRAIN,) * len(item.features) for item in clips.extraction.tracks}
    split = Split("cross-validated", f"all clips; {_FOLDS} folds by track", parts, leaks=False)
    windows = select(clips.extraction.tracks, split, TRAIN, clips.genres, params.window_seconds)
    windows = windows.normalised(params)
    # An exported file is compared with the network on the clips themselves: there are no others.
    return Experiment(
        (*clips.genres, NOT_MUSIC), params, split, windows, windows, clips.extraction, ()
    )
