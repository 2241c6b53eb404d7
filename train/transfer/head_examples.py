"""What the last layer is fitted to: music, clean and degraded, and sounds that are not music."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.frontend import FrontEndParams

from ..augment import random_degradation
from ..not_music.sounds import KINDS
from .cache import cached_corpus, corpus_key
from .corpus import Corpus, Source, draw_not_music
from .head import Head, fit_head, track_weights
from .pruning import Affine, Array

_PER_KIND, _PER_KIND_OF_SPEECH = 60, 200
"""Sounds of each kind that is not music. Speech varies most, and real voices, which only
tests have, are unlike those that are made here"""
_OF_TRACK = 3
"""The last layer is fitted to every third window drawn from a track: neighbours are alike"""
EVIDENCE = 2.0
"""scikit-learn's C of the last layer, times the number of windows"""
_BATCH = 64


@dataclass(frozen=True)
class Examples:
    """Windows with labels and weights."""

    windows: npt.NDArray[np.float16]
    """(n, frames, bands), before normalisation"""
    labels: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.labels)


def cached_music(
    drawn: Sequence[Source], params: FrontEndParams, *, cache: Path, seed: int
) -> tuple[Corpus, Path]:
    """The windows drawn from files, and the folder that they are cached in."""
    folder = cache / "corpus" / corpus_key(drawn, params, seed)
    return cached_corpus(folder, drawn, params, seed), folder


def not_music_corpus(params: FrontEndParams, label: int) -> Corpus:
    """Speech, noise, hum and other sounds that are no genre, as many as the last layer needs."""
    kinds = {kind: _PER_KIND_OF_SPEECH if "speech" in kind else _PER_KIND for kind in KINDS}
    return draw_not_music(params, random_degradation, kinds, label)


def head_examples(music: Corpus, not_music: Corpus, n_files: int) -> Examples:
    """What the last layer is fitted to.

    Parameters
    ----------
    music : Corpus
        Windows without a label are left out.
    not_music : Corpus
        Of the last label.
    n_files : int
        Among which `music` counts its sources.
    """
    labelled = np.flatnonzero(music.labels >= 0)[::_OF_TRACK]
    labels = np.tile(np.concatenate([music.labels[labelled], not_music.labels]), 2)
    of_file = np.concatenate([music.sources[labelled], n_files + not_music.sources])
    windows = [music.clean[labelled], not_music.clean, music.degraded[labelled], not_music.degraded]
    return Examples(
        np.concatenate(windows),
        labels,
        track_weights(labels, np.tile(of_file, 2), not_music=int(not_music.labels[0])),
    )


def head_for(trunk: Any, examples: Examples, features: Affine, *, to_tags: Sequence[Array]) -> Head:
    """Fit the last layer behind a network.

    Parameters
    ----------
    trunk : keras.Model
        With layers ``pooled`` and ``dense``.
    examples : Examples
    features : Affine
        Its normalisation.
    to_tags : sequence of float32 array
        Kernel and bias that make tags of ``dense``'s outputs.
    """
    from .musicnn import TAGS

    pooled, penultimate = head_inputs(trunk, examples.windows, features)
    return fit_head(
        pooled,
        penultimate,
        examples.labels,
        examples.weights,
        to_tags=to_tags,
        tag_names=TAGS,
        strength=EVIDENCE / len(examples),
    )


def head_inputs(student: Any, windows: npt.NDArray[Any], features: Affine) -> tuple[Array, Array]:
    """Inputs of the last layer of a network for windows.

    Parameters
    ----------
    student : keras.Model
        From `train.transfer.keras_model.compact_musicnn`.
    windows : (n, frames, bands)
        Before normalisation.
    features : Affine
        Their normalisation.

    Returns
    -------
    tuple
        Pooled features (n, 2 * channels) and the penultimate layer (n, 200), float32.
    """
    import keras
    import tensorflow as tf

    trunk = keras.Model(
        student.inputs, [student.get_layer("pooled").output, student.get_layer("dense").output]
    )
    run = tf.function(lambda x: trunk(x, training=False))
    parts = []
    for start in range(0, len(windows), _BATCH):
        x = windows[start : start + _BATCH].astype(np.float32)
        outputs = run(tf.constant((x * features.scale + features.shift)[..., np.newaxis]))
        parts.append([each.numpy() for each in outputs])
    pooled, penultimate = zip(*parts, strict=True)
    return np.concatenate(pooled), np.concatenate(penultimate)
