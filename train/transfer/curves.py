"""Filters over time and frequency as mixtures of a few curves over time, shared by all of them.

Over its few frames, a filter mostly measures how loud a band is and whether it rises or falls, so
that a handful of curves over time serve every filter (M. Jaderberg, A. Vedaldi and
A. Zisserman, "Speeding up convolutional neural networks with low rank expansions", BMVC 2014).
They are chosen so that the filters' *outputs* change least, not their weights: neighbouring bands
and frames of music are alike, and what differs between them counts for less.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .pruning import Array

_PATCHES = 6000
"""Places of the music where filters are compared"""
_ROUNDS = 15
"""Of alternating least squares"""
_WHITE = 1e-3
"""Added to the variance of each value"""

_Values = npt.NDArray[np.float64]


def mixtures(kernel: Array, windows: Array, n: int) -> tuple[Array, Array]:
    """Curves over time, and how filters mix them.

    Parameters
    ----------
    kernel : (frames, bands, filters) float32
    windows : (n, frames, bands) float32
        The filters' input.
    n : int
        Curves.

    Returns
    -------
    tuple of float32 array
        (frames, n) curves and (bands, n, filters) weights: the products come closest to the
        filters' outputs, in the least squares of the windows' own statistics, each filter weighing
        the same.
    """
    length, height, filters = kernel.shape
    covariance = _covariance(windows, length, height)
    flat = kernel.reshape(length * height, filters).astype(np.float64)
    loudness = np.sqrt(np.einsum("kf,kl,lf->f", flat, covariance, flat))
    wanted = flat / np.maximum(loudness, 1e-12)
    wanted_products = (covariance @ wanted).reshape(length, height, filters)
    pairs = covariance.reshape(length, height, length, height)
    over_time = np.linalg.svd(wanted.reshape(length, -1), full_matrices=False)[0][:, :n]
    for _ in range(_ROUNDS):
        mixed = _mixed(over_time, covariance, wanted_products)
        across = np.einsum("thug,jgf,khf->tkuj", pairs, mixed, mixed, optimize=True)
        products = np.einsum("thf,khf->tk", wanted_products, mixed)
        squares = across.reshape(products.size, products.size)
        over_time = np.linalg.qr(_solved(squares, products.ravel()).reshape(length, n))[0]
    mixed = _mixed(over_time, covariance, wanted_products) * loudness
    return over_time.astype(np.float32), mixed.transpose(1, 0, 2).astype(np.float32)


def _mixed(over_time: _Values, covariance: _Values, wanted_products: _Values) -> _Values:
    """The best weights (n, bands, filters) of given curves."""
    height, filters = wanted_products.shape[1:]
    basis = np.kron(over_time, np.eye(height))
    products = np.einsum("tk,thf->khf", over_time, wanted_products).reshape(-1, filters)
    return _solved(basis.T @ covariance @ basis, products).reshape(-1, height, filters)


def _solved(squares: _Values, products: _Values) -> _Values:
    squares = squares + 1e-9 * np.trace(squares) / len(squares) * np.eye(len(squares))
    return np.asarray(np.linalg.solve(squares, products), np.float64)


def _covariance(windows: Array, length: int, height: int) -> _Values:
    generator = np.random.default_rng(0)
    n, frames, bands = windows.shape
    chosen = generator.integers(0, [n, frames - length + 1, bands - height + 1], (_PATCHES, 3))
    patches = np.stack(
        [windows[i, t : t + length, b : b + height].ravel() for i, t, b in chosen]
    ).astype(np.float64)
    return np.asarray(np.cov(patches.T)) + _WHITE * np.eye(length * height)
