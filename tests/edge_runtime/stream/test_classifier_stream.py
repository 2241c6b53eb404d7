"""A classifier on a stream: the seed CNN, on made-up sound.

Windows of the model are 3 s at 22050 Hz, frames 512 samples apart.
"""

import itertools
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime import ClassifierStream
from edge_runtime.audio.resample import StreamResampler
from edge_runtime.decoder import DecoderSettings
from edge_runtime.errors import AudioFormatError
from edge_runtime.stream import classifier_stream

from ..sounds import RATE, noise

N = 3 * RATE
STEP = 32 * 512
SETTINGS = DecoderSettings(interval_s=STEP / RATE)


def open_stream(classifier, **how):
    return ClassifierStream(classifier, **{"settings": SETTINGS, **how})


def classify(stream, samples, sizes=()):
    """Push samples in chunks of these sizes, then the rest, then end the stream."""
    events, first = [], 0
    for size in sizes:
        events += stream.push(samples[first : first + size])
        first += size
    return events + stream.push(samples[first:]) + stream.finish()


def results(events):
    """What must not depend on the chunks."""
    names = ("start", "end", "label", "confidence", "posterior", "raw_posterior")
    names += ("level_dbfs", "padded")
    return [[getattr(event, name) for name in names] for event in events]


def clock(events):
    return [(round(event.start * RATE), round(event.end * RATE)) for event in events]


def new_sound(events):
    return [round(event.new_s, 6) for event in events]


@given(sizes=st.lists(st.integers(0, 30_000), max_size=12))
def test_events_are_the_same_for_any_chunks(classifier, sizes):
    samples = noise(5 * RATE)
    whole = classify(open_stream(classifier), samples)
    assert len(whole) == 4
    assert results(classify(open_stream(classifier), samples, sizes)) == results(whole)


@given(sizes=st.lists(st.integers(0, 60_000), max_size=8))
def test_events_are_the_same_for_any_chunks_of_another_rate(classifier, sizes):
    samples = noise(4 * 48000, channels=2)
    whole = classify(open_stream(classifier, rate=48000, channels=2), samples)
    assert len(whole) == 3
    parts = classify(open_stream(classifier, rate=48000, channels=2), samples, sizes)
    assert results(parts) == results(whole)


def test_the_last_sample_of_a_window_brings_its_event(classifier):
    stream = open_stream(classifier)
    assert stream.push(noise(N - 1)) == []
    assert clock(stream.push(noise(1))) == [(0, N)]
    assert stream.push(noise(STEP - 1)) == []
    assert clock(stream.push(noise(1))) == [(STEP, N + STEP)]


def test_windows_are_a_whole_number_of_frames_apart(classifier):
    stream = open_stream(classifier, settings=DecoderSettings(interval_s=0.75))
    assert stream.interval_s == STEP / RATE
    events = stream.push(noise(60 * RATE))
    assert clock(events) == [(i * STEP, i * STEP + N) for i in range(len(events))]
    assert len(events) == 1 + (57 * RATE) // STEP
    assert stream.seconds == 60.0


def test_each_window_is_classified_as_it_would_be_alone(classifier):
    samples = noise(4 * RATE)
    events = classify(open_stream(classifier), samples)
    assert clock(events) == [(0, N), (STEP, STEP + N), (RATE, 4 * RATE)]
    for event, (first, last) in zip(events, clock(events), strict=True):
        alone = classifier.classify_window(samples[first:last])
        assert event.raw_posterior == classifier.by_label(alone.posterior)
        assert event.level_dbfs == alone.level_dbfs


def test_windows_further_apart_than_they_are_long_leave_gaps(classifier):
    settings = DecoderSettings(interval_s=200 * 512 / RATE)
    samples = noise(10 * RATE)
    events = classify(open_stream(classifier, settings=settings), samples, [5000] * 40)
    assert clock(events) == [(0, N), (102_400, 102_400 + N), (7 * RATE, 10 * RATE)]
    alone = classifier.classify_window(samples[102_400 : 102_400 + N])
    assert events[1].raw_posterior == classifier.by_label(alone.posterior)


def test_new_sound_is_a_whole_window_at_first_and_then_what_came_since_the_window_before(
    classifier,
):
    events = classify(open_stream(classifier), noise(5 * RATE))
    assert clock(events)[-1] == (2 * RATE, 5 * RATE)
    assert new_sound(events) == [3.0, 0.743039, 0.743039, 0.513923]
    assert sum(event.new_s for event in events) == pytest.approx(5.0, abs=1e-9)


def test_sound_between_windows_that_do_not_touch_is_new_in_none_of_them(classifier):
    settings = DecoderSettings(interval_s=200 * 512 / RATE)
    events = classify(open_stream(classifier, settings=settings), noise(10 * RATE))
    assert new_sound(events) == [3.0, 3.0, 2.356009]


def test_a_stream_shorter_than_a_window_is_new_once_however_often_it_is_repeated(classifier):
    assert new_sound(classify(open_stream(classifier), noise(RATE))) == [1.0]


def test_zeros_in_the_place_of_dropped_samples_are_new_as_sound_is(classifier):
    stream = open_stream(classifier)
    events = stream.push(noise(RATE)) + stream.push(noise(3 * RATE), dropped=RATE // 2)
    assert new_sound(events + stream.finish()) == [3.0, 0.743039, 0.743039, 0.013923]


def test_finish_adds_a_window_that_ends_with_the_stream(classifier):
    assert clock(classify(open_stream(classifier), noise(N + 1))) == [(0, N), (1, N + 1)]


def test_the_window_at_the_end_counts_as_little_as_its_new_sound(classifier):
    first, last = classify(open_stream(classifier), noise(N + 1))
    assert last.new_s == pytest.approx(1 / RATE)
    assert last.posterior == pytest.approx(first.posterior, abs=1e-4)


def test_finish_adds_nothing_where_nothing_is_new(classifier):
    assert clock(classify(open_stream(classifier), noise(N))) == [(0, N)]
    assert classify(open_stream(classifier), noise(0)) == []


def test_a_stream_shorter_than_a_window_is_repeated_to_fill_one(classifier):
    samples = noise(RATE)
    (event,) = classify(open_stream(classifier), samples)
    assert (event.start, event.end, event.padded) == (0.0, 1.0, True)
    filled = classifier.classify_window(np.tile(samples, 3))
    assert event.raw_posterior == classifier.by_label(filled.posterior)
    assert not classify(open_stream(classifier), noise(N))[0].padded


@pytest.mark.parametrize("source_rate", [RATE, 2 * RATE])
def test_dropped_samples_become_zeros_and_the_clock_stays_exact(classifier, source_rate):
    one, two = noise(source_rate), noise(3 * source_rate, seed=1)
    stream = open_stream(classifier, rate=source_rate)
    events = stream.push(one) + stream.push(two, dropped=source_rate // 2) + stream.finish()
    gap = np.zeros(source_rate // 2, np.float32)
    expected = classify(open_stream(classifier, rate=source_rate), np.concatenate([one, gap, two]))
    assert results(events) == results(expected)
    assert stream.seconds == 4.5
    assert {event.dropped_samples for event in events} == {source_rate // 2}


def test_samples_may_be_dropped_before_a_chunk_of_none(classifier):
    stream = open_stream(classifier)
    (event,) = stream.push(np.zeros(0, np.float32), dropped=N)
    assert (event.end, event.label, event.dropped_samples) == (3.0, "silence", N)


def test_int16_and_float_give_the_same_events(classifier):
    steps = np.random.default_rng(5).integers(-20_000, 20_000, 4 * RATE).astype(np.int16)
    floats = steps.astype(np.float32) / 32768
    whole = results(classify(open_stream(classifier), floats))
    assert results(classify(open_stream(classifier), steps)) == whole
    assert results(classify(open_stream(classifier), floats.astype(np.float64))) == whole


def test_interleaved_and_two_dimensional_chunks_give_the_same_events(classifier):
    samples = noise(4 * RATE, channels=2)
    flat = open_stream(classifier, channels=2).push(samples.ravel())
    assert results(flat) == results(open_stream(classifier, channels=2).push(samples))
    assert results(flat) == results(open_stream(classifier).push(samples.mean(axis=1)))


def test_silence_has_the_label_silence(classifier):
    events = classify(open_stream(classifier), np.zeros(5 * RATE, np.int16))
    assert {(e.label, e.confidence, e.level_dbfs) for e in events} == {("silence", 0.0, -120.0)}
    for event in events:
        assert sum(event.posterior.values()) == pytest.approx(1.0)


def test_the_silence_gate_is_the_settings(classifier):
    quiet = noise(N, scale=10 ** (-50 / 20))
    loud = open_stream(classifier).push(quiet)[0]
    assert loud.level_dbfs == pytest.approx(-50.0, abs=0.1)
    assert loud.label in classifier.labels
    gated = DecoderSettings(silence_dbfs=-49.0)
    assert open_stream(classifier, settings=gated).push(quiet)[0].label == "silence"


def test_silence_is_evidence_of_no_genre(classifier):
    events = classify(open_stream(classifier), np.zeros(N, np.float32))
    share = 1.0 / len(classifier.labels)
    assert list(events[0].posterior.values()) == pytest.approx([share] * len(classifier.labels))


def test_what_is_not_convincing_is_unknown(classifier):
    settings = DecoderSettings(rejection_threshold=0.999)
    event = open_stream(classifier, settings=settings).push(noise(N))[0]
    assert event.label == "unknown"
    assert event.confidence == max(event.posterior.values()) > 0.0


def test_faulty_samples_are_zeroed_and_counted(classifier):
    samples = noise(4 * RATE)
    samples[[10, RATE, 3 * RATE + 5]] = [np.nan, np.inf, -np.inf]
    samples[100:107] = 1.0
    events = open_stream(classifier).push(samples[:N])
    clean = np.nan_to_num(samples[:N], nan=0.0, posinf=0.0, neginf=0.0)
    assert results(events) == results(open_stream(classifier).push(clean))
    assert [(e.non_finite_samples, e.clipped_samples) for e in events] == [(2, 7)]
    last = classify(open_stream(classifier), samples)[-1]
    assert (last.non_finite_samples, last.clipped_samples) == (3, 7)


def test_posteriors_have_the_models_labels_and_sum_to_one(classifier):
    event = open_stream(classifier).push(noise(N))[0]
    for posterior in (event.posterior, event.raw_posterior):
        assert tuple(posterior) == classifier.labels
        assert sum(posterior.values()) == pytest.approx(1.0, abs=1e-5)
    assert event.label == max(event.posterior, key=event.posterior.get)
    assert event.front_end_ms > 0.0
    assert event.inference_ms > 0.0


def test_two_streams_of_one_classifier_do_not_disturb_each_other(classifier):
    one, two = noise(4 * RATE, seed=1), noise(4 * RATE, seed=2)
    a, b = open_stream(classifier), open_stream(classifier)
    events_a, events_b = [], []
    for first in range(0, 4 * RATE, 7000):
        events_a += a.push(one[first : first + 7000])
        events_b += b.push(two[first : first + 7000])
    assert results(events_a + a.finish()) == results(classify(open_stream(classifier), one))
    assert results(events_b + b.finish()) == results(classify(open_stream(classifier), two))


@pytest.mark.parametrize("interval_s", [1.0, 60.0])
def test_memory_does_not_grow_with_time(classifier, interval_s):
    stream = open_stream(classifier, settings=DecoderSettings(interval_s=interval_s))
    chunk = noise(RATE)
    tracemalloc.start()
    try:
        for _ in range(50):  # 4.4 MB
            stream.push(chunk)
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held < 1_500_000


@pytest.mark.parametrize("how", [{"rate": 4000}, {"rate": 400_000}, {"channels": 0}])
def test_a_rate_or_channels_out_of_range_are_refused(classifier, how):
    with pytest.raises(AudioFormatError):
        open_stream(classifier, **how)


@pytest.mark.parametrize("chunk", [np.zeros(4, np.uint8), np.zeros((4, 3), np.float32), [0.0]])
def test_a_chunk_that_does_not_fit_is_refused_and_the_stream_goes_on(classifier, chunk):
    stream = open_stream(classifier)
    with pytest.raises(AudioFormatError):
        stream.push(chunk)
    assert stream.seconds == 0.0
    assert len(stream.push(noise(N))) == 1


def test_the_clock_of_a_resampled_stream_counts_the_models_samples(classifier):
    samples = noise(4 * 44100)
    stream = open_stream(classifier, rate=44100)
    classify(stream, samples, [1000] * 100)
    resampler = StreamResampler(44100, RATE)
    length = len(resampler.push(samples)) + len(resampler.push(samples[:0], last=True))
    assert stream.seconds == length / RATE == 4.0


def test_the_time_of_an_event_and_what_it_took_are_on_the_monotonic_clock(classifier, monkeypatch):
    ticks = itertools.count()
    clock = SimpleNamespace(perf_counter=lambda: 0.002 * next(ticks), monotonic=lambda: 77.0)
    monkeypatch.setattr(classifier_stream, "time", clock)
    event = open_stream(classifier).push(noise(N))[0]
    assert event.time == 77.0
    assert (event.front_end_ms, event.inference_ms) == pytest.approx((2.0, 2.0))


def test_the_interval_is_rounded_to_the_nearest_whole_number_of_frames(classifier):
    """A frame is 512 samples: 0.5 s are 21.53 of them, 0.49 s are 21.10."""
    for interval_s, frames in ((0.5, 22), (0.49, 21), (0.01, 1)):
        stream = open_stream(classifier, settings=DecoderSettings(interval_s=interval_s))
        assert stream.interval_s == frames * 512 / RATE


def test_what_is_lost_in_several_places_is_counted_in_all(classifier):
    stream = open_stream(classifier)
    stream.push(noise(RATE), dropped=100)
    (event,) = stream.push(noise(2 * RATE), dropped=20)
    assert event.dropped_samples == 120


def test_clipped_samples_and_those_that_are_no_numbers_are_counted_apart(classifier):
    samples = noise(N)
    samples[:5] = 1.0
    samples[7] = np.nan
    (event,) = open_stream(classifier).push(samples)
    assert (event.clipped_samples, event.non_finite_samples) == (5, 1)


def test_who_draws_the_sound_is_given_each_window_and_the_sample_clock_of_its_end(classifier):
    drawn = []

    def draw(samples, end):
        drawn.append((len(samples), end, samples.flags.writeable))

    classify(open_stream(classifier, on_window=draw), noise(N + STEP))
    assert drawn == [(N, N, False), (N, N + STEP, False)]
