"""The gate's second half: whether an exported file gives the Keras model's tags and styles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.tags import probabilities

_LIKELIEST = 3
"""Tags of a window that are compared as a set; a display shows about so many"""

_TIE = 1e-6
"""Probabilities that differ by less than this are equal"""

Logits = npt.NDArray[np.float32]


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


def compare_tags(keras: Logits, found: Logits) -> TagParity | None:
    """Compare two models' tags, or styles; None where there are none.

    Parameters
    ----------
    keras, found : (n, tags) float32
        Calibrated logits of the Keras model and of the exported file.
    """
    n_tags = keras.shape[1]
    if not n_tags:
        return None
    before, after = probabilities(keras), probabilities(found)
    difference = np.abs(after - before)
    many = min(_LIKELIEST, n_tags)
    # A set is the same if the file's likeliest are among the model's, ties aside.
    rank = np.sort(before, axis=1)[:, -many]
    chosen = np.take_along_axis(before, np.argsort(-after, axis=1)[:, :many], axis=1)
    return TagParity(
        n=n_tags,
        max_error=float(difference.max()),
        mean_error=float(difference.mean()),
        same_likeliest=float(np.mean(chosen.min(axis=1) >= rank - _TIE)),
    )
