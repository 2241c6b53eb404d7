import dataclasses

import numpy as np
import pytest

from edge_runtime.frontend import PRESETS, FrontEnd, FrontEndParams
from tests.synthetic import clip
from train.augment import batches, gain_per_db
from train.windows import Windows

MFCC = PRESETS["seed-mfcc13"]


@pytest.mark.parametrize(
    "params", [MFCC, dataclasses.replace(MFCC, kind="log_mel")], ids=["mfcc", "log_mel"]
)
def test_gain_on_features_is_gain_on_sound(params: FrontEndParams) -> None:
    n = params.n_coefficients
    params = dataclasses.replace(params, mean=(1.0,) * n, std=(3.0,) * n)
    front_end, sound = FrontEnd(params), clip("hiss", 0)[:66150]
    louder = front_end(sound * np.float32(10 ** (6 / 20)))
    np.testing.assert_allclose(front_end(sound) + 6 * gain_per_db(params), louder, atol=1e-3)


def windows(n: int) -> Windows:
    features = np.arange(n, dtype=np.float32)[:, None, None] * np.ones((1, 130, 13), np.float32)
    return Windows(features, np.arange(n), np.arange(n))


def test_an_epoch_holds_every_window_once_and_the_next_in_another_order() -> None:
    data = batches(windows(70), MFCC, batch_size=32, gain_db=0.0, seed=0)
    epochs = []
    for _ in range(2):
        labels = np.concatenate([data[index][1] for index in range(len(data))])
        assert sorted(labels) == list(range(70))
        epochs.append(labels.tolist())
        data.on_epoch_end()
    assert epochs[0] != epochs[1]


def test_without_gain_windows_are_left_as_they_are() -> None:
    data = batches(windows(8), MFCC, batch_size=8, gain_db=0.0, seed=0)
    features, labels = data[0]
    np.testing.assert_array_equal(features[:, 0, 0, 0], labels)


def test_gain_moves_the_first_mfcc_only_and_stays_in_its_range() -> None:
    data = batches(windows(64), MFCC, batch_size=64, gain_db=10.0, seed=0)
    features, labels = data[0]
    shift = features[:, 0, 0, 0] - labels
    assert 0 < np.abs(shift).max() <= 10 * np.sqrt(128) * 1.0001
    np.testing.assert_array_equal(features[:, 0, 1, 0], labels)
