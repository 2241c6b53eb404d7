"""Distillation: a smaller network is trained on the outputs of a larger one, on degraded sound too.

G. Hinton, O. Vinyals and J. Dean, "Distilling the knowledge in a neural network", 2015, with the
features behind the pooling as further targets (A. Romero et al., "FitNets", ICLR 2015). The teacher
is ``plus``, and is given the clean window; the student is given the clean one or the same degraded:
a room changes no genre. No labels are needed.
"""

from __future__ import annotations

import dataclasses
import math
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.classifier import softmax
from edge_runtime.errors import EdgeGenreError

from .compiled import network_outputs
from .corpus import Corpus
from .head import Head, outputs_of
from .keras_model import network_input
from .pruning import Affine

_LARGEST = 6.0
"""Errors beyond this, in standard deviations, are rare and not worth following"""
_SMALLEST_SPREAD = 0.05
"""Of a feature that hardly varies"""
_OF_TAGS, _OF_GENRES, _OF_STYLES = 0.5, 2.0, 0.5
"""Weights of the errors of tags, genres and styles, against those of features"""
_SOFTNESS = 2.0
"""Temperature of the genres"""


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
    embedding: npt.NDArray[np.float16]
    """(n, 1024)"""
    styles: npt.NDArray[np.float16]
    """(n, styles) logits"""


@dataclass(frozen=True)
class LastLayers:
    """What is made of features in a distillation, by the teacher and by the student."""

    of_teacher: Head
    """Pooled features, penultimate layer and embedding to genres; as it is"""
    genres: Head
    """Pooled features and penultimate layer to genres; trained along, and then fitted anew"""
    styles: Head
    """The same to styles"""


def targets(teacher: Any, windows: npt.NDArray[np.float16], features: Affine) -> Targets:
    """Run the teacher."""
    found = network_outputs(teacher, windows, features)
    return Targets(
        **{each.name: found[each.name].astype(np.float16) for each in dataclasses.fields(Targets)}
    )


def distil(
    student: Any,
    corpus: Corpus,
    wanted: Targets,
    *,
    layers: LastLayers,
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
    wanted : Targets
        Of its clean windows.
    layers : LastLayers
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
    trained = {
        name: (tf.Variable(head.kernel), tf.Variable(head.bias))
        for name, head in (("genres", layers.genres), ("styles", layers.styles))
    }
    variables = [*student.trainable_variables, *trained["genres"], *trained["styles"]]
    spread_of_pooled, spread, spread_of_styles = (
        tf.constant(np.std(part.astype(np.float32), axis=0) + _SMALLEST_SPREAD)
        for part in (wanted.pooled, wanted.penultimate, wanted.styles)
    )
    genres = outputs_of(
        layers.of_teacher,
        [part.astype(np.float32) for part in (wanted.pooled, wanted.penultimate, wanted.embedding)],
    )
    probable_genres = softmax(genres / _SOFTNESS)

    def step(x: Any, target: dict[str, Any]) -> Any:
        with tf.GradientTape() as tape:
            outputs = student(x, training=True)
            off = (outputs["pooled"] - target["pooled"]) / spread_of_pooled
            own = {
                name: tf.concat([outputs["pooled"], outputs["penultimate"]], 1) @ kernel + bias
                for name, (kernel, bias) in trained.items()
            }
            likely = tf.nn.log_softmax(own["genres"] / _SOFTNESS)
            loss = (
                tf.reduce_mean(tf.clip_by_value(off, -_LARGEST, _LARGEST) ** 2)
                + tf.reduce_mean(((outputs["penultimate"] - target["penultimate"]) / spread) ** 2)
                + _OF_TAGS * tf.reduce_mean((outputs["tags"] - target["tags"]) ** 2)
                + _OF_STYLES
                * tf.reduce_mean(((own["styles"] - target["styles"]) / spread_of_styles) ** 2)
                + _OF_GENRES
                * _SOFTNESS**2
                * tf.reduce_mean(
                    tf.reduce_sum(
                        target["genres"] * (tf.math.log(target["genres"] + 1e-9) - likely), axis=1
                    )
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
            both = np.concatenate(halves)
            of_batch = {
                name: getattr(wanted, name)[both].astype(np.float32)
                for name in ("pooled", "penultimate", "tags", "styles")
            }
            of_batch["genres"] = probable_genres[both]
            total += float(
                compiled(
                    tf.constant(network_input(student, x, features)),
                    {name: tf.constant(values) for name, values in of_batch.items()},
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
