"""Variations of training windows that leave their genre as it is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.frontend import FrontEndParams

from .windows import Windows


def gain_per_db(params: FrontEndParams) -> npt.NDArray[np.float32]:
    """What one decibel of gain adds to each normalised coefficient.

    Gain shifts every log-mel band by the same number of dB (above the log floor, and ``top_db``
    moves along). In an orthonormal DCT that is the first coefficient alone, times the square
    root of the number of bands.

    Returns
    -------
    (coefficients,) float32
    """
    change = np.ones(params.n_coefficients)
    if params.kind == "mfcc":
        change = np.zeros(params.n_coefficients)
        change[0] = np.sqrt(params.n_mels)
    if params.std is not None:
        change = change / np.asarray(params.std)
    return change.astype(np.float32)


def batches(
    train: Windows, params: FrontEndParams, *, batch_size: int, gain_db: float, seed: int
) -> Any:
    """Shuffled batches for Keras, each window louder or softer by a random gain.

    A microphone hears music at any level; a data set is mastered loud. ``docs/accuracy.md`` has
    what the seed CNN loses to softer music with and without this.

    Parameters
    ----------
    train : Windows
        Normalised.
    params : FrontEndParams
        With normalisation.
    batch_size : int
    gain_db : float
        Largest gain either way, dB; 0 changes nothing.
    seed : int

    Returns
    -------
    keras.utils.PyDataset
    """
    import keras

    per_db = gain_per_db(params)

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # keras is untyped
        def __init__(self) -> None:
            super().__init__()
            self._generator = np.random.default_rng(seed)
            self._order = self._generator.permutation(len(train))

        def __len__(self) -> int:
            return math.ceil(len(train) / batch_size)

        def __getitem__(self, index: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
            chosen = self._order[index * batch_size : (index + 1) * batch_size]
            gains = self._generator.uniform(-gain_db, gain_db, (len(chosen), 1, 1))
            features = train.features[chosen] + gains.astype(np.float32) * per_db
            return features[..., np.newaxis], train.labels[chosen]

        def on_epoch_end(self) -> None:
            self._generator.shuffle(self._order)

    return Batches()
