"""The training loop's rules, without a training."""

import dataclasses
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from edge_runtime.errors import DataSetError
from train.augment.spectrogram import Variation
from train.experiment.windows import Windows
from train.fit.checkpoint import Checkpoint, Progress
from train.fit.fit import FitSettings, _class_weights, _is_over, learning_rate, settings_dict

SETTINGS = FitSettings(
    epochs=11, batch_size=4, learning_rate=0.2, schedule="cosine", patience=0,
    class_weight="balanced", variation=Variation(gain_db=6.0), seed=3,
)  # fmt: skip


def test_the_cosine_schedule_falls_from_its_value_to_a_hundredth_of_it() -> None:
    rates = [learning_rate(SETTINGS, epoch) for epoch in (0, 5, 10)]
    assert rates == pytest.approx([0.2, 0.101, 0.002])
    constant = dataclasses.replace(SETTINGS, schedule="constant")
    assert [learning_rate(constant, epoch) for epoch in (0, 10)] == [0.2, 0.2]
    assert learning_rate(dataclasses.replace(SETTINGS, epochs=1), 0) == 0.2


def test_balanced_weights_are_scikit_learns() -> None:
    labels = np.array([0, 0, 0, 2])
    windows = Windows((), np.zeros((4, 2), np.int64), labels, np.arange(4))
    # 4 / (3 * 3), a genre without windows, 4 / (3 * 1)
    np.testing.assert_allclose(_class_weights(windows, 3), [4 / 9, 4 / 3, 4 / 3], rtol=1e-6)


def test_training_is_over_after_all_epochs_or_when_patience_ran_out() -> None:
    impatient = dataclasses.replace(SETTINGS, patience=2)
    for epoch, best, over in ((10, 1, False), (11, 1, True)):
        assert _is_over(SETTINGS, Progress(epoch=epoch, best_epoch=best)) is over
    for epoch, best, over in ((4, 3, False), (5, 3, True), (11, 11, True)):
        assert _is_over(impatient, Progress(epoch=epoch, best_epoch=best)) is over


def test_progress_knows_the_best_epoch() -> None:
    progress = Progress()
    assert [progress.add({"val_loss": loss}) for loss in (2.0, 1.0, 1.0, float("nan"), 0.5)] == [
        True, True, False, False, True,
    ]  # fmt: skip
    assert (progress.epoch, progress.best_epoch, progress.best_loss) == (5, 5, 0.5)
    assert progress.history["val_loss"][:3] == [2.0, 1.0, 1.0]


def test_settings_are_flat_in_the_report() -> None:
    flat = settings_dict(SETTINGS)
    assert (flat["learning_rate"], flat["gain_db"], flat["mixup"]) == (0.2, 6.0, 0.0)
    assert "variation" not in flat


def test_a_checkpoint_of_a_training_without_an_option_of_this_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saving = SimpleNamespace(load_model=lambda path: path.name)
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace(saving=saving))
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    progress = {"epoch": 2, "history": {}, "best_loss": 0.5, "best_epoch": 1, "seconds": 3.0}
    state = {"fingerprint": {"seed": 1}, "model": "epoch-2.keras", "progress": progress}
    (folder / "state.json").write_text(json.dumps(state))
    loaded = Checkpoint(tmp_path, {"seed": 1}).load()
    assert loaded == ("epoch-2.keras", Progress(2, {}, 0.5, 1, 3.0))
    for other in ({"seed": 2}, {"seed": 1, "batch_size": 64}, {}):
        with pytest.raises(DataSetError, match=r"is of a training with another (seed|batch size)"):
            Checkpoint(tmp_path, other).load()
