"""MusiCNN without its dead channels.

Training with weight decay left most filters of the first layer all zeros: 64 of 561 are alive, and
20 of the 64 of the first middle layer. The others are constant, and what they add to the layers
behind goes into the biases there, as do the normalisations between the layers: a tenth of the
multiplications gives the same outputs.

Only the edges of a window differ. The original pads the middle layers with zeros, which a shift
before them would move; here convolutions stay within the window, so that the nine frames at either
edge are taken in, but not pooled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

_DEAD_NORM = 1e-3
"""A filter with a norm below this is dead; between 1e-4 and 1e-1 there is none"""
_EPSILON = 1e-3
"""Keras's and TensorFlow 1's default in batch normalisation"""

TIMBRAL = ("timbral_38", "timbral_67")
FIRST_LAYER = (*TIMBRAL, "temporal_128", "temporal_64", "temporal_32")
MIDDLE = ("middle_1", "middle_2", "middle_3")


@dataclass(frozen=True)
class Affine:
    """``scale * x + shift``, per channel."""

    scale: Array
    shift: Array


@dataclass(frozen=True)
class Convolution:
    """Weights of one convolution, followed by ReLU."""

    kernel: Array
    bias: Array


@dataclass(frozen=True)
class PrunedMusicnn:
    """Weights of the network that is left."""

    features: Affine
    """Of every log-mel value, before the first layer; scalars"""
    first: tuple[Convolution, ...]
    """In the order of `FIRST_LAYER`; kernels (frames, bands, 1, filters)"""
    sign: Array
    """(filters of the first layer,): where it is -1, the minimum over frequency counts, not the
    maximum"""
    middle: tuple[Convolution, ...]
    """In the order of `MIDDLE`; kernels (frames, channels, filters)"""
    sums: tuple[Array, Array, Array]
    """Factors of the three middle layers' outputs where they are added up: the first two make the
    third's input, and all three the last sum"""
    pooled: Affine
    """Of the maxima over time of the first layer, the first middle layer and both sums, then of
    their means: to zero mean and unit variance over the music that the network was trained on"""
    dense: tuple[Array, Array]
    """Kernel (pooled, 200) and bias, of normalised pooled features, before ReLU"""
    tags: tuple[Array, Array]
    """Kernel (200, 50) and bias of logits"""


def prune(weights: dict[str, Array]) -> PrunedMusicnn:
    """What is left of the published weights.

    Parameters
    ----------
    weights : dict
        By the names of the published checkpoint (`train.transfer.musicnn_wheel.read_weights`).
    """
    n = len(FIRST_LAYER)
    whole = [_convolution(weights, index) for index in range(n)]
    alive = [np.sqrt((layer.kernel**2).sum((0, 1, 2))) > _DEAD_NORM for layer in whole]
    first = tuple(
        Convolution(layer.kernel[..., own], layer.bias[own])
        for layer, own in zip(whole, alive, strict=True)
    )
    after = [_norm(weights, index + 1) for index in range(n + len(MIDDLE))]
    alive_first = np.concatenate(alive)
    of_first = Affine(*(np.concatenate(part) for part in zip(*map(_parts, after[:n]), strict=True)))
    dead_first = np.maximum(np.concatenate([layer.bias for layer in whole]), 0.0)
    one, two, three = (_middle(weights, n + index) for index in range(len(MIDDLE)))
    one = _behind(one, of_first, dead_first, alive_first)
    alive_one = np.sqrt((one.kernel**2).sum((0, 1))) > _DEAD_NORM
    # Live channels come first: what the first layer adds to the sum is then a leading slice.
    order = np.concatenate([np.flatnonzero(alive_one), np.flatnonzero(~alive_one)])
    of_one, of_two, of_three = after[n:]
    dead_one = np.maximum(one.bias, 0.0)
    two = _behind(two, of_one, dead_one, alive_one)
    shift = of_two.shift + of_one.shift + np.where(alive_one, 0.0, of_one.scale * dead_one)
    three = _behind(three, Affine(np.ones_like(shift), shift), shift, np.ones(len(shift), bool))
    three = Convolution(three.kernel[:, order], three.bias)
    channels = [
        Affine(of_first.scale[alive_first], of_first.shift[alive_first]),
        Affine(of_one.scale[alive_one], of_one.shift[alive_one]),
        Affine(np.ones_like(shift), shift[order]),
        Affine(np.ones_like(shift), (shift + of_three.shift)[order]),
    ]
    size, behind = len(alive_first), len(alive_one)
    remaining = np.concatenate(
        [
            np.flatnonzero(alive_first),
            size + np.flatnonzero(alive_one),
            size + behind + order,
            size + 2 * behind + order,
        ]
    )
    constants = np.zeros(size + 3 * behind, np.float32)
    constants[: size + behind] = np.concatenate(
        [of_first.scale * dead_first + of_first.shift, of_one.scale * dead_one + of_one.shift]
    )
    pooled, dense = _pooled(weights, channels, remaining, constants)
    return PrunedMusicnn(
        _norm(weights, 0),
        first,
        np.where(of_first.scale[alive_first] < 0.0, -1.0, 1.0).astype(np.float32),
        (_filters(one, np.flatnonzero(alive_one)), _filters(two, order), _filters(three, order)),
        (of_one.scale[alive_one], of_two.scale[order], of_three.scale[order]),
        pooled,
        dense,
        _tags(weights),
    )


def _parts(affine: Affine) -> tuple[Array, Array]:
    return affine.scale, affine.shift


def _filters(layer: Convolution, chosen: npt.NDArray[np.int64]) -> Convolution:
    return Convolution(layer.kernel[..., chosen], layer.bias[chosen])


def _behind(
    layer: Convolution, affine: Affine, constant: Array, alive: npt.NDArray[np.bool_]
) -> Convolution:
    """A layer that takes what is before a normalisation, without the constant channels.

    Parameters
    ----------
    layer : Convolution
    affine : Affine
        The normalisation of its input.
    constant : (channels,) float32
        Value of each dead channel, before the normalisation.
    alive : (channels,) bool
    """
    added = affine.shift + np.where(alive, 0.0, affine.scale * constant)
    kernel = layer.kernel * affine.scale[:, np.newaxis]
    bias = layer.bias + np.einsum("tcf,c->f", layer.kernel, added)
    return Convolution(kernel[:, alive].astype(np.float32), bias.astype(np.float32))


def _middle(weights: dict[str, Array], index: int) -> Convolution:
    layer = _convolution(weights, index)
    return Convolution(layer.kernel[:, :, 0], layer.bias)


def _tags(weights: dict[str, Array]) -> tuple[Array, Array]:
    """The last layer, which takes the normalisation before it as well."""
    kernel, bias = _layer(weights, "dense", 1)
    norm = _norm(weights, 10)
    return norm.scale[:, np.newaxis] * kernel, bias + norm.shift @ kernel


def _pooled(
    weights: dict[str, Array],
    channels: list[Affine],
    remaining: npt.NDArray[np.int64],
    constants: Array,
) -> tuple[Affine, tuple[Array, Array]]:
    """Normalisation and dense layer behind the pooling: of maxima, then of means.

    Parameters
    ----------
    weights : dict
    channels : list of Affine
        Normalisation of the channels before pooling.
    remaining : int array
        Their places among all channels, in the order that they have now.
    constants : float32 array
        Value of each of the others.
    """
    kernel, bias = _layer(weights, "dense", 0)
    norm = _norm(weights, 9)
    # The original flattens (channels, 2): maximum and mean in turn.
    order = np.arange(len(kernel)).reshape(-1, 2).T
    dead = np.setdiff1d(np.arange(len(constants)), remaining)
    inner = Affine(*(np.concatenate(part) for part in zip(*map(_parts, channels), strict=True)))
    scales, shifts = [], []
    for place, rows in enumerate(order):
        constant = norm.scale[rows[dead]] * constants[dead] + norm.shift[rows[dead]]
        bias = (bias + constant @ kernel[rows[dead]]).astype(np.float32)
        chosen = rows[remaining]
        scale = norm.scale[chosen] * inner.scale
        # The maximum of a channel with a negative scale was its value at zero input.
        scales.append(np.where(inner.scale < 0.0, 0.0, scale) if place == 0 else scale)
        shifts.append(norm.scale[chosen] * inner.shift + norm.shift[chosen])
    normalised = Affine(np.concatenate(scales), np.concatenate(shifts))
    return normalised, (kernel[order[:, remaining].ravel()], bias)


def _norm(weights: dict[str, Array], index: int) -> Affine:
    layer = f"batch_normalization_{index}" if index else "batch_normalization"
    scale = weights[f"{layer}/gamma"] / np.sqrt(weights[f"{layer}/moving_variance"] + _EPSILON)
    return Affine(scale, weights[f"{layer}/beta"] - scale * weights[f"{layer}/moving_mean"])


def _convolution(weights: dict[str, Array], index: int) -> Convolution:
    return Convolution(*_layer(weights, "conv2d", index))


def _layer(weights: dict[str, Array], kind: str, index: int) -> tuple[Array, Array]:
    layer = f"{kind}_{index}" if index else kind
    return weights[f"{layer}/kernel"], weights[f"{layer}/bias"]
