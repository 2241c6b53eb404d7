"""Which windows of an extraction are in which part, and their normalisation."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.frontend import PRESETS
from train.data.splits import TRAIN, VALID, Split
from train.data.tracks import Track
from train.experiment.windows import Windows, normalisation, select
from train.features.extraction import TrackFeatures

GENRES = ("blues", "rock")


def features(name: str, starts: tuple[float, ...], *, copy: int = 0) -> TrackFeatures:
    """A track whose windows hold their own number."""
    numbers = np.arange(len(starts), dtype=np.float32)
    track = Track(name, Path(name), name.split(".", maxsplit=1)[0])
    return TrackFeatures(track, numbers[:, None, None] * np.ones((1, 4, 2), np.float32), starts,
                         copy=copy)  # fmt: skip


def rows(windows: Windows) -> list[int]:
    return [int(row) for _, row in windows.places]


HALF = (0.0, 1.5, 3.0, 4.5, 6.0)


def test_training_windows_overlap_and_validation_windows_do_not() -> None:
    extracted = [features("blues.0", HALF), features("rock.0", HALF)]
    parts = {"blues.0": (TRAIN,) * 5, "rock.0": (VALID,) * 5}
    split = Split("x", "x", parts, leaks=False)
    train, valid = (select(extracted, split, part, GENRES, 3.0) for part in (TRAIN, VALID))
    assert rows(train) == [0, 1, 2, 3, 4]
    assert rows(valid) == [0, 2, 4]
    assert (set(train.labels), set(valid.labels)) == ({0}, {1})
    assert (set(train.tracks), set(valid.tracks)) == ({0}, {1})
    np.testing.assert_array_equal(valid.all()[:, 0, 0], [0, 2, 4])


@pytest.mark.parametrize(("last", "taken"), [(4.4, False), (4.5, True)])
def test_a_last_window_that_reaches_back_validates_if_half_of_it_is_new(
    last: float, taken: bool
) -> None:
    extracted = [features("rock.0", (0.0, 3.0, last))]
    split = Split("x", "x", {"rock.0": (VALID,) * 3}, leaks=False)
    assert rows(select(extracted, split, VALID, GENRES, 3.0)) == [0, 1, 2][: 2 + taken]


def test_a_leaky_split_is_by_window() -> None:
    extracted = [features("blues.0", HALF)]
    parts = {"blues.0": (TRAIN, VALID, VALID, TRAIN, TRAIN)}
    split = Split("x", "x", parts, leaks=True)
    assert rows(select(extracted, split, VALID, GENRES, 3.0)) == [1, 2]
    assert rows(select(extracted, split, TRAIN, GENRES, 3.0)) == [0, 3, 4]


def test_variations_of_a_track_train_with_all_their_windows_and_never_validate() -> None:
    extracted = [features("blues.0", HALF[:2]), features("blues.0", HALF[:3], copy=1)]
    for part, wanted in ((TRAIN, [0, 1, 0, 1, 2]), (VALID, [0, 1])):
        split = Split("x", "x", {"blues.0": (part,) * 2}, leaks=False)
        assert rows(select(extracted, split, part, GENRES, 3.0)) == wanted


def many(n: int) -> Windows:
    values = np.random.default_rng(0).normal([50.0, -3.0], [0.5, 2.0], (n, 4, 2))
    places = np.stack([np.zeros(n, np.int64), np.arange(n)], axis=1)
    return Windows((values.astype(np.float32),), places, np.zeros(n, np.int64), np.arange(n))


@pytest.mark.parametrize("n", [1, 256, 600])
def test_normalisation_and_predictions_are_those_of_all_windows_at_once(n: int) -> None:
    windows = many(n)
    mean, std = normalisation(windows)
    frames = windows.all().reshape(-1, 2).astype(np.float64)
    np.testing.assert_allclose(mean, frames.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(std, frames.std(axis=0), rtol=1e-9)
    found = windows.predict(lambda batch: batch.mean(axis=1))
    np.testing.assert_array_equal(found, windows.all().mean(axis=1))


def test_normalised_windows_have_zero_mean_and_unit_variance() -> None:
    windows = many(300)
    mean, std = normalisation(windows)
    params = dataclasses.replace(PRESETS["seed-mfcc13"], n_mfcc=2, mean=mean, std=std)
    frames = windows.normalised(params).all().reshape(-1, 2)
    np.testing.assert_allclose(frames.mean(axis=0), 0.0, atol=1e-4)
    np.testing.assert_allclose(frames.std(axis=0), 1.0, atol=1e-4)


def test_windows_that_follow_each_other_but_for_rounding_do_not_overlap() -> None:
    split = Split("x", "x", {"rock.0": (VALID,) * 3}, leaks=False)
    close = [features("rock.0", (0.0, 2.9995, 5.999))]
    assert rows(select(close, split, VALID, GENRES, 3.0)) == [0, 1, 2]
    closer = [features("rock.0", (0.0, 2.998, 5.999))]
    assert rows(select(closer, split, VALID, GENRES, 3.0)) == [0, 2]


def test_a_coefficient_that_never_changes_is_divided_by_a_millionth() -> None:
    windows = Windows((np.full((3, 4, 2), 5.0, np.float32),), many(3).places, np.zeros(3, int),
                      np.arange(3))  # fmt: skip
    assert normalisation(windows) == ((5.0, 5.0), (1e-6, 1e-6))


def test_every_file_of_a_run_is_of_the_windows_that_were_asked_for() -> None:
    windows = many(10)
    np.testing.assert_array_equal(windows.batch(np.array([7, 2])), windows.all()[[7, 2]])
