"""Teaching a smaller network to say what a larger one says, also of sound that came through a room.

G. Hinton, O. Vinyals and J. Dean, "Distilling the knowledge in a neural network", 2015, with the
features behind the pooling as further targets (A. Romero et al., "FitNets", ICLR 2015). The teacher
hears each window as it is; its student hears the same window as it is or as a microphone may hear
it, and has to answer alike. No labels are needed.
"""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import EdgeGenreError

from .corpus import Corpus
from .pruning import Affine

_LARGEST = 6.0
"""Targets in standard deviations beyond this are rare and not worth following"""


@dataclass(frozen=True)
class DistilSettings:
    """How long, and how fast."""

    epochs: int
    learning_rate: float
    seed: int
    batch_size: int = 64


@dataclass(frozen=True)
class Targets:
    """What the teacher says of every window of a corpus."""

    pooled: npt.NDArray[np.float16]
    """(n, 2 * channels), normalised"""
    penultimate: npt.NDArray[np.float16]
    tags: npt.NDArray[np.float16]


def targets(teacher: Any, corpus: Corpus, features: Affine) -> Targets:
    """Ask the teacher."""
    import tensorflow as tf

    answer = tf.function(lambda x: teacher(x, training=False))
    parts: list[list[npt.NDArray[np.float16]]] = [[], [], []]
    for start in range(0, len(corpus), 64):
        x = _normalised(corpus.clean[start : start + 64], features)
        said = answer(tf.constant(x))
        z = np.clip(said["pooled"].numpy(), -_LARGEST, _LARGEST)
        rows = z, said["penultimate"].numpy(), said["tags"].numpy()
        for part, values in zip(parts, rows, strict=True):
            part.append(values.astype(np.float16))
    return Targets(*(np.concatenate(part) for part in parts))


def distil(
    student: Any,
    corpus: Corpus,
    wanted: Targets,
    *,
    features: Affine,
    settings: DistilSettings,
) -> list[float]:
    """Train a student in place; returns the loss of each epoch.

    Every batch holds as many windows as they are as of those that a microphone heard.

    Raises
    ------
    EdgeGenreError
        If the loss is no number.
    """
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(settings.seed)
    per_epoch = len(corpus) // settings.batch_size
    schedule = keras.optimizers.schedules.CosineDecay(
        settings.learning_rate, settings.epochs * per_epoch, alpha=0.02
    )
    optimizer = keras.optimizers.Adam(schedule, clipnorm=1.0)
    variables = student.trainable_variables

    def step(x: Any, z: Any, p: Any, t: Any) -> Any:
        with tf.GradientTape() as tape:
            said = student(x, training=True)
            own = tf.clip_by_value(said["pooled"], -_LARGEST, _LARGEST)
            loss = (
                tf.reduce_mean((own - z) ** 2)
                + tf.reduce_mean((said["penultimate"] - p) ** 2)
                + 0.5 * tf.reduce_mean((said["tags"] - t) ** 2)
            )
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    compiled, losses = tf.function(step), []
    for epoch in range(settings.epochs):
        begin, total = time.monotonic(), 0.0
        generator = np.random.default_rng([settings.seed, epoch])
        order = generator.permutation(len(corpus))
        for batch in range(per_epoch):
            chosen = order[batch * settings.batch_size : (batch + 1) * settings.batch_size]
            half = len(chosen) // 2
            x = np.concatenate([corpus.heard[chosen[:half]], corpus.clean[chosen[half:]]])
            total += float(
                compiled(
                    tf.constant(_normalised(x, features)),
                    *(
                        tf.constant(part[chosen].astype(np.float32))
                        for part in (wanted.pooled, wanted.penultimate, wanted.tags)
                    ),
                )
            )
        losses.append(total / per_epoch)
        if not math.isfinite(losses[-1]):
            raise EdgeGenreError(
                f"distillation diverged: the loss of epoch {epoch + 1} is {losses[-1]}; train with "
                "another --seed"
            )
        print(
            f"distil: epoch {epoch + 1} of {settings.epochs}, loss {losses[-1]:.4f}, "
            f"{time.monotonic() - begin:.0f} s",
            file=sys.stderr,
            flush=True,
        )
    return losses


def _normalised(x: npt.NDArray[np.float16], features: Affine) -> npt.NDArray[np.float32]:
    return (x.astype(np.float32) * features.scale + features.shift)[..., np.newaxis]
