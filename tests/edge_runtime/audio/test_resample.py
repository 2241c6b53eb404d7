"""The streaming resampler against soxr's one-shot call."""

import dataclasses
import sys

import numpy as np
import pytest
import soxr
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.audio.polyphase import PolyphaseResampler
from edge_runtime.audio.resample import StreamResampler, missing_band
from edge_runtime.errors import AudioFormatError
from edge_runtime.frontend import FrontEndParams

from ..sounds import noise

NOTHING = np.zeros(0, np.float32)


def stream(samples, rate, sizes):
    resampler, out, first = StreamResampler(rate, 22050), [], 0
    for size in sizes:
        out.append(resampler.push(samples[first : first + size]))
        first += size
    out += [resampler.push(samples[first:]), resampler.push(NOTHING, last=True)]
    return np.concatenate(out)


@given(
    rate=st.sampled_from([8000, 11025, 16000, 44100, 48000, 96000, 192000]),
    sizes=st.lists(st.integers(0, 9000), max_size=8),
)
def test_a_stream_equals_the_one_shot_call_bit_for_bit(rate, sizes):
    samples = noise(30_000)
    assert np.array_equal(stream(samples, rate, sizes), soxr.resample(samples, rate, 22050))


@pytest.mark.parametrize("n", [0, 1, 2, 50])
def test_a_stream_of_a_few_samples_equals_the_one_shot_call(n):
    samples = noise(n)
    assert np.array_equal(stream(samples, 48000, []), soxr.resample(samples, 48000, 22050))


@pytest.mark.parametrize("rate", [8000, 44100, 192000])
def test_a_tone_keeps_its_pitch_level_and_length(rate):
    tone = np.sin(2 * np.pi * 1000.0 * np.arange(2 * rate) / rate).astype(np.float32)
    out = stream(tone, rate, [])
    assert abs(len(out) - 44100) <= 1
    middle = out[11025:33075]  # one second, away from the edges
    spectrum = np.abs(np.fft.rfft(middle)) / len(middle) * 2
    assert spectrum.argmax() == 1000
    assert spectrum[1000] == pytest.approx(1.0, abs=0.01)


def test_equal_rates_pass_samples_through():
    samples = noise(1000)
    assert np.array_equal(stream(samples, 22050, [10, 0, 300]), samples)


@pytest.mark.parametrize("rate", [8000, 192_000])
def test_the_outermost_rates_are_taken(rate):
    assert StreamResampler(rate, 22050).source_rate == rate


@pytest.mark.parametrize("rate", [-1, 0, 7999, 192_001])
def test_rates_beyond_are_refused(rate):
    with pytest.raises(AudioFormatError, match=f"{rate} Hz; it must be from 8000 to 192000 Hz"):
        StreamResampler(rate, 22050)


def test_without_soxr_the_polyphase_filter_takes_its_place(monkeypatch):
    monkeypatch.setitem(sys.modules, "soxr", None)
    assert len(StreamResampler(22050, 22050).push(noise(7))) == 7
    sound = noise(44_100)
    ours = StreamResampler(44_100, 22_050).push(sound, last=True)
    np.testing.assert_array_equal(ours, PolyphaseResampler(44_100, 22_050).push(sound, last=True))


def test_a_source_without_the_upper_band_is_reported():
    params = FrontEndParams()
    assert missing_band(44_100, params) is missing_band(22_050, params) is None
    assert "nothing above 8 kHz" in missing_band(16_000, params)
    assert missing_band(16_000, dataclasses.replace(params, fmax=8_000.0)) is None


def test_nineteen_parts_in_twenty_of_the_band_are_enough():
    """The seed's front end takes sound up to 11,025 Hz, of which that is 10,473.75 Hz."""
    assert missing_band(20_948, FrontEndParams()) is None
    assert "nothing above 10.473 kHz" in missing_band(20_946, FrontEndParams())
