"""Models with a second front end: its features are further rows of the model input."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime import Classifier, ClassifierStream, FrontEnd
from edge_runtime.audio.windows import RatePath
from edge_runtime.decoder import DecoderSettings
from edge_runtime.errors import ModelFileError
from edge_runtime.frontend import FrontEndParams
from edge_runtime.stream.window_scheduler import ScheduledWindow, WindowScheduler

from .sounds import noise
from .tagged_models import PARAMS, RATE, SECOND, model_input, some_weights, tagged_model

ROWS = PARAMS.n_frames
SETTINGS = DecoderSettings(interval_s=8 * PARAMS.hop / RATE)


def two_inputs(**values: Any) -> Classifier:
    model = tagged_model((0.0,) * 15, weights=some_weights(SECOND), second_front_end=SECOND,
                         **values)  # fmt: skip
    return Classifier(model)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return two_inputs()


def test_its_rows_are_below_those_of_the_first_and_of_the_middle_of_the_window(
    classifier: Classifier,
) -> None:
    window = noise(RATE)
    features = classifier.features(window)
    assert features.shape == model_input(SECOND) == (ROWS + 10, 8)
    assert features.dtype == np.float32
    assert np.array_equal(features[:ROWS], FrontEnd(PARAMS)(window))
    begin = (RATE - SECOND.window_samples) // 2
    middle = FrontEnd(SECOND)(window[begin : begin + SECOND.window_samples])
    assert np.array_equal(features[ROWS:].reshape(20, 4), middle)


def test_sound_at_the_edges_of_the_window_is_not_in_them(classifier: Classifier) -> None:
    window = noise(RATE)
    begin = (RATE - SECOND.window_samples) // 2
    other = window.copy()
    other[:begin], other[begin + SECOND.window_samples :] = 0.5, 0.5
    assert np.array_equal(classifier.features(window)[ROWS:], classifier.features(other)[ROWS:])
    assert not np.array_equal(classifier.features(window)[:ROWS], classifier.features(other)[:ROWS])


def test_sound_shorter_than_a_window_is_repeated_for_both(classifier: Classifier) -> None:
    short = noise(RATE // 2)
    twice = np.concatenate([short, short])
    assert np.array_equal(classifier.features(short), classifier.features(twice))


def in_chunks(classifier: Classifier, sound: npt.NDArray[np.float32], sizes: list[int],
              rate: int) -> list[tuple[int, npt.NDArray[np.float32]]]:  # fmt: skip
    """Start and features of each window of a stream."""
    scheduler = WindowScheduler(classifier, SETTINGS, rate)
    found = []

    def take(windows: Any) -> None:
        for window in windows:
            assert isinstance(window, ScheduledWindow)
            found.append((round(window.start_s * RATE), window.features.copy()))

    first = 0
    for size in sizes:
        take(scheduler.push(sound[first : first + size]))
        first += size
    take(scheduler.push(sound[first:]))
    take(scheduler.finish())
    return found


@pytest.mark.parametrize("rate", [RATE, 48_000])
@given(sizes=st.lists(st.integers(0, 20_000), max_size=8))
def test_a_stream_has_the_features_of_the_file_bit_for_bit_for_any_chunks(
    classifier: Classifier, rate: int, sizes: list[int]
) -> None:
    sound = noise(2 * rate)
    path = RatePath(rate, PARAMS)
    samples = np.concatenate([path.push(sound), path.finish()])
    windows = in_chunks(classifier, sound, sizes, rate)
    assert len(windows) >= 8
    for start, features in windows:
        assert np.array_equal(features, classifier.features(samples[start : start + RATE]))


@given(sizes=st.lists(st.integers(0, 20_000), max_size=8))
def test_the_events_of_a_stream_are_the_same_for_any_chunks(
    classifier: Classifier, sizes: list[int]
) -> None:
    sound = noise(2 * RATE)
    whole, parts = (ClassifierStream(classifier, settings=SETTINGS) for _ in range(2))
    expected = whole.push(sound) + whole.finish()
    found, first = [], 0
    for size in sizes:
        found += parts.push(sound[first : first + size])
        first += size
    found += parts.push(sound[first:]) + parts.finish()
    names = ("end", "label", "posterior", "raw_posterior", "tags", "styles", "style", "mood")
    assert [[getattr(event, name) for name in names] for event in found] == [
        [getattr(event, name) for name in names] for event in expected
    ]
    assert len({tuple(event.tags.values()) for event in expected}) == len(expected)


def test_the_window_at_the_end_of_a_stream_has_both(classifier: Classifier) -> None:
    stream = ClassifierStream(classifier)
    sound = noise(RATE // 2)
    assert stream.push(sound) == []
    (event,) = stream.finish()
    alone = classifier.classify_window(sound)
    assert event.raw_posterior == classifier.by_label(alone.posterior)


@pytest.mark.parametrize(
    "changes",
    [
        {"sample_rate": 22_050},
        {"window_samples": RATE + 1},
        {"window_samples": SECOND.window_samples + SECOND.hop},
        {"dc_block_hz": 20.0},
    ],
    ids=["rate", "window", "rows", "offset"],
)
def test_one_that_does_not_fit_the_first_is_refused(changes: dict[str, Any]) -> None:
    second = dataclasses.replace(SECOND, **changes)
    with pytest.raises(ValueError, match="second_front_end does not fit front_end"):
        tagged_model((0.0,) * 15, second_front_end=second)


def test_one_that_cannot_be_computed_is_refused_by_its_key() -> None:
    narrow = FrontEndParams(
        kind="log_mel", sample_rate=RATE, window_samples=64, n_fft=64, hop=64, n_mels=8,
        padding="none", fmin=7000.0, fmax=7001.0,
    )  # fmt: skip
    model = tagged_model((0.0,) * 15, second_front_end=narrow)
    with pytest.raises(ModelFileError, match="tagged: manifest: second_front_end: "):
        Classifier(model)
