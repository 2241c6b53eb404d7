"""Fitting a Keras network to windows."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_runtime.frontend import FrontEndParams
from edge_runtime.quiet import quiet_stderr

from .augment import batches
from .models import ModelRecipe
from .windows import Windows


@dataclass(frozen=True)
class FitSettings:
    """How a network is fitted."""

    epochs: int
    batch_size: int
    learning_rate: float
    class_weight: str
    """``"balanced"`` (every genre weighs the same in the loss) or ``"none"``"""
    gain_db: float
    """Training windows are made louder or softer by up to this much, dB"""
    seed: int


@dataclass(frozen=True)
class Fit:
    """A fitted network."""

    model: Any
    history: dict[str, list[float]]
    """By name, a value per epoch: accuracy, loss, val_accuracy, val_loss"""
    seconds: float


def fit(
    recipe: ModelRecipe,
    params: FrontEndParams,
    settings: FitSettings,
    *,
    train: Windows,
    valid: Windows,
    n_classes: int,
) -> Fit:
    """Build a network and train it.

    The same seed on the same machine with the same packages gives the same weights: TensorFlow's
    deterministic operations are on.

    Parameters
    ----------
    recipe : ModelRecipe
    params : FrontEndParams
        With normalisation.
    settings : FitSettings
    train, valid : Windows
        Normalised.
    n_classes : int
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_stderr():  # oneDNN and CUDA announce themselves before any log level applies
        import keras
        import tensorflow as tf

    keras.utils.set_random_seed(settings.seed)
    tf.config.experimental.enable_op_determinism()
    model = recipe.build((params.n_frames, params.n_coefficients), n_classes)
    model.compile(
        optimizer=keras.optimizers.Adam(settings.learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(),
        metrics=["accuracy"],
    )
    begin = time.monotonic()
    result = model.fit(
        batches(
            train,
            params,
            batch_size=settings.batch_size,
            gain_db=settings.gain_db,
            seed=settings.seed,
        ),
        validation_data=(valid.features[..., np.newaxis], valid.labels),
        epochs=settings.epochs,
        class_weight=_class_weights(train, n_classes, settings.class_weight),
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=_line(settings.epochs, begin))],
        verbose=0,
    )
    history = {name: [float(value) for value in row] for name, row in result.history.items()}
    return Fit(model, history, time.monotonic() - begin)


def _class_weights(train: Windows, n_classes: int, kind: str) -> dict[int, float] | None:
    """scikit-learn's "balanced": n / (classes * count)."""
    if kind == "none":
        return None
    counts = np.bincount(train.labels, minlength=n_classes)
    return {label: len(train) / (n_classes * int(n)) for label, n in enumerate(counts)}


def _line(epochs: int, begin: float) -> Any:
    def show(epoch: int, logs: dict[str, float]) -> None:
        done = epoch + 1
        rest = (time.monotonic() - begin) / done * (epochs - done)
        print(
            f"epoch {done:>3} of {epochs}   loss {logs['loss']:.3f}   "
            f"accuracy {logs['accuracy']:.3f}   validation loss {logs['val_loss']:.3f}   "
            f"accuracy {logs['val_accuracy']:.3f}   {rest:.0f} s to go",
            file=sys.stderr,
            flush=True,
        )

    return show
