"""The stream's windows are the offline front end's, whatever the chunks."""

import dataclasses

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_runtime.errors import ParameterError
from edge_runtime.frontend import PRESETS, FrontEnd, FrontEndParams, StreamingFrontEnd

SEED = PRESETS["seed-mfcc13"]
SMALL = FrontEndParams(n_fft=512, hop=160, n_mels=40, window_samples=4000)
"""A window of 26 frames: small enough for many examples."""

SOUND = (np.random.default_rng(0).standard_normal(400_000) * 0.1).astype(np.float32)

# A tone in next to nothing, on and off: single precision does for some of its frames only.
TONE = np.sin(2 * np.pi * 3137.0 / 22050 * np.arange(400_000)) * 0.5
FAINT = (TONE * (np.arange(400_000) // 5000 % 2) + SOUND * 1e-3).astype(np.float32)
SOUNDS = st.sampled_from([SOUND, FAINT])

CHUNKS = st.lists(
    st.one_of(st.integers(0, 3), st.sampled_from([97, 160, 512, 1009]), st.integers(0, 9000)),
    min_size=1,
    max_size=30,
)


def windows(stream: StreamingFrontEnd, sound: np.ndarray, chunks: list[int]) -> list:
    """(start, features) of every window, with the chunks' lengths used round and round."""
    found, position = [], 0
    while position < len(sound):
        before = position
        for n in chunks:
            for window in stream.push(sound[position : position + n]):
                found.append((window.start, window.features))
            position += n
        if position == before:
            chunks = [*chunks, 1000]
    return found


def check(params: FrontEndParams, hops: int, sound: np.ndarray, chunks: list[int]) -> None:
    offline = FrontEnd(params)
    interval = hops * params.hop
    found = windows(StreamingFrontEnd(params, interval=interval), sound, chunks)
    expected = range(0, len(sound) - params.window_samples + 1, interval)
    assert [start for start, _ in found] == list(expected)
    for start, features in found:
        np.testing.assert_array_equal(
            features, offline(sound[start : start + params.window_samples])
        )


@given(CHUNKS, st.integers(1, 40), SOUNDS)
def test_stream_equals_offline_for_any_chunking(
    chunks: list[int], hops: int, sound: np.ndarray
) -> None:
    check(SMALL, hops, sound[:20_000], chunks)


@settings(max_examples=15, deadline=None)
@given(CHUNKS, st.sampled_from([16, 32, 64, 129, 150]), SOUNDS)
def test_stream_equals_offline_for_the_seed_setting(
    chunks: list[int], hops: int, sound: np.ndarray
) -> None:
    check(SEED, hops, sound[:170_000], [n * 7 for n in chunks])


LEVELLED = dataclasses.replace(
    SMALL, kind="log_mel", top_db=None, log_gain=1e4, level_db=-6.0, padding="none"
)


@pytest.mark.parametrize("padding", ["none", "constant", "reflect"])
@given(CHUNKS, st.integers(1, 40), st.floats(-0.1, 0.1), st.integers(0, 20_000))
def test_stream_equals_offline_where_an_offset_comes_and_goes(
    padding: str, chunks: list[int], hops: int, offset: float, begin: int
) -> None:
    sound = SOUND[:20_000].copy()
    sound[begin : begin + 6000] += np.float32(offset)
    check(dataclasses.replace(LEVELLED, padding=padding), hops, sound, chunks)


def test_an_offset_leaves_the_features_of_a_level_as_they_are() -> None:
    front_end = FrontEnd(LEVELLED)
    window = SOUND[: LEVELLED.window_samples] - SOUND[: LEVELLED.window_samples].mean()
    clean = front_end(window)
    for offset in (0.01, -0.03, 0.1, 0.5):
        np.testing.assert_allclose(front_end(window + np.float32(offset)), clean, atol=1e-4)
    # Far softer than its offset, as a microphone across the room.
    soft = front_end(window * np.float32(1e-2) + np.float32(0.05))
    np.testing.assert_allclose(soft, clean, atol=1e-2)


def test_a_constant_alone_is_as_soft_as_nothing() -> None:
    front_end = FrontEnd(LEVELLED)
    zeros = np.zeros(LEVELLED.window_samples, np.float32)
    np.testing.assert_allclose(front_end(zeros + np.float32(0.1)), front_end(zeros), atol=1e-4)


@settings(max_examples=15, deadline=None)
@given(CHUNKS, st.sampled_from([16, 93, 187, 200]), SOUNDS)
def test_stream_equals_offline_for_musicnns_setting(
    chunks: list[int], hops: int, sound: np.ndarray
) -> None:
    check(PRESETS["musicnn96"], hops, sound[:150_000], [n * 7 for n in chunks])


@settings(max_examples=10, deadline=None)
@given(CHUNKS, st.sampled_from([16, 96, 150, 288, 300]), SOUNDS, st.sampled_from(["", "-level"]))
def test_stream_equals_offline_for_yamnets_setting(
    chunks: list[int], hops: int, sound: np.ndarray, level: str
) -> None:
    check(PRESETS[f"yamnet64{level}"], hops, sound[:130_000], [n * 7 for n in chunks])


@pytest.mark.parametrize(
    "change",
    [
        {"padding": "reflect"},
        {"padding": "none"},
        {"kind": "log_mel"},
        {"top_db": None},
        {"kind": "log_mel", "top_db": None, "log_gain": 1e4},
        {"kind": "log_mel", "top_db": None, "log_gain": 1e9, "padding": "none"},
        {"kind": "log_mel", "top_db": None, "log_gain": 1e4, "level_db": -6.0},
        {"kind": "log_mel", "top_db": None, "log_offset": 1e-3},
        {"kind": "log_mel", "top_db": None, "log_offset": 1e-3, "power": 1.0},
        {"kind": "log_mel", "top_db": None, "log_offset": 1e-3, "power": 1.0, "level_db": 10.0},
        {"power": 1.0},
        {"mel_triangles": "mel", "mel_norm": None, "mel_scale": "htk"},
        {"hop": 512},
        {"hop": 7},
        {"n_fft": 1000, "hop": 333},
        {"n_fft": 4000},
        {"n_fft": 1001, "hop": 77, "padding": "reflect"},
        {"win_length": 400},
        {"window_samples": 513},
        {"mel_scale": "htk", "mel_norm": None, "window": "hamming", "fmin": 50.0},
    ],
    ids=str,
)
@pytest.mark.parametrize("hops", [1, 5, 60])
def test_stream_equals_offline_for_any_parameters(change: dict, hops: int) -> None:
    params = dataclasses.replace(SMALL, **change)
    check(params, hops, SOUND[: 8000 + params.window_samples], [1, 0, 997, 5000])


def test_a_chunk_of_a_minute_is_taken_like_many_short_ones() -> None:
    whole = windows(StreamingFrontEnd(SEED, interval=64 * 512), SOUND, [len(SOUND)])
    parts = windows(StreamingFrontEnd(SEED, interval=64 * 512), SOUND, [441])
    assert len(whole) == 11
    for (start, features), (other_start, other) in zip(whole, parts, strict=True):
        assert start == other_start
        np.testing.assert_array_equal(features, other)


def test_windows_are_librosas() -> None:
    for start, features in windows(StreamingFrontEnd(SEED, interval=100 * 512), SOUND, [5000]):
        window = SOUND[start : start + 66_150]
        expected = librosa.feature.mfcc(y=window, sr=22_050, n_mfcc=13).T
        np.testing.assert_allclose(features, expected, atol=5e-4)


def test_int16_equals_float_at_full_scale_one() -> None:
    integers = np.round(SOUND[:12_000] * 32767).astype(np.int16)
    floats = integers.astype(np.float32) / 32768
    stream = StreamingFrontEnd(SMALL, interval=1600)
    expected = windows(stream, floats, [700])
    stream.reset()
    for (_, features), (_, other) in zip(windows(stream, integers, [333]), expected, strict=True):
        np.testing.assert_array_equal(features, other)


def test_without_reset_a_stream_goes_on_and_with_it_it_begins_anew() -> None:
    stream = StreamingFrontEnd(SMALL, interval=1600)
    first = windows(stream, SOUND[:9999], [1234])
    again = windows(stream, SOUND[:9999], [1234])
    assert [start for start, _ in first] != [start for start, _ in again]
    stream.reset()
    assert stream.clock == 0
    afresh = windows(stream, SOUND[:9999], [1234])
    for (start, features), (other_start, other) in zip(first, afresh, strict=True):
        assert start == other_start
        np.testing.assert_array_equal(features, other)


@given(CHUNKS, st.sampled_from([1, 9, 25, 70]))
def test_the_clock_and_the_latest_samples_are_exact(chunks: list[int], hops: int) -> None:
    stream = StreamingFrontEnd(SMALL, interval=hops * SMALL.hop)
    position = 0
    for n in chunks:
        for window in stream.push(SOUND[position : position + n]):
            end = window.start + SMALL.window_samples
            np.testing.assert_array_equal(window.samples, SOUND[window.start : end])
        position += n
        assert stream.clock == position
        begin = max(0, position - SMALL.window_samples)
        np.testing.assert_array_equal(stream.recent, SOUND[begin:position])


def test_the_same_memory_serves_the_whole_stream() -> None:
    import tracemalloc

    stream = StreamingFrontEnd(SEED, interval=32 * 512)
    for _ in range(100):
        list(stream.push(SOUND[:2205]))
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(300):
            list(stream.push(SOUND[:2205]))
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 20_000
    # The DCT of a window in float64, and numpy's own FFT; a copy of the sound would be 264,600.
    assert peak - before < 400_000


@pytest.mark.parametrize("preset", ["seed-mfcc13", "musicnn96", "yamnet64"])
def test_between_windows_a_chunk_allocates_nothing_of_its_size(preset: str) -> None:
    import tracemalloc

    params = PRESETS[preset]
    stream = StreamingFrontEnd(params, interval=40_960)
    list(stream.push(SOUND[: params.window_samples]))
    chunk = SOUND[:2205]
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(10):
            assert not list(stream.push(chunk))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < 3000  # views and the iterator; the chunk itself is 8,820 bytes


@pytest.mark.parametrize("interval", [0, -512, 100, 513, 8192.0, "8192"])
def test_an_interval_that_is_no_whole_number_of_hops_is_refused(interval) -> None:
    with pytest.raises(ParameterError, match=f"interval is {interval!r};"):
        StreamingFrontEnd(SEED, interval=interval)


@pytest.mark.parametrize(
    ("chunk", "complaint"),
    [
        (np.full(10, np.nan, np.float32), "NaN"),
        (np.full(10, np.inf), "infinity"),
        (np.full(10, 1e300), "infinity"),
        (np.zeros((10, 2), np.float32), r"shape \(10, 2\)"),
        (np.zeros(10, np.int32), "dtype int32"),
        ([0.0, 0.1], "list"),
    ],
)
def test_a_chunk_that_is_no_sound_is_refused_and_changes_nothing(chunk, complaint: str) -> None:
    stream = StreamingFrontEnd(SMALL, interval=1600)
    list(stream.push(SOUND[:3000]))
    with pytest.raises(ParameterError, match=complaint):
        stream.push(chunk)
    (window,) = stream.push(SOUND[3000:4000])
    np.testing.assert_array_equal(window.features, FrontEnd(SMALL)(SOUND[:4000]))


def test_odd_arrays_are_read_rightly() -> None:
    expected = windows(StreamingFrontEnd(SMALL, interval=1600), SOUND[:9000], [800])
    locked = SOUND[:9000].copy()
    locked.flags.writeable = False
    strided = np.repeat(SOUND[:9000], 2)[::2]
    for other in (locked, strided, SOUND[:9000].astype(">f4"), SOUND[:9000].astype(np.float64)):
        found = windows(StreamingFrontEnd(SMALL, interval=1600), other, [800])
        for (_, features), (_, reference) in zip(found, expected, strict=True):
            np.testing.assert_array_equal(features, reference)


@pytest.mark.parametrize("level_dbfs", [0.0, -20.0, -60.0, -84.0])
def test_int16_that_was_cast_to_float_is_refused_not_misheard(level_dbfs: float) -> None:
    scale = np.float32(32768 * 10 ** (level_dbfs / 20))
    unscaled = np.rint(SOUND[:4000] / SOUND.std() * scale)
    with pytest.raises(ParameterError, match="divide samples that were int16 by 32768"):
        list(StreamingFrontEnd(SMALL, interval=1600).push(unscaled))
    with pytest.raises(ParameterError, match="divide samples that were int16 by 32768"):
        FrontEnd(SMALL)(unscaled)


def test_a_window_that_is_refused_does_not_stop_the_stream() -> None:
    stream = StreamingFrontEnd(SMALL, interval=4000)
    loud = np.concatenate([SOUND[:4000] * np.float32(32768), SOUND[4000:8000]])
    with pytest.raises(ParameterError, match="full scale"):
        list(stream.push(loud))
    (window,) = stream.push(SOUND[:0])
    np.testing.assert_array_equal(window.features, FrontEnd(SMALL)(SOUND[4000:8000]))


def test_what_was_not_asked_for_comes_with_the_next_push() -> None:
    stream = StreamingFrontEnd(SMALL, interval=1600)
    stream.push(SOUND[:6000])
    assert stream.clock == 6000
    next(stream.push(SOUND[6000:50_000]))
    assert stream.clock == 50_000
    starts = [window.start for window in stream.push(SOUND[50_000:51_000])]
    assert starts == list(range(1600, 51_000 - 4000 + 1, 1600))


def test_the_callers_chunk_may_be_reused_at_once() -> None:
    chunk = SOUND[:60_000].copy()
    stream = StreamingFrontEnd(SMALL, interval=1600)
    due = stream.push(chunk)
    chunk[:] = np.nan
    for window in due:
        expected = FrontEnd(SMALL)(SOUND[window.start : window.start + 4000])
        np.testing.assert_array_equal(window.features, expected)


def test_reset_drops_what_was_not_asked_for() -> None:
    stream = StreamingFrontEnd(SMALL, interval=1600)
    due = stream.push(SOUND[:60_000])
    next(due)
    stream.reset()
    assert list(due) == []
    assert stream.clock == 0


def test_samples_that_are_handed_out_cannot_be_written() -> None:
    stream = StreamingFrontEnd(SMALL, interval=1600)
    (window,) = stream.push(SOUND[:4000])
    for view in (window.samples, stream.recent):
        with pytest.raises(ValueError, match="read-only"):
            view[:] = 0


def test_int16_needs_no_more_memory_than_float() -> None:
    import tracemalloc

    chunk = np.round(SOUND[:2205] * 32767).astype(np.int16)
    stream = StreamingFrontEnd(SEED, interval=64 * 512)
    list(stream.push(SOUND[:66_150]))
    list(stream.push(chunk))
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(8):
            assert not list(stream.push(chunk))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < 3000
