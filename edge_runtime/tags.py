"""Tags and styles: what a network says of music beside its genre."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from .decoder import NOT_MUSIC, SILENCE
from .model.manifest import Manifest, Tag

SHOWN_TAGS = 5
"""How many of the tags, the likeliest ones, are printed where nobody says how many"""
NAMED_STYLES = 3
"""How many styles music is said to have, at most"""
SMOOTHING_S = 15.0
"""Time constant with which the tags of a stream follow the music, seconds"""

Logits = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Description:
    """Tags and styles of a piece of music, or of the latest part of a stream."""

    tags: dict[str, float] = field(default_factory=dict)
    """Probability of every tag, the likeliest first"""
    styles: dict[str, float] = field(default_factory=dict)
    """The likeliest styles by their paths, `NAMED_STYLES` at most, the likeliest first"""
    style: str | None = None
    """The one style or kind of music to show; see `style_of`"""
    mood: str | None = None
    """The one mood to show; see `mood_of`"""


class TagTable:
    """What the outputs behind those of a model's labels are, and how they are read.

    Parameters
    ----------
    manifest : Manifest
    """

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._n_tags = len(manifest.tags)
        every = (*manifest.tags, *manifest.styles)
        self._slopes = np.array([tag.slope for tag in every], np.float32)
        self._biases = np.array([tag.bias for tag in every], np.float32)

    def calibrated(self, outputs: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Calibrated logits of the outputs behind those of the labels.

        Parameters
        ----------
        outputs : (n, tags + styles) float32

        Returns
        -------
        (n, tags + styles) float32
        """
        return outputs * self._slopes + self._biases

    def describe(self, logits: Logits | None, label: str) -> Description:
        """Tags and styles in words.

        Parameters
        ----------
        logits : (tags + styles,) float or None
            Calibrated; None where there is no sound.
        label : str
            Of the same sound: silence has neither tags nor styles, what is not music tags alone.
        """
        if logits is None or not len(logits) or label == SILENCE:
            return Description()  # its own: a caller may change what it was given
        values = probabilities(logits)
        tags = _ranked(self._manifest.tags, values[: self._n_tags])
        if label == NOT_MUSIC:
            return Description(tags)
        likely = {
            path: p
            for path, p in _ranked(self._manifest.styles, values[self._n_tags :]).items()
            if p >= self._manifest.style_threshold
        }
        styles = first(likely, NAMED_STYLES)
        return Description(
            tags, styles, style_of(self._manifest, tags, styles), mood_of(self._manifest, tags)
        )


def probabilities(logits: Logits) -> npt.NDArray[np.float64]:
    """The logistic function of calibrated logits."""
    clipped = np.clip(logits.astype(np.float64), -50.0, 50.0)
    return np.asarray(1.0 / (1.0 + np.exp(-clipped)))


def style_of(
    manifest: Manifest, tags: Mapping[str, float], styles: Mapping[str, float]
) -> str | None:
    """The one style to show: the likeliest; without any, the kind of music that stands out.

    Parameters
    ----------
    manifest : Manifest
    tags : mapping of str to float
        Probability of every tag, by path.
    styles : mapping of str to float
        Those that are likely enough, by path.
    """
    if styles:
        return max(styles, key=styles.__getitem__)
    return _standing_out(manifest, tags, "genre")


def mood_of(manifest: Manifest, tags: Mapping[str, float]) -> str | None:
    """The one mood to show: the likeliest that is likelier than it is in music as it comes."""
    return _standing_out(manifest, tags, "mood")


def first(probabilities: Mapping[str, float], n: int) -> dict[str, float]:
    """The first `n` of them."""
    return dict(islice(probabilities.items(), n))


def rounded(probabilities: Mapping[str, float]) -> dict[str, float]:
    """Probabilities as JSON has them."""
    return {name: round(value, 4) for name, value in probabilities.items()}


class TagFilter:
    """Smooths the tags of a stream: an exponential average of their calibrated logits.

    A window counts with the time since the one before, so that more overlap makes nothing hastier.
    The first windows are averaged, too, as if all sound before had been left out. Silence changes
    nothing.
    """

    def __init__(self) -> None:
        self._sum: Logits | None = None
        self._weight = 0.0

    def update(self, logits: Logits, elapsed_s: float, *, silent: bool) -> Logits | None:
        """Take one window in.

        Parameters
        ----------
        logits : (tags + styles,) float
            Calibrated.
        elapsed_s : float
            Seconds since the window before; the length of the window, for the first.
        silent : bool
            Whether the window is silence.

        Returns
        -------
        (tags + styles,) float or None
            Smoothed; None in silence.
        """
        if silent or not len(logits):
            return None
        keep = math.exp(-max(elapsed_s, 1e-6) / SMOOTHING_S)
        before = np.zeros(len(logits)) if self._sum is None else self._sum
        self._sum = keep * before + (1.0 - keep) * logits
        self._weight = keep * self._weight + (1.0 - keep)
        return np.asarray(self._sum / self._weight)


def _ranked(tags: Sequence[Tag], values: npt.NDArray[np.float64]) -> dict[str, float]:
    """Values by path, the largest first."""
    order = np.argsort(-values, kind="stable")
    return {tags[index].path: float(values[index]) for index in order}


def _standing_out(manifest: Manifest, tags: Mapping[str, float], kind: str) -> str | None:
    """The likeliest tag of a kind that is above its base rate."""
    found = [
        tag.path for tag in manifest.tags if tag.kind == kind and tags[tag.path] > tag.base_rate
    ]
    return max(found, key=tags.__getitem__, default=None)
