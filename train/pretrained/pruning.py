"""MusiCNN without the channels that never say anything.

Training with weight decay left most filters of the first layer all zeros: of 561, 64 hear
something. The others are constant, and what they add to the layers behind goes into the biases
there, so that a tenth of the multiplications gives the same answers. (At the edges of a window the
zeros that pad the first middle layer pad what is now its bias, which the weights of dead channels,
below 1e-4, make unmeasurable.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

_DEAD_NORM = 1e-3
"""A filter with a norm below this hears nothing; between 1e-4 and 1e-1 there is none"""
_DEAD_VARIANCE = 1e-6
"""A channel that varies less than this over the training music is constant"""
_EPSILON = 1e-3
"""Keras's and TensorFlow 1's default in batch normalisation"""

FIRST_LAYER = ("timbral_38", "timbral_67", "temporal_128", "temporal_64", "temporal_32")
MIDDLE = ("middle_1", "middle_2", "middle_3")


@dataclass(frozen=True)
class Affine:
    """``scale * x + shift``, per channel."""

    scale: Array
    shift: Array


@dataclass(frozen=True)
class Convolution:
    """Weights of one convolution, followed by ReLU and, where there is one, by an affine map."""

    kernel: Array
    bias: Array
    after: Affine


@dataclass(frozen=True)
class PrunedMusicnn:
    """Weights of the network that is left."""

    features: Affine
    """Of every log-mel value, before the first layer; scalars"""
    first: tuple[Convolution, ...]
    """In the order of `FIRST_LAYER`; kernels (frames, bands, 1, filters)"""
    middle: tuple[Convolution, ...]
    """In the order of `MIDDLE`; kernels (frames, channels, filters)"""
    pooled: Affine
    """Of the maxima over time of all channels, then of their means: to zero mean and unit variance
    over the music that the network was trained on"""
    dense: Convolution
    """(pooled, 200), of normalised pooled features"""
    tags: tuple[Array, Array]
    """(200, 50) and (50,): logits"""


def prune(weights: dict[str, Array]) -> PrunedMusicnn:
    """What is left of the published weights.

    Parameters
    ----------
    weights : dict
        By the names of the published checkpoint (`train.teachers.musicnn_wheel.read_weights`).
    """
    first, alive, constants = [], [], []
    for index in range(len(FIRST_LAYER)):
        kernel, bias = _layer(weights, "conv2d", index)
        after = _norm(weights, index + 1)
        hears = np.sqrt((kernel**2).sum((0, 1, 2))) > _DEAD_NORM
        first.append(
            Convolution(
                kernel[..., hears], bias[hears], Affine(after.scale[hears], after.shift[hears])
            )
        )
        alive.append(hears)
        constants.append(np.maximum(bias, 0.0) * after.scale + after.shift)
    hears, constant = np.concatenate(alive), np.concatenate(constants)
    middle = []
    for index in range(len(MIDDLE)):
        kernel, bias = _layer(weights, "conv2d", len(FIRST_LAYER) + index)
        kernel = kernel[:, :, 0]
        if index == 0:
            bias = bias + np.einsum("tcf,c->f", kernel[:, ~hears], constant[~hears])
            kernel = kernel[:, hears]
        middle.append(Convolution(kernel, bias, _norm(weights, len(FIRST_LAYER) + index + 1)))
    pooled, dense = _pooled(weights, hears, constant)
    return PrunedMusicnn(
        _norm(weights, 0),
        tuple(first),
        tuple(middle),
        pooled,
        dense,
        _layer(weights, "dense", 1),
    )


def _pooled(
    weights: dict[str, Array], hears: npt.NDArray[np.bool_], constant: Array
) -> tuple[Affine, Convolution]:
    """Normalisation and dense layer behind the pooling, for the channels that are left."""
    kernel, bias = _layer(weights, "dense", 0)
    norm = _norm(weights, 9)
    # The original flattens (channels, 2): maximum and mean in turn. Ours are maxima, then means.
    order = np.arange(len(kernel)).reshape(-1, 2).T
    channels = order.shape[1]
    dead = np.zeros(channels, bool)
    dead[: len(hears)] = ~hears
    of_dead = order[:, dead]
    value = norm.scale[of_dead] * constant[~hears] + norm.shift[of_dead]
    bias = bias + np.einsum("kc,kcf->f", value, kernel[of_dead])
    left = order[:, ~dead].ravel()
    return (
        Affine(norm.scale[left], norm.shift[left]),
        Convolution(kernel[left], bias, _norm(weights, 10)),
    )


def _norm(weights: dict[str, Array], index: int) -> Affine:
    layer = f"batch_normalization_{index}" if index else "batch_normalization"
    scale = weights[f"{layer}/gamma"] / np.sqrt(weights[f"{layer}/moving_variance"] + _EPSILON)
    return Affine(scale, weights[f"{layer}/beta"] - scale * weights[f"{layer}/moving_mean"])


def _layer(weights: dict[str, Array], kind: str, index: int) -> tuple[Array, Array]:
    layer = f"{kind}_{index}" if index else kind
    return weights[f"{layer}/kernel"], weights[f"{layer}/bias"]
