import dataclasses
from typing import Any

import numpy as np
import pytest

from edge_runtime.errors import ParameterError
from edge_runtime.frontend import PRESETS, FrontEnd, FrontEndParams
from tests.synthetic import clip
from train.augment.spectrogram import Variation, gain_per_db, mask
from train.experiment.windows import Windows
from train.fit.batches import batches

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


def test_gain_on_compressed_features_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"gain_db .* log_gain is 10000\.0"):
        batches(windows(3), PRESETS["musicnn96"], Variation(gain_db=6.0), n_classes=3,
                class_weights=None, batch_size=3, seed=0)  # fmt: skip
    assert len(batches(windows(3), PRESETS["musicnn96"], Variation(), n_classes=3,
                       class_weights=None, batch_size=3, seed=0)) == 1  # fmt: skip


def windows(n: int, labels: np.ndarray | None = None) -> Windows:
    features = np.arange(n, dtype=np.float32)[:, None, None] * np.ones((1, 130, 13), np.float32)
    places = np.stack([np.zeros(n, np.int64), np.arange(n)], axis=1)
    return Windows((features,), places, np.arange(n) if labels is None else labels, np.arange(n))


def make(n: int, variation: Variation, *, size: int = 64, **more: Any) -> Any:
    options = {"n_classes": n, "class_weights": None, "batch_size": size, "seed": 0, **more}
    return batches(windows(n), MFCC, variation, **options)


def test_an_epoch_holds_every_window_once_and_the_next_in_another_order() -> None:
    data = make(70, Variation(), size=32)
    epochs = []
    for _ in range(2):
        labels = np.concatenate([data[index][1].argmax(axis=1) for index in range(len(data))])
        assert sorted(labels) == list(range(70))
        epochs.append(labels.tolist())
        data.on_epoch_end()
    assert epochs[0] != epochs[1]


def test_an_epoch_is_the_same_whether_or_not_the_ones_before_were_drawn() -> None:
    every = Variation(gain_db=6.0, spec_augment=True, mixup=0.3)
    through, resumed = make(70, every, size=32), make(70, every, size=32, epoch=1)
    through[0]
    through.on_epoch_end()
    for index in range(3):
        for one, other in zip(through[index], resumed[index], strict=True):
            np.testing.assert_array_equal(one, other)


def test_without_variation_windows_are_left_as_they_are() -> None:
    features, genres = make(8, Variation(), size=8)[0]
    np.testing.assert_array_equal(features[:, 0, 0, 0], genres.argmax(axis=1))


def test_gain_moves_the_first_mfcc_only_and_stays_in_its_range() -> None:
    features, genres = make(64, Variation(gain_db=10.0))[0]
    labels = genres.argmax(axis=1)
    shift = features[:, 0, 0, 0] - labels
    assert 0 < np.abs(shift).max() <= 10 * np.sqrt(128) * 1.0001
    np.testing.assert_array_equal(features[:, 0, 1, 0], labels)


def test_masks_cover_whole_frames_and_for_log_mel_whole_bands() -> None:
    generator = np.random.default_rng(0)
    for bands in (False, True):
        features = np.ones((200, 130, 64), np.float32)
        mask(features, generator, bands=bands)
        frames = (features == 0).all(axis=2)
        columns = (features == 0).all(axis=1)
        assert 30 < frames.sum(axis=1).max() <= 2 * (130 // 6)
        assert columns.any() == bands
        assert columns.sum(axis=1).max() <= 2 * (64 // 6)
        # Nothing is covered but whole frames and whole bands.
        covered = frames[:, :, None] | columns[:, None, :]
        np.testing.assert_array_equal(features == 0, covered)


def test_mixup_mixes_windows_and_genres_alike() -> None:
    features, genres = make(64, Variation(mixup=0.5))[0]
    np.testing.assert_allclose(genres.sum(axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(features[:, 0, 0, 0], genres @ np.arange(64), rtol=1e-4)
    assert ((genres > 0).sum(axis=1) == 2).sum() > 30


def test_class_weights_become_the_weights_of_windows() -> None:
    weights = np.arange(8, dtype=np.float32)
    _, genres, sample = make(8, Variation(), size=8, class_weights=weights)[0]
    np.testing.assert_array_equal(sample, genres.argmax(axis=1))


def test_two_masks_of_up_to_a_sixth_cover_any_frame_the_last_included() -> None:
    features = np.ones((2000, 12, 3), np.float32)
    mask(features, np.random.default_rng(0), bands=False)
    covered = (features == 0.0).all(axis=2)
    assert covered.any(axis=0).all()
    assert covered.sum(axis=1).max() == 4  # twice two of twelve
    assert covered.sum(axis=1).min() == 0


def test_every_batch_of_every_epoch_is_varied_anew() -> None:
    """The gains of windows, in their order within the batch."""
    data = make(128, Variation(gain_db=10.0), size=64)
    gains = []
    for _ in range(2):
        for index in range(2):
            features, genres = data[index]
            gains.append(features[:, 0, 0, 0] - genres.argmax(axis=1))
        data.on_epoch_end()
    other_seed, genres = make(128, Variation(gain_db=10.0), size=64, seed=1)[0]
    gains.append(other_seed[:, 0, 0, 0] - genres.argmax(axis=1))
    for index, one in enumerate(gains):
        for other in gains[:index]:
            assert np.abs(one - other).max() > 1.0
