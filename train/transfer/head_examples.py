"""What the last layer is fitted to: music, clean and degraded, and sounds that are not music."""

from __future__ import annotations

import types
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..augment import random_degradation
from ..not_music.sounds import KINDS
from .cache import cached_arrays, cached_corpus, corpus_key, network_digest
from .compiled import network_outputs
from .corpus import UNLABELLED, Corpus, FrontEnds, Source, draw_not_music
from .head import FEATURES, GENRE_TAGS, TAG_EMPHASIS, Head, HeadInput, fit_head, track_weights
from .musicnn import TAGS
from .pruning import Affine, Array
from .styles import MUSIC_CLASSES
from .yamnet import YamnetWeights

_PER_KIND, _PER_KIND_OF_SPEECH = 60, 200
"""Sounds of each kind that is not music. Speech varies most, and real voices, which only
tests have, are unlike those that are made here"""
_OF_TRACK = 3
"""The last layer is fitted to every third window drawn from a track: neighbours are alike"""
_OF_OTHER = 12
"""Windows of a piece without a label, at most"""
_EMBEDDING_EMPHASIS, _CLASS_EMPHASIS = 0.5, 3.0
"""Of YAMNet's embedding and of its classes of music. Validation accuracy is flat around these; with
classes alone rooms cost three points more"""
_OF_DEGRADED = 2.0
"""How much more a degraded window of a genre weighs than a clean one: rooms and noise cost two
points less, clean clips stay as they are"""


@dataclass(frozen=True)
class Examples:
    """Windows of a corpus and of sounds that are not music: clean ones, then the same degraded."""

    windows: npt.NDArray[np.float16]
    """(2 n, rows, bands), before normalisation"""
    labels: npt.NDArray[np.int64]
    """(2 n,) `UNLABELLED`, a genre, or, last, what is not music"""
    sources: npt.NDArray[np.int64]
    """(2 n,) index of the file; sounds that are not music count on"""

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def clean(self) -> npt.NDArray[np.bool_]:
        """(2 n,)"""
        return np.arange(len(self)) < len(self) // 2


def cached_music(
    drawn: Sequence[Source], front_ends: FrontEnds, *, cache: Path, seed: int
) -> tuple[Corpus, Path]:
    """The windows drawn from files, and the folder that they are cached in."""
    folder = cache / "corpus" / corpus_key(drawn, front_ends, seed)
    return cached_corpus(folder, drawn, front_ends, seed), folder


def not_music_corpus(front_ends: FrontEnds, label: int) -> Corpus:
    """Speech, noise, hum and other sounds that are no genre, as many as the last layer needs."""
    kinds = {kind: _PER_KIND_OF_SPEECH if "speech" in kind else _PER_KIND for kind in KINDS}
    return draw_not_music(front_ends, random_degradation, kinds, label)


def head_examples(music: Corpus, not_music: Corpus, n_files: int) -> Examples:
    """What the last layer is fitted to.

    Parameters
    ----------
    music : Corpus
        Labelled, and without a label: of every piece a few windows.
    not_music : Corpus
        Of the last label.
    n_files : int
        Among which `music` counts its sources.
    """
    labelled = np.flatnonzero(music.labels != UNLABELLED)[::_OF_TRACK]
    unlabelled = np.flatnonzero(music.labels == UNLABELLED)
    counts = np.bincount(music.sources[unlabelled], minlength=n_files)
    first = np.cumsum(counts) - counts
    of = music.sources[unlabelled]
    place = np.arange(len(unlabelled)) - first[of]
    step = -(-counts[of] // _OF_OTHER)
    chosen = np.concatenate([labelled, unlabelled[place % np.maximum(step, 1) == 0]])
    return Examples(
        np.concatenate(
            [music.clean[chosen], not_music.clean, music.degraded[chosen], not_music.degraded]
        ),
        np.tile(np.concatenate([music.labels[chosen], not_music.labels]), 2),
        np.tile(np.concatenate([music.sources[chosen], n_files + not_music.sources]), 2),
    )


def with_other(examples: Examples, other: Collection[int], n_genres: int) -> Examples:
    """The same, with a label of its own for music of no genre, behind those of the genres.

    Parameters
    ----------
    examples : Examples
    other : collection of int
        Sources of such music.
    n_genres : int
        Where there is none of it, labels stay as they are.
    """
    if not other:
        return examples
    labels = np.where(examples.labels == n_genres, n_genres + 1, examples.labels)
    of_other = (labels == UNLABELLED) & np.isin(examples.sources, list(other))
    labels[of_other] = n_genres
    return Examples(examples.windows, labels, examples.sources)


def fit_last_layer(
    inputs: Sequence[HeadInput],
    labels: npt.NDArray[np.int64],
    sources: npt.NDArray[np.int64],
    *,
    degraded: npt.NDArray[np.bool_],
    n_genres: int,
) -> Head:
    """Fit the last layer to what has a label.

    Parameters
    ----------
    inputs : sequence of HeadInput
    labels : (n,) int64
        Genres, then maybe ``other``, then ``not music``; `UNLABELLED` is left out.
    sources : (n,) int64
    degraded : (n,) bool
    n_genres : int
    """
    rows = np.flatnonzero(labels != UNLABELLED)
    last = int(labels.max())
    weights = track_weights(
        labels[rows],
        sources[rows],
        not_music=last if last >= n_genres else None,
        other=n_genres if last > n_genres else None,
    )
    weights = np.where(degraded[rows] & (labels[rows] < n_genres), _OF_DEGRADED * weights, weights)
    weights *= len(weights) / weights.sum()
    return fit_head([each.rows(rows) for each in inputs], labels[rows], weights, n_genres=n_genres)


def head_inputs(
    model: Any,
    windows: npt.NDArray[Any],
    features: Affine,
    yamnet: YamnetWeights | None = None,
) -> tuple[HeadInput, ...]:
    """Inputs of the last layer of a network for windows.

    Parameters
    ----------
    model : keras.Model
        A trunk (`train.transfer.keras_model.compact_musicnn`, `train.transfer.plus.plus`), or what
        `train.transfer.head.with_head` made of one.
    windows : (n, rows, bands)
        Before normalisation.
    features : Affine
        Their normalisation.
    yamnet : YamnetWeights, optional
        Needed where YAMNet is a part of the network.

    Returns
    -------
    tuple of HeadInput
        Pooled features (n, 2 * channels), the penultimate layer (n, 200) and, where there is one,
        the embedding (n, 1024).
    """
    import keras

    named = model.output if isinstance(model.output, dict) else _sources(model)
    present = [name for name in FEATURES if name in named]
    trunk = keras.Model(model.input, {name: named[name] for name in present})
    by_name = network_outputs(trunk, windows, features)
    return _described(model, [by_name[name] for name in present], yamnet)


def _described(
    model: Any, found: Sequence[Array], yamnet: YamnetWeights | None
) -> tuple[HeadInput, ...]:
    """Inputs of the last layer, with what is known of each beforehand."""
    chosen = [TAGS.index(tag) for tag in GENRE_TAGS]
    kernel, bias = model.get_layer("tags").get_weights()
    inputs = [
        HeadInput(found[0]),
        HeadInput(found[1], None, (kernel[:, chosen], bias[chosen], TAG_EMPHASIS)),
    ]
    if len(found) > 2:
        assert yamnet is not None
        classes, music = yamnet.layers[-1], list(MUSIC_CLASSES)
        known = (classes.dequantized[:, music], classes.bias[music], _CLASS_EMPHASIS)
        inputs.append(HeadInput(found[2], _EMBEDDING_EMPHASIS, known))
    return tuple(inputs)


def _sources(model: Any) -> dict[str, Any]:
    """What a whole classifier's last layer is given, by name."""
    parts = model.get_layer("head_inputs").input
    return dict(zip(FEATURES, parts, strict=False))


def cached_inputs(
    folder: Path,
    teacher: Any,
    examples: Examples,
    features: Affine,
    yamnet: YamnetWeights,
) -> tuple[HeadInput, ...]:
    """What this very teacher gives the last layer for examples; all models have the same."""
    cache = folder / f"inputs-{network_digest(teacher)}-{len(examples)}"

    def values() -> object:
        computed = head_inputs(teacher, examples.windows, features, yamnet)
        return types.SimpleNamespace(
            **{name: each.values for name, each in zip(FEATURES, computed, strict=True)}
        )

    found = cached_arrays(cache, FEATURES, values)
    return _described(teacher, [np.asarray(own) for own in found], yamnet)
