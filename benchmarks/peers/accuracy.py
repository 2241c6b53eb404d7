"""How often a peer's label is right, and ours on the same clips with the same choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from train.evaluation.significance import bootstrap_interval, mcnemar

from .genres import SAME, GenreLabels, likeliest

Scores = Sequence[Mapping[str, float]]
"""A candidate's scores by label, clip by clip"""


def right(
    scores: Scores, labels: GenreLabels, genres: Sequence[str], truth: Sequence[str]
) -> npt.NDArray[np.bool_]:
    """Whether each clip of one of `genres` got the right label, with the choice among them."""
    return np.array(
        [
            likeliest(clip, labels, genres) == genre
            for clip, genre in zip(scores, truth, strict=True)
            if genre in genres
        ],
        bool,
    )


def measured(
    scores: Scores, labels: GenreLabels, truth: Sequence[str], ours: Mapping[str, Scores]
) -> dict[str, Any] | None:
    """Accuracy of a candidate, and of ours beside it.

    Parameters
    ----------
    scores : sequence of dict
        By label, for each clip.
    labels : dict
        By genre, the labels that stand for it; clips of other genres are left out.
    truth : sequence of str
        Genre of each clip.
    ours : dict
        Scores of our models that were not trained on these clips.

    Returns
    -------
    dict or None
        JSON-ready; None if no clip is of a genre that it knows.
    """
    genres = sorted(labels)
    theirs = right(scores, labels, genres, truth)
    if not len(theirs):
        return None
    beside = {}
    for name, own in ours.items():
        found = right(own, SAME, genres, truth)
        beside[name] = {**_with_interval(found), "mcnemar": mcnemar(theirs, found).to_dict()}
    return {"genres": genres, "clips": len(theirs), **_with_interval(theirs), "ours": beside}


def _with_interval(correct: npt.NDArray[np.bool_]) -> dict[str, Any]:
    low, high = bootstrap_interval(correct)
    return {
        "accuracy": round(float(correct.mean()), 4),
        "interval": [round(low, 4), round(high, 4)],
    }
