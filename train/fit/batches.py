"""Batches of training windows, varied in ways that leave their genre as it is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.frontend import FrontEndParams

from ..augment.spectrogram import Variation, gain_per_db, mask, mix
from ..experiment.windows import Windows
from .workers import Cluster


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
    cluster: Cluster | None = None,
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
        Music reaches a microphone at any level, while a data set is mastered loud:
        ``docs/lab/accuracy.md`` has what the seed CNN loses to softer music with and without gain.
        Mixup is that of H. Zhang et al., ICLR 2018.
    n_classes : int
    class_weights : (n_classes,) float32, optional
        Weight of each genre in the loss.
    batch_size : int
    seed : int
    epoch : int
        The first one, from 0.
    cluster : Cluster, optional
        Whose workers share the windows, by file. A step of all of them together is a batch: each
        has an equal part of its own windows in every one, and all have as many steps.
    """
    import keras

    n_steps = math.ceil(len(train) / batch_size)
    own = np.arange(len(train)) if cluster is None else cluster.own(train.tracks)
    stream = [] if cluster is None else [cluster.index]

    per_db = gain_per_db(params) if variation.gain_db else None

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # keras is untyped
        def __init__(self) -> None:
            super().__init__()
            self._epoch = epoch

        def __len__(self) -> int:
            return n_steps

        def __getitem__(self, index: int) -> tuple[npt.NDArray[Any], ...]:
            order = own[np.random.default_rng([seed, self._epoch, *stream]).permutation(len(own))]
            if cluster is None:
                chosen = order[index * batch_size : (index + 1) * batch_size]
            else:
                chosen = np.array_split(order, n_steps)[index]
            generator = np.random.default_rng([seed, self._epoch, index, *stream])
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
                features = mix(features, features[other], share)
                genres = mix(genres, genres[other], share)
            if variation.spec_augment:
                mask(features, generator, bands=params.kind == "log_mel")
            if class_weights is None and cluster is None:
                return features[..., np.newaxis], genres
            weights = np.ones(len(chosen), np.float32)
            if class_weights is not None:
                weights = genres @ class_weights
            if cluster is not None:  # the mean of the workers' means is then that of the batch
                sizes = [
                    size // n_steps + (index < size % n_steps)
                    for size in cluster.sizes(train.tracks)
                ]
                weights = weights * np.float32(len(chosen) / np.mean(sizes))
            return features[..., np.newaxis], genres, weights

        def on_epoch_end(self) -> None:
            self._epoch += 1

    return Batches()
