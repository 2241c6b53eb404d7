"""Fitting the last layer again, to the validation clips as well, once the recipe is settled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge_runtime.frontend import PRESETS

from .corpus import Source
from .head_examples import cached_music, head_examples, head_for, not_music_corpus
from .recipe import FRONT_END
from .weights_file import bundled_musicnn


def refit(
    model: Any, drawn: Sequence[Source], n_genres: int, *, cache: Path, seed: int
) -> tuple[np.ndarray[Any, np.dtype[np.float32]], dict[str, Any]]:
    """Fit the last layer of a trained model again, in place.

    Parameters
    ----------
    model : keras.Model
        Of a run of ``tiny`` or ``base``.
    drawn : sequence of Source
        Labelled clips: see `train.transfer.recipe.sources`.
    n_genres : int
        Labels below this are genres.
    cache : Path
        Folder of cached windows.
    seed : int

    Returns
    -------
    tuple
        Windows of sounds that the model is to reject, (n, frames, bands), before normalisation,
        and facts for the run's report.
    """
    params, pruned = PRESETS[FRONT_END], bundled_musicnn()
    music, _ = cached_music(drawn, params, cache=cache, seed=seed)
    not_music = not_music_corpus(params, n_genres)
    examples = head_examples(music, not_music, len(drawn))
    head = head_for(model, examples, pruned.features, to_tags=pruned.tags)
    model.get_layer("logits").set_weights([head.kernel, head.bias])
    facts = {
        "files_of_last_layer": len(drawn) - len(music.skipped),
        "windows_of_last_layer": len(examples),
        "skipped_by_last_layer": list(music.skipped),
    }
    return not_music.degraded.astype(np.float32), facts
