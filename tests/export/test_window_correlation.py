"""Whole tracks whose posterior is calibrated."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from edge_runtime.decoder import combined_posterior
from export.window_correlation import MINIMUM_TRACKS, track_calibration


def windows_of_tracks(
    shared: float, n_tracks: int = 400, n_windows: int = 6
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Windows that a model is calibrated on; a share of what they say is that of the track.

    Evidence for the true one of two labels is normal with a mean of half its variance, so that a
    window's posterior is right as often as it says.
    """
    generator = np.random.default_rng(0)
    variance = 2.0
    of_track = generator.normal(0.0, np.sqrt(shared * variance), (n_tracks, 1))
    own = generator.normal(0.0, np.sqrt((1 - shared) * variance), (n_tracks, n_windows))
    true = generator.integers(0, 2, n_tracks)
    evidence = (variance / 2 + of_track + own).reshape(-1)
    labels = np.repeat(true, n_windows)
    for_first = np.where(labels == 0, evidence, -evidence)
    posteriors = softmax(np.stack([for_first, np.zeros_like(for_first)], axis=1), axis=1)
    return posteriors.astype(np.float32), labels, np.repeat(np.arange(n_tracks), n_windows)


@pytest.mark.parametrize("shared", [0.0, 0.4, 0.8])
def test_the_correlation_of_windows_is_found(shared: float) -> None:
    found = track_calibration(*windows_of_tracks(shared))
    assert found is not None
    assert found.window_correlation == pytest.approx(shared, abs=0.12)
    assert found.log_loss <= found.mean_log_loss
    if shared < 0.8:  # the mean of many windows that are right in 84 % of the cases is too modest
        assert found.calibration_error < 0.05 < found.mean_calibration_error
    assert found.n_tracks == 400


def test_figures_are_those_of_the_runtimes_own_posteriors() -> None:
    posteriors, labels, tracks = windows_of_tracks(0.4, 50)
    found = track_calibration(posteriors, labels, tracks, given=0.25)
    assert found is not None
    assert found.window_correlation == 0.25
    combined = np.array([combined_posterior(posteriors[tracks == t], 0.25) for t in range(50)])
    of_truth = combined[np.arange(50), labels[::6]]
    assert found.log_loss == pytest.approx(-np.log(of_truth).mean())
    assert found.to_dict()["window_correlation"] == 0.25


def test_silent_windows_and_the_order_of_tracks_change_nothing() -> None:
    posteriors, labels, tracks = windows_of_tracks(0.4, 60)
    order = np.random.default_rng(1).permutation(len(labels))
    silent = np.zeros((60, 2), np.float32)
    again = track_calibration(
        np.concatenate([posteriors[order], silent]),
        np.concatenate([labels[order], np.zeros(60, int)]),
        np.concatenate([7 * tracks[order], 7 * np.arange(60)]),
    )
    before = track_calibration(posteriors, labels, tracks)
    assert before is not None
    assert again is not None
    assert again.window_correlation == before.window_correlation
    assert again.log_loss == pytest.approx(before.log_loss)


def test_few_tracks_and_single_windows_are_not_fitted() -> None:
    few = MINIMUM_TRACKS - 1
    assert track_calibration(*windows_of_tracks(0.4, few)) is None
    assert track_calibration(*windows_of_tracks(0.4, MINIMUM_TRACKS)) is not None
    assert track_calibration(*windows_of_tracks(0.4, 100, 1)) is None
    assert track_calibration(*windows_of_tracks(0.4, few), 0.5) is not None  # it was given


def test_the_mean_stays_where_it_is_likelier() -> None:
    """One window in four is sure and wrong: a product would follow it."""
    posteriors = np.tile(np.array([[0.7, 0.3]] * 3 + [[0.001, 0.999]], np.float32), (40, 1))
    found = track_calibration(posteriors, np.zeros(160, int), np.arange(160) // 4)
    assert found is not None
    assert found.window_correlation is None
    assert found.log_loss == found.mean_log_loss


@pytest.mark.parametrize("n_tracks", [40, 400])
def test_tracks_that_are_all_right_are_as_sure_as_so_many_can_show(n_tracks: int) -> None:
    posteriors = np.tile(np.array([[0.7, 0.2, 0.1]]), (10 * n_tracks, 1))
    tracks = np.repeat(np.arange(n_tracks), 10)
    found = track_calibration(posteriors, np.zeros(len(tracks), int), tracks)
    assert found is not None
    confidence = combined_posterior(posteriors[:10], found.window_correlation).max()
    assert confidence == pytest.approx((n_tracks + 1) / (n_tracks + 2), abs=0.005)
