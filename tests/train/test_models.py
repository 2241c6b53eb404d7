"""Every model of the zoo on windows that any of them can separate."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.models import BASELINES, MODELS, NETWORKS
from train.models.baseline import gaussians, statistics
from train.models.gaussian_knn import symmetric_divergence
from train.transfer.recipe import Recipe

GENERATOR = np.random.default_rng(0)


def windows(n: int, seed: int, genres: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frames of three kinds: another mean, another spread; four windows a track."""
    generator = np.random.default_rng(seed)
    labels = np.arange(n) // 4 % genres
    frames = generator.standard_normal((n, 40, 13)) * (1.0 + labels)[:, None, None]
    frames[:, :, 0] += 2.0 * labels[:, None]
    return frames.astype(np.float32), labels, np.arange(n) // 4


@pytest.mark.parametrize("name", sorted(BASELINES))
def test_a_baseline_is_fitted_and_gives_posteriors(name: str) -> None:
    baseline = BASELINES[name].build(3, 0)
    baseline.fit(*windows(120, seed=1))
    features, labels, _ = windows(60, seed=2)
    posteriors = baseline.predict(features)
    assert posteriors.shape == (60, 3)
    assert posteriors.dtype == np.float32
    np.testing.assert_allclose(posteriors.sum(axis=1), 1.0, atol=1e-5)
    # Clusters were found without genres: some hold two.
    at_least = 0.6 if name == "kmeans" else 0.9
    assert (posteriors.argmax(axis=1) == labels).mean() > at_least
    # Means and covariances of 120 windows; 12 centres and mixes; support vectors and two factors.
    n = {"knn": 120 * (13 + 13 * 13), "kmeans": 12 * (104 + 3)}.get(name, baseline.parameters)
    assert baseline.parameters == n
    assert name != "svm" or 0 < baseline.parameters <= 120 * (104 + 2)
    assert name != "svm" or baseline.parameters % (104 + 2) == 0


@pytest.mark.parametrize("name", sorted(BASELINES))
def test_a_baseline_gives_the_same_twice(name: str) -> None:
    found = []
    for _ in range(2):
        baseline = BASELINES[name].build(3, 7)
        baseline.fit(*windows(60, seed=1))
        found.append(baseline.predict(windows(30, seed=2)[0]))
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("name", sorted(BASELINES))
def test_a_genre_of_one_track_does_not_stop_a_baseline(name: str) -> None:
    features, labels, tracks = windows(24, seed=1)
    labels[:4], labels[4:] = 0, 1 + labels[4:] % 2
    baseline = BASELINES[name].build(3, 0)
    baseline.fit(features, labels, tracks)
    assert np.isfinite(baseline.predict(features)).all()


@given(st.integers(0, 2**31 - 1))
def test_the_divergence_is_that_of_the_definition(seed: int) -> None:
    generator = np.random.default_rng(seed)

    def terms(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        root = generator.standard_normal((n, 3, 3)) + 2 * np.eye(3)
        covariance = root @ root.transpose(0, 2, 1) + 0.1 * np.eye(3)
        return generator.standard_normal((n, 3)), covariance, np.linalg.inv(covariance)

    def divergence(p: int, q: int) -> float:
        """Kullback-Leibler, by the book, of one pair."""
        (mp, sp, _), (mq, sq, iq) = (
            (values[0][i], values[1][i], values[2][i]) for values, i in ((a, p), (b, q))
        )
        gap = mq - mp
        logs = np.linalg.slogdet(sq)[1] - np.linalg.slogdet(sp)[1]
        return 0.5 * float(np.trace(iq @ sp) + gap @ iq @ gap - 3 + logs)

    a, b = terms(3), terms(2)
    swapped = symmetric_divergence(b, a)
    found = symmetric_divergence(a, b)
    np.testing.assert_allclose(found, swapped.T, rtol=1e-9, atol=1e-9)
    for p in range(3):
        for q in range(2):
            there = divergence(p, q)
            a, b = b, a
            back = divergence(q, p)
            a, b = b, a
            assert found[p, q] == pytest.approx(there + back, rel=1e-6, abs=1e-6)


def test_statistics_hold_the_mean_and_each_covariance_once() -> None:
    features = GENERATOR.standard_normal((5, 50, 4)).astype(np.float32)
    means, covariances = gaussians(features)
    np.testing.assert_allclose(covariances[2], np.cov(features[2].T), rtol=1e-5)
    rows = statistics(features)
    assert rows.shape == (5, 4 + 10)
    np.testing.assert_array_equal(rows[:, :4], means)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_a_network_gives_posteriors_for_its_front_end(name: str) -> None:
    from edge_runtime.frontend import PRESETS

    params = PRESETS[NETWORKS[name].front_end]
    model = NETWORKS[name].build((params.n_frames, params.n_coefficients), 10)
    shape = (2, params.n_frames, params.n_coefficients, 1)
    posteriors = model(np.zeros(shape, np.float32)).numpy()
    assert posteriors.shape == (2, 10)
    np.testing.assert_allclose(posteriors.sum(axis=1), 1.0, atol=1e-5)
    assert model.count_params() < 250_000


def test_every_model_names_its_paper_or_year() -> None:
    for name, recipe in MODELS.items():
        text = (recipe if isinstance(recipe, Recipe) else recipe.build).__doc__ or ""
        assert re.search(r"\b(19|20)\d\d\b", text), name
