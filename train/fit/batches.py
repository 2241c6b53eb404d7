"""Batches of training windows, varied in ways that leave their genre as it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ParameterError
from edge_runtime.frontend import FrontEndParams

from ..experiment.windows import Windows

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
    if params.log_gain is not None:
        raise ParameterError(
            f"gain_db needs a front end in decibels, and log_gain is {params.log_gain}: vary the "
            "sound before the front end instead"
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


def batches(
    train: Windows,
    params: FrontEndParams,
    variation: Variation,
    *,
    n_classes: int,
    class_weights: npt.NDArray[np.float32] | None,
    batch_size: int,
    seed: int,
    epoch: int = 0,
) -> Any:
    """Shuffled batches for Keras: (windows, one-hot genres[, weights]).

    What is in a batch depends on the seed, the epoch and the batch's number alone, so that a
    training that was resumed sees what one in a single go would have seen.

    Parameters
    ----------
    train : Windows
        Normalised.
    params : FrontEndParams
        With normalisation.
    variation : Variation
        A microphone hears music at any level, while a data set is mastered loud:
        ``docs/accuracy.md`` has what the seed CNN loses to softer music with and without gain.
        Mixup is that of H. Zhang et al., ICLR 2018.
    n_classes : int
    class_weights : (n_classes,) float32, optional
        Weight of each genre in the loss.
    batch_size : int
    seed : int
    epoch : int
        The first one, from 0.

    Returns
    -------
    keras.utils.PyDataset
    """
    import keras

    per_db = gain_per_db(params) if variation.gain_db else None

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # keras is untyped
        def __init__(self) -> None:
            super().__init__()
            self._epoch = epoch

        def __len__(self) -> int:
            return math.ceil(len(train) / batch_size)

        def __getitem__(self, index: int) -> tuple[npt.NDArray[Any], ...]:
            order = np.random.default_rng([seed, self._epoch]).permutation(len(train))
            chosen = order[index * batch_size : (index + 1) * batch_size]
            generator = np.random.default_rng([seed, self._epoch, index])
            features = train.batch(chosen)
            if per_db is not None:
                gains = generator.uniform(
                    -variation.gain_db, variation.gain_db, (len(chosen), 1, 1)
                )
                features = features + gains.astype(np.float32) * per_db
            genres = np.eye(n_classes, dtype=np.float32)[train.labels[chosen]]
            if variation.mixup:
                share = generator.beta(variation.mixup, variation.mixup, len(chosen))
                other = generator.permutation(len(chosen))
                features = _mix(features, features[other], share)
                genres = _mix(genres, genres[other], share)
            if variation.spec_augment:
                mask(features, generator, bands=params.kind == "log_mel")
            if class_weights is None:
                return features[..., np.newaxis], genres
            return features[..., np.newaxis], genres, genres @ class_weights

        def on_epoch_end(self) -> None:
            self._epoch += 1

    return Batches()


def _mix(
    a: npt.NDArray[np.float32], b: npt.NDArray[np.float32], share: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    weight = share.astype(np.float32).reshape(-1, *[1] * (a.ndim - 1))
    return np.asarray(weight * a + (1 - weight) * b, np.float32)
