"""The recipe of ``tiny`` and ``base``: MusiCNN pruned, distilled, and given a new last layer."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.audio.folder import audio_files, header_seconds
from edge_runtime.errors import DataSetError
from edge_runtime.frontend import PRESETS, FrontEndParams

from ..data.tracks import Track
from .balance import balance, balance_pooled
from .cache import cached_targets
from .corpus import UNLABELLED, Source
from .distil import DistilSettings, distil
from .head import Head, with_head
from .head_examples import cached_music, head_examples, head_for, not_music_corpus
from .keras_model import Places
from .pruning import Affine, prune

FRONT_END = "musicnn96-level"
"""MusiCNN's front end, with every window at the level of mastered music: a microphone across the
room records the same 20 to 40 dB softer"""
_WINDOWS_PER_SECOND = 1.0
"""Drawn from a labelled track"""
_OTHER_WINDOWS_PER_SECOND = 0.2
_LONGEST_S = 600.0
"""What comes after ten minutes of a track is more of the same"""
_BALANCING = 800
"""Windows that the ranges of the channels are measured on"""


@dataclass(frozen=True)
class Recipe:
    """How a model is made from MusiCNN (J. Pons and X. Serra, ISMIR 2019, late-breaking)."""

    places: Places
    epochs: int = 0
    """Of distillation; an epoch has every window of the corpus once. A network with filters at
    every place needs none: it is its own teacher"""
    learning_rate: float = 1e-4
    """A higher one destroys the pretrained weights: 1e-3 costs eight points (docs/training.md)"""
    front_end: str = FRONT_END
    overlap: float = 0.0


@dataclass(frozen=True)
class TrainedModel:
    """A trained model, and how it was made."""

    model: Any
    """(n, frames, bands, 1) to posteriors of the genres and, last, of ``not music``"""
    params: FrontEndParams
    """With the network's own normalisation"""
    not_music: npt.NDArray[np.float32]
    """(n, frames, bands): windows of sounds that it is to reject, normalised"""
    how: dict[str, Any]
    """For the run's report"""
    losses: list[float]
    """Of each epoch of distillation"""


def normalised_front_end(params: FrontEndParams, features: Affine) -> FrontEndParams:
    """The front end with the network's own normalisation, in the place of the data set's."""
    mean = float(-features.shift.item() / features.scale.item())
    n = params.n_coefficients
    return dataclasses.replace(
        params, mean=(mean,) * n, std=(1.0 / float(features.scale.item()),) * n
    )


def sources(
    tracks: Sequence[Track],
    seconds: dict[str, float],
    genres: tuple[str, ...],
    more: Sequence[Path],
) -> list[Source]:
    """What the corpus is drawn from.

    Parameters
    ----------
    tracks : sequence of Track
        To train on.
    seconds : dict
        Length of each, by id.
    genres : tuple of str
    more : sequence of Path
        Folders of other music, of any genre.

    Raises
    ------
    DataSetError
        If a folder is missing or holds no audio.
    """
    found = [
        Source(
            track.path,
            genres.index(track.label),
            max(4, round(min(seconds[track.id], _LONGEST_S) * _WINDOWS_PER_SECOND)),
        )
        for track in tracks
    ]
    for folder in more:
        if not folder.is_dir():
            raise DataSetError(f"{folder}: no such folder; name a folder of music")
        lengths = {path: header_seconds(path) or 0.0 for path in audio_files(folder)}
        files = {path: length for path, length in lengths.items() if length >= 20.0}
        if not files:
            raise DataSetError(f"{folder}: holds no audio of 20 s or more")
        found += [
            Source(path, UNLABELLED, round(min(length, _LONGEST_S) * _OTHER_WINDOWS_PER_SECOND))
            for path, length in files.items()
        ]
    return found


def train_pretrained(
    recipe: Recipe, drawn: Sequence[Source], n_genres: int, *, wheel: Path, cache: Path, seed: int
) -> TrainedModel:
    """Prune, distil, and fit the last layer.

    Parameters
    ----------
    recipe : Recipe
    drawn : sequence of Source
        From `sources`.
    n_genres : int
        Labels below this are genres.
    wheel : Path
        The published weights: see `train.transfer.musicnn_wheel`.
    cache : Path
        Folder for the corpus and the teacher's outputs, for the next model.
    seed : int

    Raises
    ------
    DataSetError
        If the wheel is missing or altered, or the cache cannot be written.
    """
    from .keras_model import compact_musicnn
    from .musicnn_wheel import SHA256, read_weights

    begin = time.monotonic()
    pruned = prune(read_weights(wheel))
    params = PRESETS[recipe.front_end]
    shape = (params.n_frames, params.n_coefficients)
    corpus, folder = cached_music(drawn, params, cache=cache, seed=seed)
    not_music = not_music_corpus(params, n_genres)
    examples = head_examples(corpus, not_music, len(drawn))

    def head_of(trunk: Any) -> Head:
        to_tags = trunk.get_layer("tags").get_weights()
        return head_for(trunk, examples, pruned.features, to_tags=to_tags)

    # Clean, degraded, and not music: each has the largest values of some channel.
    sample = examples.windows[:: -(-len(examples) // _BALANCING)].astype(np.float32)
    sample = (sample * pruned.features.scale + pruned.features.shift)[..., np.newaxis]
    student = compact_musicnn(pruned, shape, recipe.places, sample)
    # Channels of like size also train at like speed.
    balance(student, sample)
    losses: list[float] = []
    if recipe.epochs:
        teacher = compact_musicnn(pruned, shape, Places())
        wanted = (
            cached_targets(folder / "degraded", teacher, corpus.degraded, pruned.features),
            cached_targets(folder / "clean", teacher, corpus.clean, pruned.features),
        )
        losses = distil(
            student,
            corpus,
            wanted,
            head=head_of(teacher),
            features=pruned.features,
            settings=DistilSettings(recipe.epochs, recipe.learning_rate, seed),
        )
        balance(student, sample)
    balance_pooled(student, sample)
    head = head_of(student)
    model = with_head(student, head)
    params = normalised_front_end(params, pruned.features)
    return TrainedModel(
        model,
        params,
        params.normalise(not_music.degraded.astype(np.float32)),
        {
            "seed": seed,
            "teacher": f"MusiCNN (MSD_musicnn), wheel sha256 {SHA256}",
            "places": dataclasses.asdict(recipe.places),
            "distillation_epochs": len(losses),
            "learning_rate": recipe.learning_rate,
            "corpus": {
                "files": len(drawn) - len(corpus.skipped),
                "windows": len(corpus),
                "windows_of_last_layer": len(examples),
                "not_music_windows": len(not_music),
                "skipped": list(corpus.skipped),
            },
            "parameters": int(model.count_params()),
            "seconds": round(time.monotonic() - begin, 1),
        },
        losses,
    )
