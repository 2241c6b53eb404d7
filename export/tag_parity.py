"""The gate's second half: whether an exported file gives the Keras model's tags and styles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.model.manifest import Tag

_LIKELIEST = 3
"""Tags of a window that are compared as a set; a display shows about so many"""

_TIE = 1e-6
"""Probabilities that differ by less than this are equal"""

Outputs = npt.NDArray[np.float32]


@dataclass(frozen=True)
class TagThreshold:
    """What a file's tags must reach to pass, and its styles."""

    max_error: float = 1.0
    """Largest difference of any probability"""
    mean_error: float = 1.0
    """Mean difference"""
    same_likeliest: float = 0.0
    """Least share of windows with the same three likeliest"""


@dataclass(frozen=True)
class TagParity:
    """Tags, or styles, of an exported file against those of its Keras model."""

    n: int
    max_error: float
    """Of a probability"""
    mean_error: float
    same_likeliest: float
    """Share of windows where the same three are the likeliest"""

    def failures(self, what: str, least: TagThreshold) -> list[str]:
        """Why they do not pass, in words; empty if they do. `what` is ``tags`` or ``styles``."""
        found = []
        if self.same_likeliest < least.same_likeliest:
            found.append(
                f"has the same three likeliest {what} on {self.same_likeliest:.2%} of the windows; "
                f"at least {least.same_likeliest:.1%} is required"
            )
        for how, error, most in (
            ("by up to", self.max_error, least.max_error),
            ("in the mean by", self.mean_error, least.mean_error),
        ):
            if error > most:
                found.append(
                    f"probabilities of {what} differ {how} {error:.2g}; at most {most:g} is allowed"
                )
        return found


def compare_tags(tags: Sequence[Tag], keras: Outputs, found: Outputs) -> TagParity | None:
    """Compare two models' outputs for tags; None where there are none.

    Parameters
    ----------
    tags : sequence of Tag
    keras, found : (n, tags) float32
        Outputs of the Keras model and of the exported file.
    """
    if not tags:
        return None
    before, after = tag_probabilities(tags, keras), tag_probabilities(tags, found)
    difference = np.abs(after - before)
    many = min(_LIKELIEST, len(tags))
    # A set is the same if the file's likeliest are among the model's, ties aside.
    rank = np.sort(before, axis=1)[:, -many]
    chosen = np.take_along_axis(before, np.argsort(-after, axis=1)[:, :many], axis=1)
    return TagParity(
        n=len(tags),
        max_error=float(difference.max()),
        mean_error=float(difference.mean()),
        same_likeliest=float(np.mean(chosen.min(axis=1) >= rank - _TIE)),
    )


def tag_probabilities(tags: Sequence[Tag], outputs: Outputs) -> npt.NDArray[np.float64]:
    """Calibrated probabilities of a network's outputs for tags, (n, tags)."""
    slopes, biases = np.array([(tag.slope, tag.bias) for tag in tags]).T
    logits = slopes * outputs.astype(np.float64) + biases
    probabilities: npt.NDArray[np.float64] = 0.5 * (1.0 + np.tanh(0.5 * logits))
    return probabilities
