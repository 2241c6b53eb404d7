"""Windows of files."""

import dataclasses

import numpy as np
import pytest
import soxr

from edge_runtime.audio.file import open_audio
from edge_runtime.audio.windows import (
    SoundPath,
    cut_windows,
    file_windows,
    fill_window,
    lost_samples,
)
from edge_runtime.errors import ParameterError
from edge_runtime.frontend import FrontEndParams

from ..sounds import FLOAT, RATE, noise, write_wav

PARAMS = FrontEndParams()
N = PARAMS.window_samples


def windows_of(path, params=PARAMS):
    audio = open_audio(path)
    return list(file_windows(audio, params, SoundPath(audio.rate, audio.channels, params)))


@pytest.fixture
def write(tmp_path):
    def write_float(samples, rate=RATE):
        return write_wav(tmp_path / "clip.wav", samples, tag=FLOAT, bits=32, rate=rate)

    return write_float


@pytest.mark.parametrize(
    ("seconds", "starts"),
    [
        (3.0, [0.0]),
        (4.0, [0.0]),
        (4.4, [0.0]),
        (4.5, [0.0, 1.5]),
        (5.0, [0.0, 2.0]),
        (6.0, [0.0, 3.0]),
        (7.49, [0.0, 3.0]),
        (7.5, [0.0, 3.0, 4.5]),
        (30.0, [3.0 * i for i in range(10)]),
    ],
)
def test_windows_follow_each_other_and_a_long_rest_reaches_back(write, seconds, starts):
    samples = noise(round(seconds * RATE))
    found = windows_of(write(samples))
    assert [start for start, _ in found] == starts
    for start, window in found:
        first = round(start * RATE)
        assert np.array_equal(window, samples[first : first + N])


@pytest.mark.parametrize(("extra", "count"), [(-1, 1), (0, 2)])
def test_the_rest_counts_from_half_a_window_on(write, extra, count):
    assert len(windows_of(write(noise(N + N // 2 + extra)))) == count


def test_sound_shorter_than_a_window_is_repeated(write):
    samples = noise(1000)
    ((start, window),) = windows_of(write(samples))
    assert start == 0.0
    assert np.array_equal(window, np.tile(samples, 67)[:N])


def test_the_end_of_a_resampled_file_is_not_lost(write):
    samples = noise(6 * 48000)
    found = windows_of(write(samples, rate=48000))
    assert [start for start, _ in found] == [0.0, 3.0]
    together = np.concatenate([window for _, window in found])
    assert np.array_equal(together, soxr.resample(samples, 48000, RATE))


def test_channels_are_mixed_and_faults_counted(write):
    samples = noise(4 * RATE, channels=2)
    samples[5, 1] = np.nan
    path = SoundPath(RATE, 2, PARAMS)
    conditioner = path.conditioner
    audio = open_audio(write(samples))
    ((_, window),) = file_windows(audio, PARAMS, path)
    samples[5, 1] = 0.0
    assert np.array_equal(window, samples.mean(axis=1, dtype=np.float32)[:N])
    assert conditioner.non_finite_samples == 1


@pytest.mark.parametrize("window_samples", [2048, 30_000, 100_000])
def test_windows_have_the_length_of_the_model(write, window_samples):
    params = dataclasses.replace(PARAMS, window_samples=window_samples)
    samples = noise(200_000)
    found = windows_of(write(samples), params)
    full = len(samples) // window_samples
    assert [round(start * RATE) for start, _ in found[:full]] == [
        i * window_samples for i in range(full)
    ]
    assert {len(window) for _, window in found} == {window_samples}


def test_dropped_samples_become_zeros_in_their_place():
    path = SoundPath(RATE, 1, PARAMS)
    lost = [path.push(zeros) for zeros in lost_samples(4)]
    pieces = [path.push(noise(5)), *lost, path.push(noise(3)), path.finish()]
    expected = np.concatenate([noise(5), np.zeros(4, np.float32), noise(3)])
    assert np.array_equal(np.concatenate(pieces), expected)


def test_filling_a_window_with_nothing_gives_silence():
    assert fill_window(np.zeros(0, np.float32), 5).tolist() == [0.0] * 5
    assert fill_window(np.array([1.0, 2.0], np.float32), 5).tolist() == [1.0, 2.0, 1.0, 2.0, 1.0]


@pytest.mark.parametrize(
    ("seconds", "starts"),
    [
        (2.0, [0.0]),
        (3.0, [0.0]),
        (3.74, [0.0]),
        (3.75, [0.0, 0.75]),
        (4.5, [0.0, 1.5]),
        (6.0, [0.0, 1.5, 3.0]),
        (7.49, [0.0, 1.5, 3.0, 4.49]),
    ],
)
def test_windows_overlap_where_the_step_is_half_a_window(write, seconds, starts):
    samples = noise(round(seconds * RATE))
    audio = open_audio(write(samples))
    path = SoundPath(audio.rate, audio.channels, PARAMS)
    found = list(file_windows(audio, PARAMS, path, N // 2))
    assert [start for start, _ in found] == pytest.approx(starts, abs=1 / RATE)
    if len(samples) >= N:
        for start, window in found:
            first = round(start * RATE)
            assert np.array_equal(window, samples[first : first + N])


@pytest.mark.parametrize("block", [1000, N - 1, N, 3 * N])
@pytest.mark.parametrize("step", [997, N // 3, N])
def test_windows_do_not_depend_on_how_the_sound_comes_in(block, step):
    samples = noise(200_000)
    blocks = [samples[i : i + block] for i in range(0, len(samples), block)]
    found = list(cut_windows(blocks, PARAMS, step))
    whole = list(cut_windows([samples], PARAMS, step))
    assert [start for start, _ in found] == [start for start, _ in whole]
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(found, whole, strict=True))
    assert len(found) >= (len(samples) - N) // step + 1


@pytest.mark.parametrize("step", [0, -1, N + 1])
def test_a_step_that_makes_no_sense_is_refused(step):
    with pytest.raises(ParameterError, match=f"step is {step} samples"):
        list(cut_windows([noise(N)], PARAMS, step))
