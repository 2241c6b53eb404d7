"""Checkpoints: what a training needs to go on after it was killed."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from edge_runtime.errors import DataSetError

from ..features.files import open_atomically, storing

FOLDER = "checkpoint"
_STATE, _BEST = "state.json", "best.weights.h5"


@dataclass
class Progress:
    """How far a training is."""

    epoch: int = 0
    """Epochs done"""
    history: dict[str, list[float]] = field(default_factory=dict)
    best_loss: float | None = None
    best_epoch: int = 0
    """Epoch (from 1) of the smallest validation loss"""
    seconds: float = 0.0

    def add(self, logs: dict[str, float]) -> bool:
        """Take an epoch in; returns whether it is the best so far."""
        self.epoch += 1
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))
        if self.best_loss is not None and not logs["val_loss"] < self.best_loss:
            return False
        self.best_loss, self.best_epoch = float(logs["val_loss"]), self.epoch
        return True


class Checkpoint:
    """Model, optimizer and progress after the latest epoch, and the best weights so far.

    The state file is written last and renamed into place, and names the model file that belongs
    to it: a training that is killed while it saves goes on from the epoch before.

    Parameters
    ----------
    run : Path
        Run folder.
    fingerprint : dict
        All that decides the result; a checkpoint of another training is refused.
    """

    def __init__(self, run: Path, fingerprint: dict[str, Any]) -> None:
        self._folder = run / FOLDER
        self._fingerprint: dict[str, Any] = json.loads(json.dumps(fingerprint))

    def start(self) -> None:
        """Remove the checkpoint of an earlier training."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)

    def load(self) -> tuple[Any, Progress] | None:
        """Model and progress of the training to go on with; None if it has no epoch yet.

        Raises
        ------
        DataSetError
            If it was another training, or cannot be read.
        """
        state = self._folder / _STATE
        if not state.is_file():
            return None
        import keras

        try:
            found = json.loads(state.read_text(encoding="utf-8"))
            other, progress = found["fingerprint"], Progress(**found["progress"])
            model = keras.saving.load_model(self._folder / found["model"])
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise DataSetError(
                f"{state}: cannot be gone on from ({' '.join(str(error).split())}); train without "
                "--resume"
            ) from None
        for name in sorted({*other, *self._fingerprint}):
            if other.get(name) != self._fingerprint.get(name):
                raise DataSetError(
                    f"{self._folder}: is of a training with another {name.replace('_', ' ')} "
                    f"({_short(other.get(name))}, not {_short(self._fingerprint.get(name))}); "
                    "give the same options, or train without --resume"
                )
        return model, progress

    def save(self, model: Any, progress: Progress, *, best: bool) -> None:
        """Save an epoch."""
        with storing(self._folder, "finished epochs are kept: make space and add --resume"):
            self._save(model, progress, best=best)

    def _save(self, model: Any, progress: Progress, *, best: bool) -> None:
        before = set(self._folder.glob("epoch-*.keras"))
        name = f"epoch-{progress.epoch}.keras"
        model.save(self._folder / name)
        if best:
            model.save_weights(self._folder / f"new-{_BEST}")
            (self._folder / f"new-{_BEST}").replace(self._folder / _BEST)
        state = {"fingerprint": self._fingerprint, "model": name, "progress": asdict(progress)}
        with open_atomically(self._folder / _STATE) as file:
            json.dump(state, file)
        for old in before - {self._folder / name}:
            old.unlink()

    def load_best(self, model: Any) -> None:
        """Load the weights of the best epoch into a model."""
        model.load_weights(self._folder / _BEST)

    def remove(self) -> None:
        """Remove the checkpoint of a training that is done."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
