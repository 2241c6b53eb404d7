"""Fitting a Keras network to windows."""

from __future__ import annotations

import dataclasses
import math
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataSetError
from edge_runtime.frontend import FrontEndParams

from ..augment.spectrogram import Variation
from ..experiment.windows import Windows
from ..models import Network
from ..quiet_tensorflow import import_tensorflow
from .batches import batches
from .checkpoint import Checkpoint, Progress
from .workers import Workers

SCHEDULES = ("constant", "cosine")


@dataclass(frozen=True)
class FitSettings:
    """How a network is fitted."""

    epochs: int
    batch_size: int
    learning_rate: float
    schedule: str
    """Of the learning rate: ``"constant"``, or ``"cosine"`` (from its value down to a hundredth)"""
    patience: int
    """Epochs without a better validation loss before training stops, and the best epoch is taken;
    0 trains to the end and takes the last"""
    class_weight: str
    """``"balanced"`` (every genre weighs the same in the loss) or ``"none"``"""
    variation: Variation
    seed: int


@dataclass(frozen=True)
class Fit:
    """A fitted network."""

    model: Any
    history: dict[str, list[float]]
    """By name, a value per epoch: accuracy, loss, val_accuracy, val_loss"""
    seconds: float
    best_epoch: int
    """Whose weights the model has, from 1"""


def fit(
    network: Network,
    params: FrontEndParams,
    settings: FitSettings,
    *,
    train: Windows,
    valid: Windows,
    n_classes: int,
    checkpoint: Checkpoint,
    resume: bool,
    tensorboard: Path | None = None,
    workers: Workers | None = None,
) -> Fit:
    """Build a network and train it, or go on training it.

    The same seed on the same machine with the same packages gives the same weights, whether or
    not the training was interrupted: TensorFlow's deterministic operations are on, and what is
    random in an epoch depends on the seed and the epoch alone.

    Parameters
    ----------
    network : Network
    params : FrontEndParams
        With normalisation.
    settings : FitSettings
    train, valid : Windows
        Normalised.
    n_classes : int
    checkpoint : Checkpoint
        Written after every epoch; left in place.
    resume : bool
        Go on from the checkpoint, if there is one.
    tensorboard : Path, optional
        Folder for TensorBoard's logs.
    workers : Workers, optional
        Machines that train the same network together, each on files of its own. The chief alone
        writes and reads checkpoints and logs; the model of the others is that of the last epoch.

    Raises
    ------
    DataSetError
        If there are too few files for so many workers.
    ClusterError
        If a worker goes away.
    """
    import_tensorflow()
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(settings.seed)
    tf.config.experimental.enable_op_determinism()
    writes = workers is None or workers.cluster.is_chief
    if workers is not None:
        _check_shares(workers, settings, train, valid)
    saved = checkpoint.load() if resume and writes else None
    if saved is None:
        if writes:
            checkpoint.start()
        model, progress = (
            network.build((params.n_frames, params.n_coefficients), n_classes),
            Progress(),
        )
        model.compile(
            optimizer=keras.optimizers.Adam(settings.learning_rate),
            loss=keras.losses.CategoricalCrossentropy(),
            metrics=["accuracy"],
        )
    else:
        model, progress = saved
        print(f"going on after epoch {progress.epoch}", file=sys.stderr, flush=True)
    begin = time.monotonic() - progress.seconds
    if workers is not None:
        _begin_together(workers, model, progress)
    saves = checkpoint if writes else None
    sums = None if workers is None else _of_all(workers, train, valid)
    callbacks = [_callback(model, settings, progress, saves, begin=begin, of_all=sums)]
    if workers is not None:
        callbacks.append(_averages(model, workers))
    if tensorboard is not None and writes:
        callbacks.append(keras.callbacks.TensorBoard(tensorboard))
    weights = _class_weights(train, n_classes) if settings.class_weight == "balanced" else None
    if not _is_over(settings, progress):
        with nullcontext() if workers is None else workers.watched():
            model.fit(
                batches(
                    train,
                    params,
                    settings.variation,
                    n_classes=n_classes,
                    class_weights=weights,
                    batch_size=settings.batch_size,
                    seed=settings.seed,
                    epoch=progress.epoch,
                    cluster=None if workers is None else workers.cluster,
                ),
                validation_data=_plain(valid, params, n_classes, workers),
                initial_epoch=progress.epoch,
                epochs=settings.epochs,
                callbacks=callbacks,
                verbose=0,
            )
    best_epoch = progress.epoch
    if settings.patience and writes:
        checkpoint.load_best(model)
        best_epoch = progress.best_epoch
    return Fit(model, progress.history, progress.seconds, best_epoch)


def learning_rate(settings: FitSettings, epoch: int) -> float:
    """Of an epoch, counted from 0."""
    if settings.schedule == "constant":
        return settings.learning_rate
    done = epoch / max(1, settings.epochs - 1)
    lowest = 0.01
    return settings.learning_rate * (lowest + (1 - lowest) * 0.5 * (1 + math.cos(math.pi * done)))


def _is_over(settings: FitSettings, progress: Progress) -> bool:
    waited = progress.epoch - progress.best_epoch
    return progress.epoch >= settings.epochs or 0 < settings.patience <= waited


def _check_shares(workers: Workers, settings: FitSettings, train: Windows, valid: Windows) -> None:
    """Refuse what leaves a worker without windows in a step; all workers find the same."""
    cluster = workers.cluster
    steps = math.ceil(len(train) / settings.batch_size)
    if min(cluster.sizes(train.tracks)) < steps or not min(cluster.sizes(valid.tracks)):
        raise DataSetError(
            f"{len(np.unique(train.tracks))} files to train and {len(np.unique(valid.tracks))} to "
            f"validate are too few for {len(cluster.addresses)} workers and {steps} steps an "
            "epoch; name fewer workers in TF_CONFIG, or a larger --batch-size"
        )


def _begin_together(workers: Workers, model: Any, progress: Progress) -> None:
    """Everything as the chief has it, and gradients added up from now on."""
    with workers.watched():
        model.optimizer.build(model.trainable_variables)
        workers.copy_chief(_floats(model))
        workers.copy_chief(model.optimizer.variables)
        best = math.nan if progress.best_loss is None else progress.best_loss
        epoch, best_epoch, best = workers.from_chief([progress.epoch, progress.best_epoch, best])
    progress.epoch, progress.best_epoch = round(epoch), round(best_epoch)
    progress.best_loss = None if math.isnan(best) else best
    workers.add_up_gradients(model.optimizer)


def _of_all(
    workers: Workers, train: Windows, valid: Windows
) -> Callable[[dict[str, float]], dict[str, float]]:
    """Makes the logs of an epoch those of all workers: each has its share of the windows."""
    cluster = workers.cluster
    n_train, n_valid = (len(cluster.own(part.tracks)) / len(part) for part in (train, valid))
    share = {
        "loss": 1 / len(cluster.addresses),  # the weights of the batches have the shares in them
        "accuracy": n_train,
        "val_loss": n_valid,
        "val_accuracy": n_valid,
    }

    def of_all(logs: dict[str, float]) -> dict[str, float]:
        total = workers.total([share[name] * logs[name] for name in share])
        return dict(zip(share, total, strict=True))

    return of_all


def _averages(model: Any, workers: Workers) -> Any:
    """Statistics of batches are of each worker's own until the epoch is validated."""
    import keras

    class BeforeValidation(keras.callbacks.Callback):  # type: ignore[misc]  # keras is untyped
        def on_test_begin(self, logs: Any = None) -> None:
            workers.average(_floats(model))

    return BeforeValidation()


def _floats(model: Any) -> list[Any]:
    """Weights and statistics of batches; the states of random generators are set every epoch."""
    return [variable for variable in model.variables if "float" in variable.dtype]


def _plain(valid: Windows, params: FrontEndParams, n_classes: int, workers: Workers | None) -> Any:
    """Validation windows in their order, without variation; of a worker, those of its files."""
    import keras

    size = 256
    own = np.arange(len(valid)) if workers is None else workers.cluster.own(valid.tracks)

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # keras is untyped
        def __len__(self) -> int:
            return math.ceil(len(own) / size)

        def __getitem__(self, index: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
            chosen = own[index * size : (index + 1) * size]
            genres = np.eye(n_classes, dtype=np.float32)[valid.labels[chosen]]
            return valid.batch(chosen)[..., np.newaxis], genres

    return Batches()


def _class_weights(train: Windows, n_classes: int) -> npt.NDArray[np.float32]:
    """scikit-learn's "balanced": n / (classes * count)."""
    counts = np.bincount(train.labels, minlength=n_classes)
    return (len(train) / (n_classes * np.maximum(counts, 1))).astype(np.float32)


def _callback(
    model: Any,
    settings: FitSettings,
    progress: Progress,
    checkpoint: Checkpoint | None,
    *,
    begin: float,
    of_all: Callable[[dict[str, float]], dict[str, float]] | None,
) -> Any:
    """What is done every epoch; a worker without a checkpoint saves and prints nothing."""
    import keras

    class EveryEpoch(keras.callbacks.Callback):  # type: ignore[misc]  # keras is untyped
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            model.optimizer.learning_rate.assign(learning_rate(settings, epoch))
            # A model that was loaded again draws other dropout masks otherwise.
            states = [state for state in model.variables if "seed_generator_state" in state.path]
            for index, state in enumerate(states):
                state.assign(np.array([settings.seed + index, epoch], np.uint32))

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            shown = {name: float(value) for name, value in (logs or {}).items()}
            shown.pop("learning_rate", None)
            if of_all is not None:
                shown = of_all(shown)
            best = progress.add(shown)
            progress.seconds = time.monotonic() - begin
            if checkpoint is not None:
                checkpoint.save(model, progress, best=best)
                _print_epoch(settings, progress, shown)
            if _is_over(settings, progress):
                model.stop_training = True

    return EveryEpoch()


def _print_epoch(settings: FitSettings, progress: Progress, logs: dict[str, float]) -> None:
    rest = progress.seconds / progress.epoch * (settings.epochs - progress.epoch)
    print(
        f"epoch {progress.epoch:>3} of {settings.epochs}   loss {logs['loss']:.3f}   "
        f"accuracy {logs['accuracy']:.3f}   validation loss {logs['val_loss']:.3f}   "
        f"accuracy {logs['val_accuracy']:.3f}   {rest:.0f} s to go",
        file=sys.stderr,
        flush=True,
    )


def settings_dict(settings: FitSettings) -> dict[str, Any]:
    """JSON-ready form, flat."""
    found = dataclasses.asdict(settings)
    varied = found.pop("variation")
    return {**found, **varied}
