"""The recipe of ``tiny``, ``base`` and ``plus``: pretrained networks with a new last layer."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.classifier import softmax
from edge_runtime.decoder import NOT_MUSIC, OTHER
from edge_runtime.frontend import PRESETS, FrontEndParams
from edge_runtime.model.manifest import Tag

from ..experiment.windows import normalised
from ..quiet_tensorflow import import_tensorflow
from .balance import balance, balance_pooled
from .cache import cached_targets
from .corpus import UNLABELLED, Corpus, FrontEnds, Source
from .distil import DistilSettings, LastLayers, distil
from .head import Head, HeadInput, fit_outputs, outputs_of, track_weights, with_head
from .head_examples import (
    Examples,
    cached_inputs,
    cached_music,
    fit_last_layer,
    head_examples,
    head_inputs,
    not_music_corpus,
    with_other,
)
from .keras_model import N_FRAMES, Places, compact_musicnn
from .other_music import Opinions, find_other
from .plus import SECOND_FRONT_END, plus
from .pruning import Affine, Array, PrunedMusicnn, prune
from .styles import genre_styles
from .tag_calibration import calibrate, style_names, tag_names
from .yamnet import YamnetWeights
from .yamnet_file import bundled_yamnet

FRONT_END = "musicnn96-level"
"""MusiCNN's front end, with every window at the level of mastered music: a microphone across the
room records the same 20 to 40 dB softer"""
_BALANCING = 800
"""Windows that the ranges of the channels are measured on"""


@dataclass(frozen=True)
class Recipe:
    """How a model is made from MusiCNN (J. Pons and X. Serra, ISMIR 2019, late-breaking)."""

    places: Places
    epochs: int = 0
    """Of distillation; an epoch has every window of the corpus once. A network with filters at
    every place begins as its own teacher, and learns what rooms and noise do to it. `teach`, which
    shall take minutes, does without"""
    learning_rate: float = 1e-4
    """A higher one destroys pretrained weights: 1e-3 costs eight points (docs/lab/accuracy.md)"""
    yamnet: bool = False
    """Whether YAMNet is a part of the network (`train.transfer.plus`)"""
    styles_of_penultimate: bool = False
    """Whether styles are made of the penultimate layer alone, which takes a third of the bytes"""
    front_end: str = FRONT_END
    overlap: float = 0.0

    @property
    def second_front_end(self) -> FrontEndParams | None:
        """Of the network's further inputs."""
        return PRESETS[SECOND_FRONT_END] if self.yamnet else None


@dataclass(frozen=True)
class TrainedModel:
    """A trained model, and how it was made."""

    model: Any
    """(n, rows, bands, 1) to posteriors of `labels`, and logits of `tags` and `styles`"""
    labels: tuple[str, ...]
    """Genres, ``other`` where there was such music, and ``not music``"""
    rejected: tuple[str, ...]
    """Those that are no genre"""
    tags: tuple[Tag, ...]
    styles: tuple[Tag, ...]
    params: FrontEndParams
    """With the network's own normalisation"""
    no_genre: npt.NDArray[np.float32]
    """(n, rows, bands): windows of the rejected labels, normalised"""
    labels_of_no_genre: npt.NDArray[np.int64]
    """(n,)"""
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


def train_pretrained(
    recipe: Recipe,
    drawn: Sequence[Source],
    genres: tuple[str, ...],
    *,
    wheel: Path,
    cache: Path,
    seed: int,
) -> TrainedModel:
    """Prune, distil, find music of no genre, and fit the last layer.

    Parameters
    ----------
    recipe : Recipe
    drawn : sequence of Source
        From `train.transfer.sources.sources`.
    genres : tuple of str
        What labels stand for.
    wheel : Path
        The published weights of MusiCNN: see `train.transfer.musicnn_wheel`. Those of YAMNet are
        bundled.
    cache : Path
        Folder for the corpus and the teacher's outputs, for the next model.
    seed : int

    Raises
    ------
    DataSetError
        If the wheel is missing or altered, or the cache cannot be written.
    """
    from .musicnn_wheel import SHA256, read_weights

    begin = time.monotonic()
    import_tensorflow()
    pruned, weights = prune(read_weights(wheel)), bundled_yamnet()
    params = PRESETS[recipe.front_end]
    shape = (params.n_frames, params.n_coefficients)
    # Both front ends for every model: those without YAMNet are taught its styles.
    front_ends = FrontEnds(params, PRESETS[SECOND_FRONT_END])
    corpus, folder = cached_music(drawn, front_ends, cache=cache, seed=seed)
    not_music = not_music_corpus(front_ends, len(genres))
    examples = head_examples(corpus, not_music, len(drawn))
    sample = _sample(examples, pruned.features)

    whole = compact_musicnn(pruned, shape, Places())
    balance(whole, sample)
    balance_pooled(whole, sample)
    found_styles = genre_styles(weights)
    teacher = plus(pruned, whole, weights, [style.place for style in found_styles])
    of_teacher = cached_inputs(folder, teacher, examples, pruned.features, weights)
    other = _find_other(examples, of_teacher, teacher, genres, weights)
    examples = with_other(examples, other, len(genres))

    losses: list[float] = []
    trunk, losses = _distilled(
        recipe, pruned, corpus, folder, examples, n_genres=len(genres), seed=seed
    )
    if recipe.yamnet:
        trunk = plus(pruned, trunk, weights, [style.place for style in found_styles])
    inputs = head_inputs(trunk, examples.windows, pruned.features, weights)
    head = _fit(inputs, examples, examples.labels, len(genres))
    of_styles = None
    style_logits = of_teacher[2].values @ _kernel(teacher, "styles") + _bias(teacher, "styles")
    if not recipe.yamnet:
        taught = inputs[1:] if recipe.styles_of_penultimate else inputs
        of_styles = fit_outputs([each.values for each in taught], style_logits)
        style_logits = outputs_of(of_styles, [each.values for each in taught])
    model = with_head(trunk, head, of_styles)
    tag_logits = inputs[1].values @ _kernel(trunk, "tags") + _bias(trunk, "tags")
    music = np.flatnonzero((examples.labels != UNLABELLED) & (examples.labels < _last(examples)))
    labels, sources_of = examples.labels[music], examples.sources[music]
    balanced = track_weights(labels, sources_of)
    rejected = (OTHER, NOT_MUSIC) if other else (NOT_MUSIC,)
    params = normalised_front_end(params, pruned.features)
    no_genre = np.flatnonzero((examples.labels >= len(genres)) & ~examples.clean)
    windows = examples.windows[no_genre].astype(np.float32)
    rows = model.input_shape[1]
    return TrainedModel(
        model,
        (*genres, *rejected),
        rejected,
        calibrate(tag_names(), tag_logits[music], labels, balanced, genres),
        calibrate(style_names(found_styles), style_logits[music], labels, balanced, genres),
        params,
        normalised(windows[:, :rows], params),
        examples.labels[no_genre],
        {
            "seed": seed,
            "teacher": f"MusiCNN (MSD_musicnn), wheel sha256 {SHA256}, and YAMNet",
            "places": dataclasses.asdict(recipe.places),
            "distillation_epochs": len(losses),
            "learning_rate": recipe.learning_rate,
            "corpus": {
                "files": len(drawn) - len(corpus.skipped),
                "windows": len(corpus),
                "windows_of_last_layer": int(np.sum(examples.labels != UNLABELLED)),
                "not_music_windows": len(not_music),
                "pieces_of_other_music": len(other),
                "skipped": list(corpus.skipped),
            },
            "other_music": [drawn[source].path.name for source in other],
            "parameters": int(model.count_params()),
            "seconds": round(time.monotonic() - begin, 1),
        },
        losses,
    )


def _distilled(
    recipe: Recipe,
    pruned: PrunedMusicnn,
    corpus: Corpus,
    folder: Path,
    examples: Examples,
    *,
    n_genres: int,
    seed: int,
) -> tuple[Any, list[float]]:
    """A smaller network, trained on the outputs of the whole one, and the loss of each epoch."""
    params = PRESETS[recipe.front_end]
    shape = (params.n_frames, params.n_coefficients)
    sample = _sample(examples, pruned.features)
    student = compact_musicnn(pruned, shape, recipe.places, sample)
    # Channels of like size also train at like speed.
    balance(student, sample)
    weights = bundled_yamnet()
    # Not balanced: the student's pooled features have the units of the original.
    teacher = plus(
        pruned,
        compact_musicnn(pruned, shape, Places()),
        weights,
        [style.place for style in genre_styles(weights)],
    )
    wanted = cached_targets(folder, teacher, corpus.clean, pruned.features)
    inputs = cached_inputs(folder, teacher, examples, pruned.features, weights)
    style_logits = inputs[2].values @ _kernel(teacher, "styles") + _bias(teacher, "styles")
    losses = distil(
        student,
        corpus,
        wanted,
        layers=LastLayers(
            _fit(inputs, examples, examples.labels, n_genres),
            _fit(inputs[:2], examples, examples.labels, n_genres),
            fit_outputs([each.values for each in inputs[:2]], style_logits),
        ),
        features=pruned.features,
        settings=DistilSettings(recipe.epochs, recipe.learning_rate, seed),
    )
    balance(student, sample)
    balance_pooled(student, sample)
    return student, losses


def _sample(examples: Examples, features: Affine) -> Array:
    """Windows that the ranges of channels are measured on, as MusiCNN is given them.

    Clean, degraded, and not music: each has the largest values of some channel.
    """
    windows = examples.windows[:: -(-len(examples) // _BALANCING), :N_FRAMES].astype(np.float32)
    return (windows * features.scale + features.shift)[..., np.newaxis]


def _find_other(
    examples: Examples,
    inputs: Sequence[HeadInput],
    teacher: Any,
    genres: tuple[str, ...],
    weights: YamnetWeights,
) -> tuple[int, ...]:
    """Sources of music without a label that is of no genre; by clean windows."""
    rows = np.flatnonzero((examples.labels == UNLABELLED) & examples.clean)
    if not len(rows):
        return ()
    of_genres = (examples.labels != UNLABELLED) & (examples.labels < len(genres))
    labels = np.where(of_genres, examples.labels, UNLABELLED)
    head = _fit(inputs[:2], examples, labels, len(genres))
    features = [each.values[rows] for each in inputs]
    classes = weights.layers[-1]
    opinions = Opinions(
        features[1] @ _kernel(teacher, "tags") + _bias(teacher, "tags"),
        features[2] @ classes.dequantized + classes.bias,
        softmax(outputs_of(head, features[:2])),
        examples.sources[rows],
    )
    return find_other(opinions, genres, weights)


def _fit(
    inputs: Sequence[HeadInput],
    examples: Examples,
    labels: npt.NDArray[np.int64],
    n_genres: int,
) -> Head:
    return fit_last_layer(
        inputs, labels, examples.sources, degraded=~examples.clean, n_genres=n_genres
    )


def _last(examples: Examples) -> int:
    """The label of what is not music."""
    return int(examples.labels.max())


def _kernel(model: Any, layer: str) -> Array:
    found: Array = model.get_layer(layer).get_weights()[0]
    return found


def _bias(model: Any, layer: str) -> Array:
    found: Array = model.get_layer(layer).get_weights()[1]
    return found
