import numpy as np
import pytest
from scipy.special import softmax

from export.temperature import scaled, temperature


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_overconfidence(sharpness: float) -> None:
    """Labels drawn from known posteriors; a network that sharpens them must be softened."""
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 1.5, (6_000, 5))
    true = softmax(logits, axis=1)
    labels = (true.cumsum(axis=1) < generator.random((len(logits), 1))).sum(axis=1)
    claimed = softmax(sharpness * logits, axis=1).astype(np.float32)
    found = temperature(claimed, labels)
    assert found == pytest.approx(sharpness, rel=0.05)
    np.testing.assert_allclose(scaled(claimed, found), true, atol=0.03)


def test_scaling_keeps_every_label_and_the_sum() -> None:
    posteriors = softmax(np.random.default_rng(1).normal(0, 4, (500, 10)), axis=1)
    soft = scaled(posteriors.astype(np.float32), 2.5)
    np.testing.assert_array_equal(soft.argmax(axis=1), posteriors.argmax(axis=1))
    np.testing.assert_allclose(soft.sum(axis=1), 1.0, atol=1e-6)
    assert soft.max() < posteriors.max()


def test_the_temperature_stays_between_a_quarter_and_ten() -> None:
    labels = np.tile([0, 1], 500)
    timid = np.tile(np.array([[0.6, 0.4], [0.4, 0.6]], np.float32), (500, 1))
    assert temperature(timid, labels) == 0.25
    wrong = np.array([[0.999, 0.001], [0.999, 0.001]], np.float32)
    wrong[:, 1] = [1e-9, 1e-9]
    assert temperature(wrong, np.array([1, 1])) == 10.0


def test_the_temperature_has_steps_of_about_a_hundredth_and_three_digits() -> None:
    """Odds of 4 that are right three times in four are to be odds of 3: log 4 / log 3 = 1.262."""
    claimed = np.tile(np.array([[0.8, 0.2]], np.float32), (40_000, 1))
    labels = (np.arange(40_000) % 4 == 0).astype(int)
    found = temperature(claimed, labels)
    assert found == pytest.approx(np.log(4) / np.log(3), rel=0.006)
    assert found == round(found, 3)
    assert found != round(found, 2)


@pytest.mark.parametrize("n_tracks", [30, 300])
def test_tracks_that_are_all_right_make_no_window_surer_than_they_can_show(n_tracks: int) -> None:
    sure = np.tile(np.array([[0.98, 0.01, 0.01]], np.float32), (10 * n_tracks, 1))
    labels = np.zeros(len(sure), np.int64)
    found = temperature(sure, labels, np.repeat(np.arange(n_tracks), 10))
    calibrated = scaled(sure, found)[0, 0]
    assert calibrated == pytest.approx((n_tracks + 1) / (n_tracks + 2), abs=0.002)
