"""Tags and styles for a model's manifest: their kinds, and what their outputs mean.

A tag's output is calibrated on music whose genre says whether the tag is right, by logistic
regression on the output (J. Platt, "Probabilistic outputs for support vector machines", 1999). No
genre of ours says whether music is sad or from Brazil. Such a tag gets the calibration that those
with a genre have on average, by how far its output is above its own mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.model.manifest import Tag
from edge_runtime.tags import probabilities

from ..data.tag_genres import checking_genre
from .musicnn import TAGS
from .pruning import Array
from .styles import Style

KINDS = {
    "mood": ("beautiful", "chillout", "Mellow", "chill", "party", "sexy", "catchy", "sad", "happy"),
    "voice": ("female vocalists", "male vocalists", "female vocalist"),
    "instrument": ("instrumental", "acoustic", "guitar"),
    "era": ("00s", "80s", "90s", "oldies", "70s", "60s"),
}
"""MusiCNN's tags that are no genre, by kind"""
_STEEPEST = 20.0
_SMALLEST_SPREAD = 1e-3
_RAREST, _COMMONEST = 1e-3, 0.9


@dataclass(frozen=True)
class Name:
    """A tag or style before it is calibrated."""

    name: str
    kind: str
    family: str | None = None


def tag_names() -> tuple[Name, ...]:
    """MusiCNN's tags, in the order of its outputs."""
    kinds = {tag: kind for kind, tags in KINDS.items() for tag in tags}
    return tuple(Name(tag, kinds.get(tag, "genre")) for tag in TAGS)


def style_names(styles: Sequence[Style]) -> tuple[Name, ...]:
    """Styles, in their order."""
    return tuple(Name(style.name, style.kind, style.family) for style in styles)


def calibrate(
    names: Sequence[Name],
    outputs: Array,
    labels: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float64],
    genres: tuple[str, ...],
) -> tuple[Tag, ...]:
    """Calibrate a network's outputs.

    Parameters
    ----------
    names : sequence of Name
    outputs : (n, names) float32
        Logits of windows of music.
    labels : (n,) int64
        Of their genres; more than there are genres is music of none.
    weights : (n,) float64
    genres : tuple of str

    Returns
    -------
    tuple of Tag
        In the order of `names`.
    """
    mean = np.average(outputs, axis=0, weights=weights)
    spread = np.sqrt(np.average((outputs - mean) ** 2, axis=0, weights=weights))
    z = ((outputs - mean) / (spread + _SMALLEST_SPREAD)).astype(np.float64)
    present = set(np.unique(labels).tolist())
    checks = {}
    for place, name in enumerate(names):
        genre = checking_genre(name.name, genres)
        if genre is not None and genres.index(genre) in present and len(present) > 1:
            checks[place] = labels == genres.index(genre)
    own = {place: _logistic(z[:, place], right, weights) for place, right in checks.items()}
    own = {place: fitted for place, fitted in own.items() if fitted[0] > 0.0}
    of_all = (1.0, -2.0)
    if own:
        of_all = _logistic(
            np.concatenate([z[:, place] for place in own]),
            np.concatenate([checks[place] for place in own]),
            np.tile(weights, len(own)),
        )
    tags = []
    for place, name in enumerate(names):
        slope, bias = own.get(place, of_all)
        by = spread[place] + _SMALLEST_SPREAD
        steep = min(slope / by, _STEEPEST)
        offset = float(np.clip(bias - slope * mean[place] / by, -100.0, 100.0))
        rate = np.average(probabilities(steep * outputs[:, place] + offset), weights=weights)
        tags.append(
            Tag(
                name=name.name,
                kind=name.kind,
                family=name.family,
                slope=round(float(steep), 4),
                bias=round(offset, 4),
                base_rate=round(float(np.clip(rate, _RAREST, _COMMONEST)), 4),
            )
        )
    return tuple(tags)


def _logistic(
    values: npt.NDArray[np.float64],
    right: npt.NDArray[np.bool_],
    weights: npt.NDArray[np.float64],
) -> tuple[float, float]:
    """Slope and bias of a logistic regression of one variable."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1e4).fit(values[:, np.newaxis], right, sample_weight=weights)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
