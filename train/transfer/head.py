"""The last layer: from a pretrained network's features to genres, fitted to a few hundred clips.

Multinomial logistic regression with a quadratic penalty. Two things matter when some genres have
seven clips: every *track* weighs the same, so that ten seconds of thirty records count for more
than five minutes of three; and the tags of the pretrained network that are names of genres are
penalised less, since that "country" means country is known beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .pruning import Array

GENRE_TAGS = (
    "rock", "pop", "dance", "jazz", "metal", "blues", "Hip-Hop", "country", "instrumental", "funk",
    "heavy metal", "classic rock",
)  # fmt: skip
_TAG_EMPHASIS = 10.0
"""Tags are this many times as large as other inputs, so that their weights cost a hundredth"""
_FLATTEST = 1e-3
_OF_NOT_MUSIC = 3.0
"""What is not music is many things: with the weight of one genre, half of real speech gets a genre
(docs/training.md)"""


@dataclass(frozen=True)
class Head:
    """A dense layer behind the normalised pooled features and the penultimate layer."""

    kernel: Array
    """(pooled + 200, classes)"""
    bias: Array
    """(classes,)"""


def track_weights(
    labels: npt.NDArray[np.int64], tracks: npt.NDArray[np.int64], *, not_music: int | None = None
) -> npt.NDArray[np.float64]:
    """Weights of windows: every track of a genre weighs the same, and so does every genre.

    Parameters
    ----------
    labels, tracks : (n,)
    not_music : int, optional
        The label of what is no genre: it weighs as much as three.

    Returns
    -------
    (n,) float64
        With a mean of 1.
    """
    _, inverse, counts = np.unique(tracks, return_inverse=True, return_counts=True)
    weights = 1.0 / counts[inverse]
    for label in np.unique(labels):
        own = labels == label
        weights[own] *= (_OF_NOT_MUSIC if label == not_music else 1.0) / weights[own].sum()
    return np.asarray(weights * len(labels) / weights.sum())


def fit_head(
    pooled: Array,
    penultimate: Array,
    labels: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float64],
    *,
    to_tags: Sequence[Array],
    tag_names: tuple[str, ...],
    strength: float,
) -> Head:
    """Fit the last layer.

    Parameters
    ----------
    pooled : (n, pooled) float32
        Normalised.
    penultimate : (n, 200) float32
    labels : (n,) int64
        From 0, none left out.
    weights : (n,) float64
    to_tags : sequence of float32 array
        Kernel (200, tags) and bias: the tags are linear in the penultimate layer.
    tag_names : tuple of str
        What the tags are.
    strength : float
        Inverse of the penalty (scikit-learn's ``C``).
    """
    from sklearn.linear_model import LogisticRegression

    chosen = [tag_names.index(tag) for tag in GENRE_TAGS]
    kernel_of_tags, tag_bias = to_tags[0][:, chosen], to_tags[1][chosen]
    tags = penultimate @ kernel_of_tags + tag_bias
    inputs, means, scales = [], [], []
    for values, emphasis in ((pooled, 1.0), (tags, _TAG_EMPHASIS)):
        mean = np.average(values, axis=0, weights=weights)
        spread = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=weights)) + _FLATTEST
        scale = emphasis / spread
        inputs.append((values - mean) * scale)
        means.append(mean)
        scales.append(scale)
    regression = LogisticRegression(C=strength, max_iter=500)
    regression.fit(np.concatenate(inputs, axis=1), labels, sample_weight=weights)
    coefficients = regression.coef_.T * np.concatenate(scales)[:, np.newaxis]
    bias = regression.intercept_ - np.concatenate(means) @ coefficients
    of_pooled, of_tags = np.split(coefficients, [pooled.shape[1]])
    kernel = np.concatenate([of_pooled, kernel_of_tags @ of_tags])
    return Head(kernel.astype(np.float32), (bias + tag_bias @ of_tags).astype(np.float32))


def with_head(trunk: Any, head: Head) -> Any:
    """A classifier: (n, frames, bands, 1) to posteriors (n, classes).

    Parameters
    ----------
    trunk : keras.Model
        From `train.transfer.keras_model.compact_musicnn`.
    head : Head
    """
    import keras
    from keras import layers

    x = layers.Concatenate(name="head_inputs")(
        [trunk.get_layer("pooled").output, trunk.get_layer("dense").output]
    )
    logits = layers.Dense(len(head.bias), name="logits")(x)
    model = keras.Model(trunk.inputs, layers.Softmax(name="posterior")(logits), name="genres")
    model.get_layer("logits").set_weights([head.kernel, head.bias])
    return model
