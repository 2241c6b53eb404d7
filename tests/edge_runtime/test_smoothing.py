"""Forward-backward: each moment judged by what came before and what comes after."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.decoder import DecoderSettings, HmmFilter
from edge_runtime.smoothing import smoothed_posteriors

WINDOW_S = 3.0


def brute_force(posteriors, silent, elapsed_s, dwell_s):
    """Marginals of every path of labels, one by one, by the model's own definition."""
    n, k = posteriors.shape
    marginals = np.zeros((n, k))
    for path in itertools.product(range(k), repeat=n):
        p = 1.0 / k
        for i, label in enumerate(path):
            if i:
                stay = math.exp(-elapsed_s[i] / dwell_s)
                p *= stay if path[i - 1] == label else (1.0 - stay) / (k - 1)
            if not silent[i]:
                p *= max(posteriors[i, label], 1e-3) ** min(1.0, elapsed_s[i] / WINDOW_S)
        for i, label in enumerate(path):
            marginals[i, label] += p
    return marginals / marginals.sum(axis=1, keepdims=True)


@st.composite
def recordings(draw):
    n, k = draw(st.integers(1, 6)), draw(st.integers(2, 3))
    weights = draw(
        st.lists(
            st.lists(st.sampled_from([0.0, 0.1, 0.5, 1.0]), min_size=k, max_size=k).filter(
                lambda row: sum(row) > 0.1
            ),
            min_size=n,
            max_size=n,
        )
    )
    values = np.array(weights)
    silent = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    elapsed = draw(st.lists(st.floats(0.05, 6.0), min_size=n, max_size=n))
    dwell_s = draw(st.floats(1.0, 300.0))
    return (values / values.sum(axis=1, keepdims=True)).astype(np.float32), silent, elapsed, dwell_s


@given(recordings())
def test_it_equals_the_enumeration_of_every_path(recording):
    posteriors, silent, elapsed_s, dwell_s = recording
    found = smoothed_posteriors(
        posteriors, silent, elapsed_s, DecoderSettings(dwell_s=dwell_s), WINDOW_S
    )
    np.testing.assert_allclose(
        found, brute_force(posteriors, silent, elapsed_s, dwell_s), atol=2e-6
    )


@given(recordings())
def test_the_last_window_has_nothing_behind_it_and_is_the_filters(recording):
    posteriors, silent, elapsed_s, dwell_s = recording
    settings = DecoderSettings(dwell_s=dwell_s)
    hmm = HmmFilter(tuple("abc"[: posteriors.shape[1]]), settings, WINDOW_S)
    for posterior, quiet, seconds in zip(posteriors, silent, elapsed_s, strict=True):
        last = hmm.update(None if quiet else posterior, seconds)
    found = smoothed_posteriors(posteriors, silent, elapsed_s, settings, WINDOW_S)
    np.testing.assert_allclose(found[-1], last, atol=1e-6)


def test_one_odd_window_between_many_is_overruled_by_both_sides():
    posteriors = np.tile(np.float32([0.9, 0.1]), (21, 1))
    posteriors[10] = [0.01, 0.99]
    found = smoothed_posteriors(posteriors, [False] * 21, [3.0] * 21, DecoderSettings(), WINDOW_S)
    assert (found[:, 0] > 0.9).all()


def test_ten_hours_do_not_vanish_in_the_rounding():
    n = 48_000
    posteriors = np.tile(np.float32([1.0, 0.0]), (n, 1))
    posteriors[n // 2 :] = [0.0, 1.0]
    found = smoothed_posteriors(posteriors, [False] * n, [0.75] * n, DecoderSettings(), WINDOW_S)
    assert np.isfinite(found).all()
    assert found.sum(axis=1) == pytest.approx(np.ones(n), abs=1e-5)
    assert (found.argmax(axis=1) == (np.arange(n) >= n // 2)).all()


def test_a_model_of_one_label_is_sure_of_it():
    found = smoothed_posteriors(
        np.ones((4, 1), np.float32), [False] * 4, [3.0] * 4, DecoderSettings(), WINDOW_S
    )
    assert found.tolist() == [[1.0]] * 4
