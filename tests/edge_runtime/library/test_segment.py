"""From windows to segments: they tile the recording, with edges where the sound changes."""

import itertools
from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime import Classifier
from edge_runtime.audio.samples import audio_samples
from edge_runtime.decoder import DecoderSettings
from edge_runtime.library.segment import (
    Segment,
    Windows,
    joined,
    segment_audio,
    segments_of,
    without_short,
)

from ..sounds import noise

LABELS = ("blues", "jazz", "pop")
WINDOW_S, STEP_S = 3.0, 0.75


def windows_of(rows, silent=None):
    """Windows every 0.75 s, with a posterior each."""
    starts = np.arange(len(rows)) * STEP_S
    return Windows(
        LABELS,
        WINDOW_S,
        ends=array("d", starts + WINDOW_S),
        starts=array("d", starts),
        silent=array("b", silent or [0] * len(rows)),
        values=array("f", np.asarray(rows, np.float32).ravel()),
    )


def seconds_of(n):
    return (n - 1) * STEP_S + WINDOW_S


def sure(label, n):
    return [[0.9 if name == label else 0.05 for name in LABELS]] * n


SETTINGS = DecoderSettings()


@st.composite
def recordings(draw):
    n = draw(st.integers(1, 60))
    weights = draw(
        st.lists(st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3), min_size=n, max_size=n)
    )
    rows = np.array(weights) / np.sum(weights, axis=1, keepdims=True)
    silent = [int(quiet) for quiet in draw(st.lists(st.booleans(), min_size=n, max_size=n))]
    settings = DecoderSettings(
        dwell_s=draw(st.sampled_from([0.5, 10.0, 120.0])),
        minimum_s=draw(st.sampled_from([0.0, 4.0])),
        rejection_threshold=draw(st.sampled_from([0.0, 0.6])),
    )
    return windows_of(rows, silent), seconds_of(n), settings


@given(recordings())
def test_segments_tile_the_recording_without_gap_or_overlap(recording):
    windows, seconds, settings = recording
    found = segments_of(windows, seconds, settings)
    assert found[0].start == 0.0
    assert found[-1].end == seconds
    for before, after in itertools.pairwise(found):
        assert before.end == after.start
        assert before.label != after.label
    for segment in found:
        assert segment.start < segment.end
        assert 0.0 <= segment.confidence <= 1.0 + 1e-6


@given(st.integers(1, 200), st.lists(st.floats(0.05, 1.0), min_size=3, max_size=3, unique=True))
def test_a_posterior_that_never_changes_is_one_segment(n, weights):
    row = np.array(weights) / sum(weights)
    (only,) = segments_of(windows_of([row] * n), seconds_of(n), SETTINGS)
    assert (only.start, only.end) == (0.0, seconds_of(n))
    assert only.label == LABELS[int(row.argmax())]


def test_a_change_is_where_the_windows_are_half_of_each():
    # The change is at 30 s: a window says what the larger part of it is.
    middles = np.arange(77) * STEP_S + WINDOW_S / 2
    rows = [sure("blues", 1)[0] if middle < 30.0 else sure("jazz", 1)[0] for middle in middles]
    first, second = segments_of(windows_of(rows), seconds_of(77), SETTINGS)
    assert (first.label, second.label) == ("blues", "jazz")
    assert first.end == pytest.approx(30.0, abs=STEP_S / 2)


def test_all_of_a_silent_window_is_silence():
    silent = [0] * 20 + [1] * 9 + [0] * 20
    found = segments_of(windows_of(sure("pop", 49), silent), seconds_of(49), SETTINGS)
    assert [segment.label for segment in found] == ["pop", "silence", "pop"]
    assert (found[1].start, found[1].end) == (20 * STEP_S, 28 * STEP_S + WINDOW_S)
    assert found[1].confidence == 0.0


def test_a_recording_of_silence_is_one_segment_of_it():
    found = segments_of(windows_of(sure("pop", 9), [1] * 9), seconds_of(9) + 0.01, SETTINGS)
    assert found == (Segment(0.0, seconds_of(9) + 0.01, "silence", 0.0),)


def test_what_is_ignored_or_not_convincing_is_unknown_and_as_sure_as_the_likeliest():
    windows = windows_of(sure("pop", 20))
    (ignored,) = segments_of(windows, seconds_of(20), SETTINGS, ignored=("pop",))
    assert ignored.label == "unknown"
    assert ignored.confidence > 0.9
    even = windows_of([[0.34, 0.33, 0.33]] * 4)
    (doubtful,) = segments_of(even, seconds_of(4), DecoderSettings(rejection_threshold=0.5))
    assert doubtful.label == "unknown"


def test_neighbours_of_one_label_become_one_as_sure_as_their_mean():
    pieces = [Segment(0.0, 1.0, "jazz", 0.5), Segment(1.0, 4.0, "jazz", 0.9)]
    (one,) = joined(pieces)
    assert (one.start, one.end, one.label) == (0.0, 4.0, "jazz")
    assert one.confidence == pytest.approx(0.8)


def test_short_segments_go_to_their_neighbours_but_silence_stays():
    segments = (
        Segment(0.0, 60.0, "jazz", 0.9),
        Segment(60.0, 62.0, "pop", 0.4),
        Segment(62.0, 90.0, "jazz", 0.9),
        Segment(90.0, 91.0, "silence", 0.0),
        Segment(91.0, 92.0, "blues", 0.5),
        Segment(92.0, 93.0, "silence", 0.0),
    )
    found = without_short(segments, 10.0)
    assert [(s.start, s.end, s.label) for s in found] == [
        (0.0, 90.0, "jazz"), (90.0, 91.0, "silence"), (91.0, 92.0, "blues"),
        (92.0, 93.0, "silence"),
    ]  # fmt: skip
    assert found[0].confidence == pytest.approx(0.9)
    assert without_short(segments, 0.0) == segments


def test_a_recording_is_cut_at_its_silence_and_ends_when_it_ends():
    model = Classifier("seed-cnn")
    rate = model.manifest.front_end.sample_rate
    gap = np.zeros(round(8.0 * rate), np.float32)
    sound = np.concatenate([noise(20 * rate), gap, noise(20 * rate + 7)])
    done = []
    timeline = segment_audio(model, audio_samples(sound, rate), on_progress=done.append)
    assert done == sorted(done)
    assert done[-1] == timeline.seconds
    before, silence, after = timeline.segments
    assert silence.label == "silence"
    assert silence.start == pytest.approx(20.0, abs=timeline.interval_s)
    assert silence.end == pytest.approx(28.0, abs=timeline.interval_s)
    assert before.start == 0.0
    assert after.end == timeline.seconds == len(sound) / rate


def test_a_recording_shorter_than_a_window_is_one_segment_with_a_warning():
    model = Classifier("seed-cnn")
    timeline = segment_audio(model, audio_samples(noise(22050), 22050))
    (only,) = timeline.segments
    assert (only.start, only.end) == (0.0, 1.0)
    assert "shorter than the model's window" in timeline.warnings[0]
