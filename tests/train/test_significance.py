import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from train.evaluation.significance import (
    McNemar,
    bootstrap_interval,
    bootstrap_sums,
    mcnemar,
    percentile_interval,
)


def test_mcnemar_counts_the_tracks_that_one_alone_has_right() -> None:
    first = np.array([1, 1, 1, 1, 0, 0], bool)
    second = np.array([1, 0, 0, 0, 1, 0], bool)
    test = mcnemar(first, second)
    assert (test.n, test.b, test.c) == (6, 3, 1)
    assert test.p == 0.625  # 2 (C(4,0) + C(4,1)) / 2^4 = 10 / 16


@pytest.mark.parametrize(
    ("b", "c", "p"),
    [
        (0, 0, 1.0),  # no difference is no evidence
        (1, 0, 1.0),
        (5, 0, 2 / 2**5),
        (0, 6, 2 / 2**6),
        (1, 9, 2 * (1 + 10) / 2**10),
        (2, 10, 2 * (1 + 12 + 66) / 2**12),
        (4, 4, 1.0),
    ],
)
def test_mcnemars_p_is_the_one_worked_out_by_hand(b: int, c: int, p: float) -> None:
    assert McNemar(100, b, c).p == p


@given(b=st.integers(0, 300), c=st.integers(0, 300))
def test_mcnemars_p_is_the_exact_sum_whichever_model_comes_first(b: int, c: int) -> None:
    p = McNemar(1000, b, c).p
    assert p == McNemar(1000, c, b).p
    tail = sum(math.comb(b + c, k) for k in range(min(b, c) + 1))
    assert p == pytest.approx(min(1.0, 2 * tail / 2 ** (b + c)), rel=1e-9)


def test_thousands_of_differences_have_a_p() -> None:
    assert McNemar(20_000, 5000, 5000).p == 1.0
    assert McNemar(20_000, 4000, 6000).p < 1e-80


def test_a_model_does_not_differ_from_itself() -> None:
    right = np.random.default_rng(0).integers(0, 2, 50).astype(bool)
    test = mcnemar(right, right)
    assert (test.b, test.c, test.p) == (0, 0, 1.0)


@pytest.mark.slow
def test_equal_models_differ_significantly_in_at_most_five_of_a_hundred_cases() -> None:
    generator = np.random.default_rng(0)
    wrongly = [
        mcnemar(generator.random(80) < 0.6, generator.random(80) < 0.6).p < 0.05
        for _ in range(4000)
    ]
    assert 0.0 < np.mean(wrongly) <= 0.05


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_the_interval_is_about_the_normal_one_where_that_holds(share: float) -> None:
    correct = np.arange(2000) < 2000 * share
    half = norm.ppf(0.975) * np.sqrt(share * (1 - share) / 2000)
    low, high = bootstrap_interval(correct)
    assert low == pytest.approx(share - half, abs=0.003)
    assert high == pytest.approx(share + half, abs=0.003)


def test_the_interval_holds_the_truth_nineteen_times_in_twenty() -> None:
    generator = np.random.default_rng(1)
    intervals = [bootstrap_interval(generator.random(150) < 0.7) for _ in range(200)]
    held = np.mean([low <= 0.7 <= high for low, high in intervals])
    assert 0.90 <= held <= 0.99


def test_large_data_sets_are_drawn_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    correct = np.arange(90) < 60
    at_once = bootstrap_sums(correct[:, np.newaxis])
    monkeypatch.setattr("train.evaluation.significance._DRAWS_AT_ONCE", 700 * 90)
    in_blocks = bootstrap_sums(correct[:, np.newaxis])
    np.testing.assert_array_equal(at_once, in_blocks)
    assert in_blocks.shape == (2000, 1)


def test_columns_are_drawn_together() -> None:
    values = np.random.default_rng(0).random(40)
    sums = bootstrap_sums(np.stack([values, 3 * values, np.ones(40)], axis=1))
    assert sums.shape == (2000, 3)
    np.testing.assert_allclose(sums[:, 1], 3 * sums[:, 0])
    np.testing.assert_array_equal(sums[:, 2], 40)


def test_one_track_has_an_interval_too() -> None:
    assert bootstrap_interval(np.array([True])) == (1.0, 1.0)


def test_an_interval_is_of_2000_resamples_and_leaves_out_a_fortieth_on_either_side() -> None:
    assert bootstrap_sums(np.ones((3, 2))).shape == (2000, 2)
    assert percentile_interval(np.arange(1001.0)) == (25.0, 975.0)
