"""A stream whose model or source changes while it goes on.

Windows of the seed CNN are 3 s at 22050 Hz, those of `tiny` 3.008 s at 16000 Hz.
"""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime import Classifier, ClassifierStream
from edge_runtime.decoder import DecoderSettings
from edge_runtime.errors import AudioFormatError, ParameterError

from ..sounds import RATE, noise
from .test_classifier_stream import SETTINGS, N, classify, clock, new_sound, open_stream

ONE_SAMPLE = 1 / RATE


@pytest.fixture(scope="module")
def tiny():
    return Classifier("tiny")


def pushed(stream, samples, size=1000):
    return [
        event
        for first in range(0, len(samples), size)
        for event in stream.push(samples[first : first + size])
    ]


@given(before=st.integers(0, 6 * RATE), size=st.integers(100, 40_000))
def test_a_model_that_is_exchanged_for_itself_changes_nothing(classifier, before, size):
    samples = noise(7 * RATE)
    expected = classify(open_stream(classifier), samples)
    stream = open_stream(classifier)
    events = pushed(stream, samples[:before], size)
    stream.change_model(classifier, SETTINGS)
    events += pushed(stream, samples[before:], size) + stream.finish()
    assert clock(events) == clock(expected)
    assert [event.raw_posterior for event in events] == [event.raw_posterior for event in expected]
    assert [event.confidence for event in events] == pytest.approx(
        [event.confidence for event in expected], abs=1e-9
    )


@given(before=st.integers(0, 5 * RATE), size=st.integers(100, 40_000))
def test_no_window_is_lost_when_a_model_of_another_rate_takes_over(classifier, tiny, before, size):
    samples = noise(12 * RATE)
    settings = DecoderSettings(interval_s=0.75)
    stream = open_stream(classifier, settings=settings)
    interval = stream.interval_s
    events = pushed(stream, samples[:before], size)
    stream.change_model(tiny, settings)
    events += pushed(stream, samples[before:], size)
    ends = np.array([event.end for event in events])
    # 0.743 and 0.752 s: whole frames of the one model and of the other.
    assert np.all(np.abs(np.diff(ends) - interval) <= abs(stream.interval_s - interval) + 1e-4)
    assert ends[0] == pytest.approx(3.0, abs=0.01 if before else 0.76)
    labels = [tuple(event.posterior) == tiny.labels for event in events]
    assert labels == sorted(labels), "the model before gives no event after the change"
    first = events[labels.index(True)]
    assert before / RATE + 3.008 <= first.end + ONE_SAMPLE
    assert first.end <= before / RATE + 3.008 + 3 * interval
    assert stream.classifier is tiny


def test_the_windows_of_the_new_model_are_those_of_the_sound_at_their_time(classifier, tiny):
    samples = noise(12 * 16_000)
    stream = ClassifierStream(classifier, rate=16_000)
    events = pushed(stream, samples[:40_000])
    stream.change_model(tiny)
    events += pushed(stream, samples[40_000:])
    new = [event for event in events if tuple(event.posterior) == tiny.labels]
    assert len(new) >= 5
    for event in new:
        first, last = round(event.start * 16_000), round(event.end * 16_000)
        assert last - first == tiny.manifest.front_end.window_samples
        alone = tiny.classify_window(samples[first:last])
        assert event.raw_posterior == tiny.by_label(alone.posterior)


def test_the_smoothing_goes_on_where_the_labels_and_settings_are_the_same(classifier):
    stream, other = open_stream(classifier), Classifier("seed-cnn")
    before = stream.push(noise(6 * RATE))[-1]
    stream.change_model(other, SETTINGS)
    after = stream.push(noise(4 * RATE, seed=2))
    alone = open_stream(classifier).push(noise(3 * RATE, seed=2))[0]
    assert after[-1].confidence != alone.confidence
    assert max(before.posterior, key=before.posterior.get) == max(
        after[0].posterior, key=after[0].posterior.get
    )


def test_a_change_before_the_last_one_took_place_counts_alone(classifier, tiny):
    stream = open_stream(classifier)
    stream.push(noise(RATE))
    stream.change_model(tiny)
    stream.change_model(classifier, SETTINGS)
    events = stream.push(noise(9 * RATE))
    assert {tuple(event.posterior) for event in events} == {classifier.labels}


def test_the_clock_stays_exact_through_many_changes(classifier, tiny):
    stream = ClassifierStream(classifier, rate=16_000)
    pushed_samples = 0
    for change in range(40):
        stream.change_model((tiny, classifier)[change % 2])
        samples = noise(16_000 * 4 + change)
        stream.push(samples)
        pushed_samples += len(samples)
    events = stream.push(noise(16_000 * 4)) + stream.finish()
    assert round(stream.seconds * 16_000) == pushed_samples + 64_000
    assert events[-1].end == pytest.approx(stream.seconds, abs=1e-9)


def test_a_source_that_comes_back_is_classified_as_a_new_one_on_the_same_clock(classifier):
    one, two = noise(4 * RATE), noise(4 * 48_000, seed=1)
    stream = open_stream(classifier)
    events = stream.push(one)
    events += stream.resume(rate=48_000, channels=1, missing_s=3600.0)
    events += stream.push(two) + stream.finish()
    before = classify(open_stream(classifier), one)
    after = classify(open_stream(classifier, rate=48_000), two)
    assert [event.raw_posterior for event in events] == [
        event.raw_posterior for event in (*before, *after)
    ]
    assert [event.end for event in events] == pytest.approx(
        [event.end for event in before] + [event.end + 3604.0 for event in after], abs=1e-6
    )
    assert {event.missing_s for event in events[-len(after) :]} == {3600.0}
    assert stream.seconds == pytest.approx(3608.0, abs=1e-9)


@given(
    before=st.integers(0, 5 * RATE),
    missing_s=st.sampled_from([0.0, 0.5, 44.0]),
    size=st.integers(500, 40_000),
)
def test_a_pause_gives_the_events_of_the_gap_at_once_and_no_others(
    classifier, before, missing_s, size
):
    samples = noise(9 * RATE)
    late, early = open_stream(classifier), open_stream(classifier)
    expected, events = pushed(late, samples[:before], size), pushed(early, samples[:before], size)
    at_pause = early.pause()
    assert early.pause() == [], "twice is once"
    assert early.push(samples[:0]) == []
    expected_at_gap = late.resume(missing_s=missing_s)
    assert clock(at_pause) == clock(expected_at_gap)
    if missing_s:
        assert early.resume(missing_s=missing_s) == []
    expected += expected_at_gap + pushed(late, samples[before:], size) + late.finish()
    events += at_pause + pushed(early, samples[before:], size) + early.finish()
    assert clock(events) == clock(expected)
    assert [e.raw_posterior for e in events] == [e.raw_posterior for e in expected]
    assert [e.missing_s for e in events] == [e.missing_s for e in expected]


def test_a_stream_that_ends_in_a_pause_ends_as_if_there_were_none(classifier):
    for n in (RATE, 4 * RATE + 100):
        paused, not_paused = open_stream(classifier), open_stream(classifier)
        events = paused.push(noise(n)) + paused.pause() + paused.finish()
        assert clock(events) == clock(not_paused.push(noise(n)) + not_paused.finish())
        with pytest.raises(ParameterError, match="was finished"):
            paused.pause()


def test_time_that_was_missing_is_no_new_sound(classifier):
    stream = open_stream(classifier)
    events = stream.push(noise(4 * RATE)) + stream.resume(missing_s=3600.0)
    events += stream.push(noise(4 * RATE)) + stream.finish()
    assert new_sound(events) == [3.0, 0.743039, 0.256961] * 2


def test_a_genre_becomes_less_certain_through_a_gap_as_through_any_other_time(classifier):
    settings = DecoderSettings(dwell_s=120.0)
    stream = open_stream(classifier, settings=settings)
    (before,) = stream.push(noise(N))
    stream.resume(missing_s=117.0)
    (after,) = stream.push(np.zeros(N, np.float32))  # silent: only time passes
    # 120 s after the window before, a genre stays with probability 1/e, else it is any of 9 others.
    for label, share in before.posterior.items():
        expected = 0.367879 * share + 0.632121 * (1.0 - share) / 9
        assert after.posterior[label] == pytest.approx(expected, abs=1e-6)


def test_a_gap_counts_towards_the_time_to_confirm(classifier):
    stream = open_stream(classifier, settings=DecoderSettings(confirm_s=60.0))
    (before,) = stream.push(noise(N))
    stream.resume(missing_s=57.0)
    (after,) = stream.push(noise(N))
    assert before.label == "unknown"
    assert after.label == max(after.posterior, key=after.posterior.get)


def test_sound_too_short_for_a_window_before_a_gap_is_new_in_no_window(classifier):
    stream = open_stream(classifier)
    events = stream.push(noise(RATE)) + stream.resume(missing_s=0.5)
    assert new_sound(events + stream.push(noise(N))) == [3.0]


def test_sound_that_the_model_before_classified_is_not_new_to_the_next_one(classifier, tiny):
    stream = ClassifierStream(classifier, rate=16_000, settings=SETTINGS)
    events = stream.push(noise(60_000))
    stream.change_model(tiny, DecoderSettings(interval_s=0.8))
    events += stream.push(noise(60_000)) + stream.finish()
    assert [tuple(event.posterior) == tiny.labels for event in events] == [False] * 6 + [True] * 2
    # Windows of the models overlap: the new one's first ends where one of the old one's would.
    assert new_sound(events) == [3.0, *[0.743039] * 5, 0.743057, 0.04175]
    assert sum(event.new_s for event in events) == pytest.approx(7.5, abs=1e-9)


def test_a_gap_costs_nothing_however_long_it_is(classifier):
    stream = open_stream(classifier)
    stream.push(noise(4 * RATE))
    assert len(stream.resume(rate=RATE, channels=2, missing_s=30 * 86_400.0)) == 1
    (event,) = stream.push(noise(3 * RATE, channels=2))
    assert event.end == pytest.approx(30 * 86_400.0 + 7.0)


def test_sound_shorter_than_a_window_between_two_gaps_has_no_event(classifier):
    stream = open_stream(classifier)
    for _ in range(5):
        assert stream.push(noise(RATE)) == []
        assert stream.resume(rate=RATE, channels=1, missing_s=1.0) == []
    assert stream.seconds == 10.0
    assert clock(stream.push(noise(N))) == [(10 * RATE, 13 * RATE)]


def test_counts_go_on_after_a_gap(classifier):
    samples = noise(3 * RATE)
    faulty = samples.copy()
    faulty[[5, 9]] = np.nan, 1.0
    stream = open_stream(classifier)
    stream.push(faulty, dropped=7)
    stream.resume(rate=RATE, channels=1, missing_s=0.5)
    (event,) = stream.push(faulty)
    assert (event.non_finite_samples, event.clipped_samples, event.dropped_samples) == (2, 2, 7)


def test_the_time_of_all_gaps_is_missing(classifier):
    stream = open_stream(classifier)
    for missing_s in (0.5, 2.25):
        stream.push(noise(3 * RATE))
        stream.resume(missing_s=missing_s)
    (event,) = stream.push(noise(3 * RATE))
    assert (event.missing_s, event.end) == (2.75, pytest.approx(11.75))


def test_labels_that_are_ignored_of_the_new_model_are_unknown_from_then_on(classifier):
    stream = open_stream(classifier)
    (event,) = stream.push(noise(N))
    assert event.label in classifier.labels
    stream.change_model(Classifier("seed-cnn", ignored=[event.label]), SETTINGS)
    changed = stream.push(noise(2 * N)) + stream.finish()
    assert {one.label for one in changed[-2:]} == {"unknown"}


def test_a_model_that_waits_takes_over_at_a_gap(classifier, tiny):
    stream = open_stream(classifier)
    stream.push(noise(RATE))
    stream.change_model(tiny)
    stream.resume(rate=RATE, channels=1, missing_s=1.0)
    (event,) = stream.push(noise(round(3.2 * RATE)))
    assert tuple(event.posterior) == tiny.labels


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"rate": 4000}, AudioFormatError),
        ({"channels": 0}, AudioFormatError),
        ({"missing_s": -1.0}, ParameterError),
        ({"missing_s": float("nan")}, ParameterError),
    ],
)
def test_a_gap_that_makes_no_sense_is_refused_and_the_stream_goes_on(classifier, how, error):
    stream = open_stream(classifier)
    stream.push(noise(RATE))
    with pytest.raises(error):
        stream.resume(**{"rate": RATE, "channels": 1, "missing_s": 0.0, **how})
    assert clock(stream.push(noise(2 * RATE))) == [(0, N)]


def test_settings_of_the_new_model_are_its_own(classifier, tiny):
    stream = open_stream(classifier)
    settings = dataclasses.replace(tiny.manifest.decoder, interval_s=1.5)
    stream.change_model(tiny, settings)
    stream.push(noise(10 * RATE))
    assert stream.interval_s == pytest.approx(1.504, abs=0.02)
