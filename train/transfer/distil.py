"""Distillation: a smaller network is trained on the outputs of a larger one, on degraded sound too.

G. Hinton, O. Vinyals and J. Dean, "Distilling the knowledge in a neural network", 2015, with the
features behind the pooling as further targets (A. Romero et al., "FitNets", ICLR 2015). Teacher
and student get the same window, clean or degraded, and the student's features and genres are fitted
to the teacher's. No labels are needed.
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

from .compiled import network_outputs
from .corpus import Corpus
from .head import Head
from .keras_model import network_input
from .pruning import Affine

_LARGEST = 6.0
"""Errors beyond this, in standard deviations, are rare and not worth following"""
_SMALLEST_SPREAD = 0.05
"""Of a feature that hardly varies"""
_OF_TAGS, _OF_GENRES = 0.5, 2.0
"""Weights of the errors of tags and of genres, against those of features"""
_SOFTNESS = 2.0
"""Temperature of the genres"""


_NAMES = ("pooled", "penultimate", "tags")


@dataclass(frozen=True)
class DistilSettings:
    """How a student is trained."""

    epochs: int
    learning_rate: float
    seed: int
    batch_size: int = 64


@dataclass(frozen=True)
class Targets:
    """A teacher's outputs for windows."""

    pooled: npt.NDArray[np.float16]
    """(n, 2 * channels), normalised"""
    penultimate: npt.NDArray[np.float16]
    """(n, 200)"""
    tags: npt.NDArray[np.float16]
    """(n, 50) logits"""


def targets(teacher: Any, windows: npt.NDArray[np.float16], features: Affine) -> Targets:
    """Run the teacher."""
    found = network_outputs(teacher, windows, features)
    return Targets(**{name: found[name].astype(np.float16) for name in _NAMES})


def distil(
    student: Any,
    corpus: Corpus,
    wanted: tuple[Targets, Targets],
    *,
    head: Head,
    features: Affine,
    settings: DistilSettings,
) -> list[float]:
    """Train a student in place; returns the loss of each epoch.

    Half of every batch is clean windows, half is degraded ones.

    Parameters
    ----------
    student : keras.Model
        From `train.transfer.keras_model.compact_musicnn`.
    corpus : Corpus
    wanted : tuple of Targets
        Of its degraded windows, and of its clean ones.
    head : Head
        The teacher's last layer.
    features : Affine
        Of log-mel values.
    settings : DistilSettings

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

    spread_of_pooled, spread = (
        tf.constant(np.std(part.astype(np.float32), axis=0) + _SMALLEST_SPREAD)
        for part in (wanted[1].pooled, wanted[1].penultimate)
    )

    def genres(z: Any, p: Any) -> Any:
        return (tf.concat([z, p], 1) @ head.kernel + head.bias) / _SOFTNESS

    def step(x: Any, z: Any, p: Any, t: Any) -> Any:
        with tf.GradientTape() as tape:
            outputs = student(x, training=True)
            off = (outputs["pooled"] - z) / spread_of_pooled
            probable = tf.nn.softmax(genres(z, p))
            own = tf.nn.log_softmax(genres(outputs["pooled"], outputs["penultimate"]))
            loss = (
                tf.reduce_mean(tf.clip_by_value(off, -_LARGEST, _LARGEST) ** 2)
                + tf.reduce_mean(((outputs["penultimate"] - p) / spread) ** 2)
                + _OF_TAGS * tf.reduce_mean((outputs["tags"] - t) ** 2)
                + _OF_GENRES
                * _SOFTNESS**2
                * tf.reduce_mean(
                    tf.reduce_sum(probable * (tf.math.log(probable + 1e-9) - own), axis=1)
                )
            )
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    compiled, losses = tf.function(step), []
    for epoch in range(settings.epochs):
        begin, total = time.monotonic(), 0.0
        generator = np.random.default_rng([settings.seed, epoch])
        order = generator.permutation(len(corpus))
        for batch in range(per_epoch):
            rows = order[batch * settings.batch_size : (batch + 1) * settings.batch_size]
            half = len(rows) // 2
            # In the order of the file, which is larger than memory may be.
            halves = np.sort(rows[:half]), np.sort(rows[half:])
            x = np.concatenate([corpus.degraded[halves[0]], corpus.clean[halves[1]]])
            total += float(
                compiled(
                    tf.constant(network_input(student, x, features)),
                    *(
                        tf.constant(_rows([getattr(each, name) for each in wanted], halves))
                        for name in _NAMES
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


def _rows(
    parts: list[npt.NDArray[np.float16]], rows: tuple[npt.NDArray[np.int64], ...]
) -> npt.NDArray[np.float32]:
    chosen = [part[own] for part, own in zip(parts, rows, strict=True)]
    return np.concatenate(chosen).astype(np.float32)
