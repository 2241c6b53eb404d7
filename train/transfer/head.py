"""The last layer: from pretrained networks' features to genres, fitted to a few hundred clips.

Multinomial logistic regression with a quadratic penalty. Two things matter when some genres have
seven clips: every *track* weighs the same, so that ten seconds of thirty records count for more
than five minutes of three; and the tags of the pretrained network that are names of genres are
penalised less, since that "country" means country is known beforehand.
"""

from __future__ import annotations

import dataclasses
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
TAG_EMPHASIS = 10.0
"""Tags are this many times as large as other inputs, so that their weights cost a hundredth"""
EVIDENCE = 3.0
"""scikit-learn's C, times the number of windows. With 8, rooms and noise cost two to four points
less, and clean clips are right by one draw of windows and three points worse by another
(docs/lab/accuracy.md)"""
FEATURES = ("pooled", "penultimate", "embedding")
"""Outputs of a trunk that the last layer is given, in this order; MusiCNN alone has two"""
_FLATTEST = 1e-3
_LEAST_SPREAD = 0.3
"""Features that hardly vary are not brought to the spread of the others: their weights would be so
large that eight bits leave nothing of the rest. In units of the features' median spread"""
_RIDGE = 1.0
"""Penalty of `fit_outputs`, in units of the features' variance. With 0.1 styles are hardly more
like YAMNet's, and eight bits change so many of the three likeliest that the gate refuses ``tiny``
(docs/lab/accuracy.md)"""
_OF_NOT_MUSIC = 3.0
"""What is not music is many things: with the weight of one genre, half of real speech gets a genre
(docs/how-to/training.md)"""
_OF_OTHER = 0.5
"""With the weight of a whole genre, three validation tracks of a hundred become ``other``"""


@dataclass(frozen=True)
class Head:
    """A dense layer behind the features of a network, side by side."""

    kernel: Array
    """(features, classes)"""
    bias: Array
    """(classes,)"""


@dataclass(frozen=True)
class HeadInput:
    """Features of windows by one layer, and what is known of them."""

    values: Array
    """(n, features)"""
    emphasis: float | None = 1.0
    """How large they are made; None where only `known` outputs are used"""
    known: tuple[Array, Array, float] | None = None
    """Kernel and bias of outputs with a meaning, linear in the features, and their emphasis"""

    def rows(self, chosen: npt.NDArray[Any]) -> HeadInput:
        """Those of some windows."""
        return dataclasses.replace(self, values=self.values[chosen])


def track_weights(
    labels: npt.NDArray[np.int64],
    tracks: npt.NDArray[np.int64],
    *,
    not_music: int | None = None,
    other: int | None = None,
) -> npt.NDArray[np.float64]:
    """Weights of windows: every track of a genre weighs the same, and so does every genre.

    Parameters
    ----------
    labels, tracks : (n,)
    not_music : int, optional
        The label of what is no music: it weighs as much as three genres.
    other : int, optional
        The label of music of no genre: it weighs as much as a half.

    Returns
    -------
    (n,) float64
        With a mean of 1.
    """
    _, inverse, counts = np.unique(tracks, return_inverse=True, return_counts=True)
    weights = 1.0 / counts[inverse]
    of = {not_music: _OF_NOT_MUSIC, other: _OF_OTHER}
    for label in np.unique(labels):
        own = labels == label
        weights[own] *= of.get(int(label), 1.0) / weights[own].sum()
    return np.asarray(weights * len(labels) / weights.sum())


def fit_head(
    inputs: Sequence[HeadInput],
    labels: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float64],
    *,
    n_genres: int,
) -> Head:
    """Fit the last layer.

    Features are brought to the mean and spread that they have in music of the genres alone. What
    is no genre varies far more, and would make the differences between genres small.

    Parameters
    ----------
    inputs : sequence of HeadInput
        What stands side by side in front of the layer.
    labels : (n,) int64
        From 0, none left out.
    weights : (n,) float64
    n_genres : int
        Labels below this are genres.
    """
    from sklearn.linear_model import LogisticRegression

    of_genres = np.where(labels < n_genres, weights, 0.0)
    columns = [
        _Columns.of(each, of_genres, part)
        for each in inputs
        for part in ("values", "known")
        if (each.emphasis if part == "values" else each.known) is not None
    ]
    regression = LogisticRegression(C=EVIDENCE / len(labels), max_iter=300)
    standardised = np.concatenate([part.standardised for part in columns], axis=1)
    regression.fit(standardised, labels, sample_weight=weights)
    coefficients = np.split(
        regression.coef_.T, np.cumsum([len(part.scale) for part in columns])[:-1]
    )
    kernels = {
        id(each): np.zeros((each.values.shape[1], len(regression.intercept_))) for each in inputs
    }
    bias = regression.intercept_.copy()
    for part, own in zip(columns, coefficients, strict=True):
        scaled = own * part.scale[:, np.newaxis]
        bias -= part.mean @ scaled
        if part.known is None:
            kernels[id(part.source)] += scaled
        else:
            kernel_of_known, bias_of_known = part.known
            kernels[id(part.source)] += kernel_of_known @ scaled
            bias += bias_of_known @ scaled
    kernel = np.concatenate([kernels[id(each)] for each in inputs])
    return Head(kernel.astype(np.float32), bias.astype(np.float32))


@dataclass(frozen=True, eq=False)
class _Columns:
    """Columns that the regression is given: features of a layer, or what is known of them."""

    source: HeadInput
    known: tuple[Array, Array] | None
    """Kernel and bias, where these are known outputs"""
    standardised: Array
    mean: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]
    """Emphasis by spread"""

    @classmethod
    def of(cls, source: HeadInput, weights: npt.NDArray[np.float64], part: str) -> _Columns:
        values, known, emphasis = source.values, None, source.emphasis
        if part == "known":
            assert source.known is not None
            *kernel_and_bias, emphasis = source.known
            known = (kernel_and_bias[0], kernel_and_bias[1])
            values = source.values @ known[0] + known[1]
        assert emphasis is not None
        mean = np.average(values, axis=0, weights=weights).astype(np.float64)
        scale = emphasis / _spread(np.average((values - mean) ** 2, axis=0, weights=weights))
        return cls(source, known, ((values - mean) * scale).astype(np.float32), mean, scale)


def fit_outputs(features: Sequence[Array], wanted: Array) -> Head:
    """A layer that makes another network's outputs of features, by least squares.

    Parameters
    ----------
    features : sequence of (n, features) float32
        What stands side by side in front of the layer.
    wanted : (n, outputs) float32
    """
    x = np.concatenate(features, axis=1).astype(np.float64)
    mean, spread = x.mean(axis=0), _spread(x.var(axis=0))
    z = (x - mean) / spread
    target = wanted.mean(axis=0, dtype=np.float64)
    ridge = _RIDGE * len(z) * np.eye(z.shape[1])
    kernel = np.linalg.solve(z.T @ z + ridge, z.T @ (wanted - target)) / spread[:, np.newaxis]
    return Head(kernel.astype(np.float32), (target - mean @ kernel).astype(np.float32))


def _spread(variance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What features are divided by: their deviation, but not much less than the others have."""
    deviation = np.sqrt(variance)
    return np.asarray(np.hypot(deviation, _LEAST_SPREAD * np.median(deviation)) + _FLATTEST)


def outputs_of(head: Head, features: Sequence[Array]) -> Array:
    """What a layer makes of features, (n, outputs)."""
    found: Array = np.concatenate(features, axis=1) @ head.kernel + head.bias
    return found


def with_head(trunk: Any, head: Head, styles: Head | None = None) -> Any:
    """A classifier: posteriors of the labels, logits of tags and, where there are, of styles.

    Parameters
    ----------
    trunk : keras.Model
        From `train.transfer.keras_model.compact_musicnn` or `train.transfer.plus.plus`.
    head : Head
    styles : Head, optional
        Makes styles of the inputs of the last layer, or of the penultimate layer alone; not for a
        trunk that has styles itself.

    Returns
    -------
    keras.Model
        What its last layer is given comes from its layer ``head_inputs``.
    """
    import keras
    from keras import layers

    outputs = dict(trunk.output)
    features = [outputs[name] for name in FEATURES if name in outputs]
    x = layers.Concatenate(name="head_inputs")(features)
    logits = layers.Dense(len(head.bias), name="logits")(x)
    found = [layers.Softmax(name="posterior")(logits), outputs["tags"]]
    if styles is not None:
        of_all = len(styles.kernel) == x.shape[-1]
        features_of_styles = x if of_all else outputs["penultimate"]
        outputs["styles"] = layers.Dense(len(styles.bias), name="styles")(features_of_styles)
    if "styles" in outputs:
        found.append(outputs["styles"])
    model = keras.Model(trunk.input, found, name="genres")
    model.get_layer("logits").set_weights([head.kernel, head.bias])
    if styles is not None:
        model.get_layer("styles").set_weights([styles.kernel, styles.bias])
    return model
