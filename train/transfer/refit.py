"""The last layer once more, from every labelled clip, after the recipe was judged without some."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge_runtime.frontend import PRESETS

from .corpus import Source
from .head_examples import examples, head_for, kept_music, rejected_sounds
from .recipe import FRONT_END
from .weights_file import stored_musicnn


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
        Folder that keeps the windows.
    seed : int

    Returns
    -------
    tuple
        Windows of what the model is to reject, (n, frames, bands), before normalisation, and
        facts for the run's report.
    """
    params, pruned = PRESETS[FRONT_END], stored_musicnn()
    music, _ = kept_music(drawn, params, cache=cache, seed=seed)
    rejected = rejected_sounds(params, n_genres)
    shown = examples(music, rejected, len(drawn))
    head = head_for(model, shown, pruned.features, to_tags=pruned.tags)
    model.get_layer("logits").set_weights([head.kernel, head.bias])
    facts = {
        "files_of_last_layer": len(drawn) - len(music.skipped),
        "windows_of_last_layer": len(shown),
        "skipped_by_last_layer": list(music.skipped),
    }
    return rejected.heard.astype(np.float32), facts
