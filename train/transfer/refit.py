"""Fitting the last layer again, to the validation clips as well, once the recipe is settled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataSetError
from edge_runtime.frontend import PRESETS

from .corpus import UNLABELLED, FrontEnds, Source
from .head_examples import (
    cached_music,
    fit_last_layer,
    head_examples,
    head_inputs,
    not_music_corpus,
)
from .plus import SECOND_FRONT_END
from .recipe import FRONT_END
from .weights_file import bundled_musicnn
from .yamnet_file import bundled_yamnet

_OF_PIECE = 36
"""Windows drawn from a piece of other music; a third of them are used"""


def other_pieces(drawn: Sequence[Source], names: Sequence[str], label: int) -> list[Source]:
    """The labelled sources, and those that the run took for music of no genre, with its label.

    Parameters
    ----------
    drawn : sequence of Source
        From `train.transfer.sources.sources`.
    names : sequence of str
        Names of the files that the run took for such music.
    label : int
        Of music of no genre.

    Raises
    ------
    DataSetError
        If one of them is missing.
    """
    missing = set(names) - {source.path.name for source in drawn}
    if missing:
        raise DataSetError(
            f"{sorted(missing)[0]} and {len(missing) - 1} other pieces that the run was trained on "
            "as music of no genre are not there; name the same folders with --more-music as then"
        )
    return [source for source in drawn if source.label != UNLABELLED] + [
        Source(source.path, label, _OF_PIECE)
        for source in drawn
        if source.label == UNLABELLED and source.path.name in names
    ]


def refit(
    model: Any,
    drawn: Sequence[Source],
    n_genres: int,
    n_labels: int,
    *,
    cache: Path,
    seed: int,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64], dict[str, Any]]:
    """Fit the last layer of a trained model again, in place.

    Parameters
    ----------
    model : keras.Model
        Of a run of ``tiny``, ``base`` or ``plus``.
    drawn : sequence of Source
        Labelled: see `other_pieces`.
    n_genres : int
        Labels below this are genres.
    n_labels : int
        The last label is what is not music.
    cache : Path
        Folder of cached windows.
    seed : int

    Returns
    -------
    tuple
        Windows of the labels that are no genre, (n, rows, bands), before normalisation, these
        labels, and facts for the run's report.
    """
    # Both front ends, whatever the model has, so that all models share what is cached.
    front_ends = FrontEnds(PRESETS[FRONT_END], PRESETS[SECOND_FRONT_END])
    pruned = bundled_musicnn()
    music, _ = cached_music(drawn, front_ends, cache=cache, seed=seed)
    not_music = not_music_corpus(front_ends, n_labels - 1)
    examples = head_examples(music, not_music, len(drawn))
    inputs = head_inputs(model, examples.windows, pruned.features, bundled_yamnet())
    head = fit_last_layer(
        inputs, examples.labels, examples.sources, degraded=~examples.clean, n_genres=n_genres
    )
    model.get_layer("logits").set_weights([head.kernel, head.bias])
    facts = {
        "files_of_last_layer": len(drawn) - len(music.skipped),
        "windows_of_last_layer": len(examples),
        "skipped_by_last_layer": list(music.skipped),
    }
    no_genre = np.flatnonzero((examples.labels >= n_genres) & ~examples.clean)
    windows = examples.windows[no_genre, : model.input_shape[1]]
    return windows.astype(np.float32), examples.labels[no_genre], facts
