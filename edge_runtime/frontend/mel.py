"""Mel filter bank and discrete cosine transform, as librosa defines them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import ParameterError
from .params import FrontEndParams

_SLANEY_HZ_PER_MEL = 200.0 / 3.0
_SLANEY_BREAK_HZ = 1000.0
_SLANEY_BREAK_MEL = _SLANEY_BREAK_HZ / _SLANEY_HZ_PER_MEL
_SLANEY_LOG_STEP = np.log(6.4) / 27.0


def hz_to_mel(hz: float, scale: str) -> float:
    """Frequency on the mel scale.

    ``"htk"`` is O'Shaughnessy's formula as in the HTK book; ``"slaney"`` is linear below 1 kHz
    and logarithmic above (Slaney, Auditory Toolbox, 1998).
    """
    if scale == "htk":
        return float(2595.0 * np.log10(1.0 + hz / 700.0))
    if hz >= _SLANEY_BREAK_HZ:
        return float(_SLANEY_BREAK_MEL + np.log(hz / _SLANEY_BREAK_HZ) / _SLANEY_LOG_STEP)
    return hz / _SLANEY_HZ_PER_MEL


def mel_to_hz(mels: npt.NDArray[np.float64], scale: str) -> npt.NDArray[np.float64]:
    """Inverse of `hz_to_mel`, for an array of mels."""
    if scale == "htk":
        return np.asarray(700.0 * (10.0 ** (mels / 2595.0) - 1.0))
    linear = _SLANEY_HZ_PER_MEL * mels
    logarithmic = _SLANEY_BREAK_HZ * np.exp(_SLANEY_LOG_STEP * (mels - _SLANEY_BREAK_MEL))
    return np.where(mels >= _SLANEY_BREAK_MEL, logarithmic, linear)


def band_edges(params: FrontEndParams) -> npt.NDArray[np.float64]:
    """Where triangles begin, peak and end, hertz, (n_mels + 2,): band b has b, b + 1 and b + 2."""
    return mel_to_hz(_band_edges_mel(params), params.mel_scale)


def _band_edges_mel(params: FrontEndParams) -> npt.NDArray[np.float64]:
    return np.linspace(
        hz_to_mel(params.fmin, params.mel_scale),
        hz_to_mel(params.upper_hz, params.mel_scale),
        params.n_mels + 2,
    )


def band_gains(params: FrontEndParams) -> npt.NDArray[np.float64]:
    """Height of each triangle, (n_mels,): 1, or what gives all of them the same area."""
    if params.mel_norm is None:
        return np.ones(params.n_mels)
    edges = band_edges(params)
    return np.asarray(2.0 / (edges[2:] - edges[:-2]))


def mel_filterbank(params: FrontEndParams) -> npt.NDArray[np.float32]:
    """Triangular mel filters over the bins of a power spectrum.

    Returns
    -------
    (n_mels, 1 + n_fft // 2) float32
        Equal to ``librosa.filters.mel`` bit for bit: triangles are built in float64, cast,
        and normalised in place. With triangles over mel equal to
        ``tf.signal.linear_to_mel_weight_matrix`` of ``mel_scale="htk"``, to the rounding of the
        latter.

    Raises
    ------
    ParameterError
        If a band is so narrow that no bin falls into it: it would be silent for ever.
    """
    edges, gains = band_edges(params), band_gains(params)
    bins = np.fft.rfftfreq(params.n_fft, 1.0 / params.sample_rate)
    if params.mel_triangles == "mel":
        edges = _band_edges_mel(params)
        bins = np.array([hz_to_mel(hz, params.mel_scale) for hz in bins.tolist()])
    weights = np.zeros((params.n_mels, len(bins)), np.float32)
    filled = np.zeros(params.n_mels, bool)
    # A bin between two edges is on the rising side of one triangle and the falling side of the one
    # before. All triangles at all bins, nearly all of them zeros, would take ten times as long.
    (inside,) = np.nonzero((bins >= edges[0]) & (bins < edges[-1]))
    low = np.searchsorted(edges, bins[inside], side="right") - 1
    width = edges[low + 1] - edges[low]
    for band, distance in (
        (low, bins[inside] - edges[low]),
        (low - 1, edges[low + 1] - bins[inside]),
    ):
        used = (band >= 0) & (band < params.n_mels) & (distance > 0.0)
        values = (distance[used] / width[used]).astype(np.float32)
        values *= gains[band[used]]
        weights[band[used], inside[used]] = values
        filled[band[used]] = True
    empty = np.flatnonzero(~filled)
    if len(empty):
        first = int(empty[0])
        begin, _, end = band_edges(params)[first : first + 3]
        raise ParameterError(
            f"mel band {first} ({begin:.1f} to {end:.1f} Hz) holds no bin of "
            f"an n_fft of {params.n_fft}: n_mels is {params.n_mels}; take fewer bands, a larger "
            "n_fft or a higher fmin"
        )
    return weights


def dct_matrix(n_in: int, n_out: int) -> npt.NDArray[np.float64]:
    """Orthonormal DCT-II as a matrix, (n_in, n_out) float64: ``x @ dct_matrix(...)``."""
    n = np.arange(n_in)[:, np.newaxis] + 0.5
    k = np.arange(n_out)[np.newaxis, :]
    matrix = np.cos(np.pi * n * k / n_in) * np.sqrt(2.0 / n_in)
    matrix[:, 0] *= np.sqrt(0.5)
    return np.asarray(matrix)
