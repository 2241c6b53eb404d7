"""Filters over time and frequency as sums of few products of a curve over each.

Most of what a filter says of music is in its first one or two such products (R. Rigamonti et al.,
"Learning separable filters", CVPR 2013), which cost a fraction of it. They are chosen so that what
the filter *answers* changes least, not its weights: neighbouring bands and frames of music are
alike, and what differs between them counts for less.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .compact import Places, network
from .pruning import TIMBRAL, Array, PrunedMusicnn

_PATCHES = 6000
"""Places of the music where filters are compared"""
_ROUNDS = 8
"""Of alternating least squares"""
_WHITE = 1e-3
"""Added to the variance of each value"""


def project(trunk: Any, windows: Array, n: int) -> None:
    """Replace timbral filters by the closest that are sums of products, and freeze them.

    What is taught after this makes up for what they lost.

    Parameters
    ----------
    trunk : keras.Model
        From `train.pretrained.compact.compact_musicnn`, changed in place.
    windows : (n, frames, bands, 1) float32
        Music, normalised.
    n : int
        Products of each filter.
    """
    for name in TIMBRAL:
        layer = trunk.get_layer(name)
        kernel, bias = layer.get_weights()
        time, bands = products(kernel[:, 0], windows[..., 0], n)
        layer.set_weights([np.einsum("ntf,nhf->thf", time, bands)[:, np.newaxis], bias])
        layer.trainable = False


def in_products(
    trunk: Any, pruned: PrunedMusicnn, shape: tuple[int, int], places: Places, windows: Array
) -> Any:
    """The same network with the timbral filters of its first layer as sums of products.

    Parameters
    ----------
    trunk : keras.Model
        From `train.pretrained.compact.compact_musicnn`.
    pruned : PrunedMusicnn
    shape : (frames, bands)
    places : Places
        With one product or more.
    windows : (n, frames, bands, 1) float32
        Music, normalised.

    Returns
    -------
    keras.Model
    """
    found = network(pruned, shape, places)
    for layer in found.layers:
        if layer.get_weights() and "_time_" not in layer.name and "_bands_" not in layer.name:
            layer.set_weights(trunk.get_layer(layer.name).get_weights())
    for name in TIMBRAL:
        kernel, bias = trunk.get_layer(name).get_weights()
        time, bands = products(kernel[:, 0], windows[..., 0], places.products)
        for place in range(places.products):
            in_time = time[place][:, np.newaxis, np.newaxis]
            found.get_layer(f"{name}_time_{place}").set_weights([in_time, np.zeros_like(bias)])
            in_bands = bands[place][np.newaxis, :, :, np.newaxis]
            shift = bias if place == 0 else np.zeros_like(bias)
            found.get_layer(f"{name}_bands_{place}").set_weights([in_bands, shift])
    return found


def products(kernel: Array, windows: Array, n: int) -> tuple[Array, Array]:
    """Curves over time and over bands.

    Parameters
    ----------
    kernel : (frames, bands, filters) float32
    windows : (n, frames, bands) float32
        What the filters hear.
    n : int
        Products of each filter.

    Returns
    -------
    tuple of float32 array
        (n, frames, filters) and (n, bands, filters): the sum over n of their outer products comes
        closest to the filters' answers, in the least squares of the windows' own statistics.
    """
    length, height, filters = kernel.shape
    seen = _covariance(windows, length, height)
    time = np.zeros((n, length, filters), np.float32)
    bands = np.zeros((n, height, filters), np.float32)
    for place in range(filters):
        wanted = kernel[:, :, place].astype(np.float64)
        over_time = np.linalg.svd(wanted)[0][:, :n]
        for _ in range(_ROUNDS):
            over_bands = _closest(np.kron(over_time, np.eye(height)), seen, wanted)
            over_bands = over_bands.reshape(n, height)
            spread = np.einsum("tu,rh->thur", np.eye(length), over_bands)
            over_time = _closest(spread.reshape(length * height, -1), seen, wanted)
            over_time = over_time.reshape(length, n)
            over_time = np.linalg.qr(over_time)[0]
        over_bands = _closest(np.kron(over_time, np.eye(height)), seen, wanted)
        time[:, :, place] = over_time.T
        bands[:, :, place] = over_bands.reshape(n, height)
    return time, bands


def _closest(
    basis: npt.NDArray[np.float64], seen: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Factors of a basis with which its sum answers as what is wanted."""
    squares = basis.T @ seen @ basis
    squares += 1e-9 * np.trace(squares) / len(squares) * np.eye(len(squares))
    return np.asarray(np.linalg.solve(squares, basis.T @ seen @ wanted.ravel()), np.float64)


def _covariance(windows: Array, length: int, height: int) -> npt.NDArray[np.float64]:
    generator = np.random.default_rng(0)
    n, frames, bands = windows.shape
    chosen = generator.integers(0, [n, frames - length + 1, bands - height + 1], (_PATCHES, 3))
    patches = np.stack(
        [windows[i, t : t + length, b : b + height].ravel() for i, t, b in chosen]
    ).astype(np.float64)
    return np.asarray(np.cov(patches.T)) + _WHITE * np.eye(length * height)
