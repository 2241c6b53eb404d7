"""The gate's figures and its verdict."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, rel_entr, softmax
from scipy.stats import binomtest

from export.parity import Parity, compare, mcnemar_p
from export.quantize.layer_error import layer_errors, worst_layer
from export.tag_parity import TagParity, compare_tags


def run_of(labels: np.ndarray, tracks: np.ndarray) -> Any:
    return SimpleNamespace(valid_labels=labels, valid_tracks=tracks)


GOOD = Parity(
    n_windows=1000, n_tracks=100, agreement=1.0, max_posterior_error=0.0,
    mean_posterior_error=0.0, kl=0.0, segment_accuracy=0.6, float_segment_accuracy=0.6,
    track_accuracy=0.7, float_track_accuracy=0.7, mcnemar_p=1.0,
)  # fmt: skip


def but(**values: Any) -> Parity:
    return dataclasses.replace(GOOD, **values)


def test_figures_are_what_numpy_and_scipy_say() -> None:
    generator = np.random.default_rng(0)
    keras = softmax(generator.normal(0, 2, (60, 4)), axis=1).astype(np.float32)
    found = softmax(np.log(keras) + generator.normal(0, 0.5, keras.shape), axis=1)
    labels = np.repeat(np.arange(4), 15)
    parity = compare(run_of(labels, np.arange(60) // 5), keras, found.astype(np.float32))
    assert (parity.n_windows, parity.n_tracks) == (60, 12)
    assert parity.agreement == np.mean(found.argmax(1) == keras.argmax(1)) < 1.0
    assert parity.max_posterior_error == pytest.approx(np.abs(found - keras).max(), rel=1e-5)
    assert parity.mean_posterior_error == pytest.approx(np.abs(found - keras).mean(), rel=1e-5)
    assert parity.kl == pytest.approx(rel_entr(keras, found).sum(1).mean(), rel=1e-4)
    means = keras.reshape(12, 5, 4).mean(1)
    assert parity.float_track_accuracy == np.mean(means.argmax(1) == labels[::5])
    right = found.reshape(12, 5, 4).mean(1).argmax(1) == labels[::5]
    assert parity.track_accuracy == np.mean(right)
    assert parity.float_segment_accuracy == np.mean(keras.argmax(1) == labels)
    assert parity.segment_accuracy == np.mean(found.argmax(1) == labels)
    assert parity.mcnemar_p == mcnemar_p(right, means.argmax(1) == labels[::5])


def test_a_track_is_right_by_the_mean_of_its_windows_whatever_the_first_or_most_say() -> None:
    """Three tracks of three windows; the file is right on one, Keras on two."""
    sure, unsure, wrong = [0.9, 0.1], [0.45, 0.55], [0.1, 0.9]
    found = np.array([unsure, unsure, sure, sure, wrong, wrong, wrong, sure, wrong], np.float32)
    keras = np.array([wrong, sure, sure, unsure, unsure, sure, sure, wrong, wrong], np.float32)
    parity = compare(run_of(np.zeros(9, int), np.repeat([7, 3, 5], 3)), keras, found)
    assert parity.n_tracks == 3
    assert parity.track_accuracy == pytest.approx(1 / 3)
    assert parity.float_track_accuracy == pytest.approx(2 / 3)
    assert parity.segment_accuracy == pytest.approx(3 / 9)
    assert parity.float_segment_accuracy == pytest.approx(4 / 9)
    assert parity.mcnemar_p == 1.0


def test_a_tie_of_two_labels_is_no_disagreement() -> None:
    keras = np.array([[0.4, 0.4, 0.2]], np.float32)
    found = np.array([[0.3999999, 0.4000001, 0.2]], np.float32)
    one = run_of(np.array([0]), np.array([0]))
    assert compare(one, keras, found).agreement == 1.0
    apart = np.array([[0.40001, 0.39999, 0.2]], np.float32)  # by more than float32 rounds
    assert compare(one, apart, found).agreement == 0.0


@pytest.mark.parametrize(("b", "c"), [(0, 0), (1, 0), (3, 9), (20, 4), (7, 7)])
def test_mcnemar_is_the_exact_binomial_test(b: int, c: int) -> None:
    first = np.array([True] * b + [False] * c + [True] * 5)
    second = np.array([False] * b + [True] * c + [True] * 5)
    expected = binomtest(b, b + c).pvalue if b + c else 1.0
    assert mcnemar_p(first, second) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("quantization", "least"),
    [("none", 1.0), ("float16", 0.999), ("dynamic", 0.985), ("int8", 0.985), ("int8-mixed", 0.985)],
)
def test_each_precision_has_its_own_threshold(quantization: str, least: float) -> None:
    assert but(agreement=least).failures(quantization) == []
    (reason,) = but(agreement=least - 0.001).failures(quantization)
    assert f"at least {least:.1%} is required" in reason


def test_float32_must_give_the_same_posteriors_too() -> None:
    assert "posteriors differ" in but(max_posterior_error=2e-4).failures("none")[0]
    assert but(max_posterior_error=2e-4).failures("float16") == []


def test_one_lost_track_is_always_allowed_but_two_may_not_be() -> None:
    assert but(track_accuracy=0.69).failures("int8") == []
    assert "2 of 100 tracks" in but(track_accuracy=0.68).failures("int8")[0]
    many = but(n_tracks=10_000, track_accuracy=0.696)
    assert many.failures("int8") == []
    assert "McNemar" in dataclasses.replace(many, mcnemar_p=0.01).failures("int8")[0]
    assert but(track_accuracy=0.8, mcnemar_p=0.001).failures("int8") == []


def test_too_few_windows_are_noted() -> None:
    assert "note" not in but(n_windows=500).to_dict("int8")
    assert "499 windows only" in but(n_windows=499).to_dict("int8")["note"]
    assert but(agreement=0.5).to_dict("int8")["status"] == "failed"


def test_the_worst_layer_is_the_one_that_adds_the_error_not_those_behind_it() -> None:
    generator = np.random.default_rng(0)
    first, second, third = generator.normal(0, 1, (3, 50, 8)).astype(np.float32)
    noise = 0.2 * generator.normal(0, 1, first.shape).astype(np.float32)
    errors = layer_errors(
        {"a": first, "b": second, "c": third, "gone": third},
        {"a": first + 0.01, "b": second + noise, "c": third + noise},
    )
    worst = worst_layer(errors)
    assert worst is not None
    assert worst.name == "b"
    assert worst.error == pytest.approx(0.2, rel=0.15)
    assert worst_layer([]) is None


def test_a_posterior_may_differ_by_as_much_as_is_allowed() -> None:
    assert but(max_posterior_error=1e-4).failures("none") == []
    (reason,) = but(max_posterior_error=1.001e-4).failures("none")
    assert reason == "posteriors differ by up to 0.0001; at most 0.0001 is allowed"


def test_half_a_point_of_track_accuracy_may_be_lost_and_no_more() -> None:
    many = but(n_tracks=10_000, float_track_accuracy=0.7)
    assert dataclasses.replace(many, track_accuracy=0.6951).failures("int8") == []
    (reason,) = dataclasses.replace(many, track_accuracy=0.694, mcnemar_p=0.9).failures("int8")
    assert reason == (
        "loses 0.6 points of track accuracy (60 of 10000 tracks, McNemar's p 0.9); at most 0.5 is "
        "allowed"
    )


@pytest.mark.parametrize(("p", "lost", "fails"), [
    (0.05, 0.001, False), (0.049, 0.001, True), (0.001, 0.0, False), (0.001, -0.001, False),
])  # fmt: skip
def test_a_loss_of_any_size_fails_where_it_is_more_than_chance(
    p: float, lost: float, fails: bool
) -> None:
    parity = but(n_tracks=10_000, track_accuracy=0.7 - lost, mcnemar_p=p)
    assert bool(parity.failures("int8")) == fails


def test_the_manifest_holds_the_figures_with_five_digits_and_what_they_are_of() -> None:
    parity = but(agreement=0.99123456, kl=0.000123456789, n_windows=499)
    assert parity.to_dict("int8") == {
        "status": "passed",
        "note": "checked on 499 windows only; a reliable check takes 500 or more",
        "against": "float Keras model, validation windows, through the device runtime",
        "n_windows": 499, "n_tracks": 100, "agreement": 0.99123, "max_posterior_error": 0.0,
        "mean_posterior_error": 0.0, "kl": 0.00012346, "segment_accuracy": 0.6,
        "float_segment_accuracy": 0.6, "track_accuracy": 0.7, "float_track_accuracy": 0.7,
        "mcnemar_p": 1.0,
    }  # fmt: skip
    failed = but(agreement=0.98).to_dict("int8", "windows that both were trained on")
    assert failed["status"] == "failed"
    assert failed["failures"] == [
        "agrees with the Keras model on 98.00% of 1000 validation windows; at least 98.5% is "
        "required"
    ]
    assert "windows that both were trained on" in failed["against"]


def test_a_track_is_what_its_windows_are_together() -> None:
    """One sure window outweighs two that lean the other way, unless all say the same again."""
    windows = np.array([[0.98, 0.02], [0.3, 0.7], [0.3, 0.7]], np.float32)
    run = run_of(np.zeros(3, int), np.zeros(3, int))
    for correlation in (0.0, 0.5, 1.0):
        assert compare(run, windows, windows, correlation).track_accuracy == 1.0
    unsure = np.array([[0.9, 0.1], [0.1, 0.9], [0.3, 0.7]], np.float32)
    assert compare(run, windows, unsure, 0.2).track_accuracy == 0.0
    sure = np.array([[0.999, 0.001], [0.2, 0.8], [0.1, 0.9]], np.float32)  # the mean is 0.433
    assert compare(run, windows, sure, 0.5).track_accuracy == 1.0
    assert compare(run, windows, sure).track_accuracy == 0.0


def test_tags_are_compared_by_their_probabilities_and_the_likeliest_three() -> None:
    keras = np.array([[2, 1, 0, -1], [5, 4, 3, 2]], np.float32)
    found = np.array([[2, 1, -1, 0], [3, 4, 5, 2]], np.float32)  # the first has another third
    tags = compare_tags(keras, found)
    assert tags is not None
    difference = np.abs(expit(keras) - expit(found))
    assert tags.n == 4
    assert tags.max_error == pytest.approx(difference.max(), rel=1e-6)
    assert tags.mean_error == pytest.approx(difference.mean(), rel=1e-6)
    assert tags.same_likeliest == 0.5
    tied = compare_tags(np.zeros((1, 4), np.float32), found[:1])
    assert tied is not None
    assert tied.same_likeliest == 1.0
    few = compare_tags(keras[:, :2], found[:, 1::-1])
    assert few is not None
    assert few.same_likeliest == 1.0  # there are no more than two
    assert compare_tags(keras[:, :0], found[:, :0]) is None


TAGS = TagParity(n=50, max_error=0.0, mean_error=0.0, same_likeliest=1.0)


@pytest.mark.parametrize(
    ("quantization", "figure", "most"),
    [
        ("none", "max_error", 1e-4),
        ("float16", "max_error", 0.02),
        ("dynamic", "mean_error", 0.01),
        ("int8", "mean_error", 0.01),
    ],
)
@pytest.mark.parametrize("what", ["tags", "styles"])
def test_each_precision_has_a_threshold_for_tags_too(
    quantization: str, figure: str, most: float, what: str
) -> None:
    at, above = (dataclasses.replace(TAGS, **{figure: most * factor}) for factor in (1.0, 1.01))
    assert but(**{what: at}).failures(quantization) == []
    (reason,) = but(**{what: above}).failures(quantization)
    assert f"probabilities of {what} differ" in reason
    assert reason.endswith(f"at most {most:g} is allowed")


@pytest.mark.parametrize(
    ("quantization", "least"), [("none", 1.0), ("float16", 0.97), ("int8", 0.9)]
)
def test_the_likeliest_tags_must_be_the_same(quantization: str, least: float) -> None:
    assert but(tags=dataclasses.replace(TAGS, same_likeliest=least)).failures(quantization) == []
    failing = but(tags=dataclasses.replace(TAGS, same_likeliest=least - 0.01))
    (reason,) = failing.failures(quantization)
    assert "same three likeliest tags" in reason
    values = failing.to_dict(quantization)
    assert values["status"] == "failed"
    assert values["tags"]["same_likeliest"] == pytest.approx(least - 0.01)
    assert "styles" not in values


def test_the_error_that_a_layer_adds_is_what_was_not_there_before() -> None:
    one = np.ones((10, 2), np.float32)
    errors = layer_errors(
        {"a": one, "b": one, "c": one}, {"a": 0.7 * one, "b": 0.5 * one, "c": one}
    )
    assert [round(error.error, 6) for error in errors] == [0.3, 0.5, 0.0]
    assert [round(error.added, 6) for error in errors] == [0.3, 0.4, 0.0]
