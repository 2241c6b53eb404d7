"""Variations of features that leave their genre as it is: gain, SpecAugment masks, mixtures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ParameterError
from edge_runtime.frontend import FrontEndParams

_MASKS = 2
_LARGEST_MASK = 1 / 6
"""Share of the frames, and of the bands, that one mask covers at most"""


@dataclass(frozen=True)
class Variation:
    """How windows are varied from epoch to epoch."""

    gain_db: float = 0.0
    """Louder or softer by up to this much, dB"""
    spec_augment: bool = False
    """Mask stretches of time, and of bands in log-mel"""
    mixup: float = 0.0
    """Parameter of the beta distribution; 0 mixes nothing"""


def gain_per_db(params: FrontEndParams) -> npt.NDArray[np.float32]:
    """What one decibel of gain adds to each normalised coefficient.

    Gain shifts every log-mel band by the same number of dB (above the log floor, and ``top_db``
    moves along). In an orthonormal DCT that is the first coefficient alone, times the square
    root of the number of bands.

    Returns
    -------
    (coefficients,) float32

    Raises
    ------
    ParameterError
        If the front end has no decibels.
    """
    for name in ("log_gain", "log_offset"):
        value = getattr(params, name)
        if value is not None:
            raise ParameterError(
                f"gain_db needs a front end in decibels, and {name} is {value}: vary the sound "
                "before the front end instead"
            )
    if params.power != 2.0:
        raise ParameterError(
            f"gain_db needs a front end of power, and power is {params.power:g}: vary the sound "
            "before the front end instead"
        )
    change = np.ones(params.n_coefficients)
    if params.kind == "mfcc":
        change = np.zeros(params.n_coefficients)
        change[0] = np.sqrt(params.n_mels)
    if params.std is not None:
        change = change / np.asarray(params.std)
    return change.astype(np.float32)


def mask(features: npt.NDArray[np.float32], generator: np.random.Generator, *, bands: bool) -> None:
    """Cover stretches of each window with the mean (0), in place.

    D. Park et al., "SpecAugment", Interspeech 2019, without time warping.

    Parameters
    ----------
    features : (n, frames, coefficients) float32
        Normalised.
    generator : numpy.random.Generator
    bands : bool
        Cover bands, too; that makes no sense for cepstra, each of which holds all of the spectrum.
    """
    for window in features:
        for axis in (0, 1) if bands else (0,):
            length = window.shape[axis]
            for _ in range(_MASKS):
                width = int(generator.integers(0, int(length * _LARGEST_MASK) + 1))
                start = int(generator.integers(0, length - width + 1))
                covered = slice(start, start + width)
                window[covered if axis == 0 else (slice(None), covered)] = 0.0


def mix(
    a: npt.NDArray[np.float32], b: npt.NDArray[np.float32], share: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    """``share * a + (1 - share) * b``, with one share, (n,), for each row of both."""
    weight = share.astype(np.float32).reshape(-1, *[1] * (a.ndim - 1))
    return np.asarray(weight * a + (1 - weight) * b, np.float32)
