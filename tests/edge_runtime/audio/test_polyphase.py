"""The resampler for machines without soxr: what it passes, what it stops, and streams of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_runtime.audio.polyphase import PASSBAND, PolyphaseResampler
from edge_runtime.errors import AudioFormatError

TARGET = 22_050
RATES = (8_000, 16_000, 32_000, 44_100, 48_000, 96_000, 192_000)


def resampled(rate: int, sound: np.ndarray) -> np.ndarray:
    return PolyphaseResampler(rate, TARGET).push(sound.astype(np.float32), last=True)


def sine(rate: int, hertz: float, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def middle(sound: np.ndarray) -> np.ndarray:
    return sound[len(sound) // 4 : -len(sound) // 4].astype(np.float64)


@pytest.mark.parametrize("rate", RATES)
def test_the_passband_is_flat_and_in_time(rate: int) -> None:
    edge = PASSBAND * min(rate, TARGET) / 2
    for hertz in (20.0, 440.0, 0.5 * edge, 0.9 * edge, edge):
        error = middle(resampled(rate, sine(rate, hertz)) - sine(TARGET, hertz)[:TARGET])
        assert np.abs(error).max() < 1.2e-3, hertz  # 0.01 dB


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000, 192_000])
def test_what_would_be_an_alias_is_100_db_down(rate: int) -> None:
    nyquist = TARGET / 2
    for hertz in (1.001 * nyquist, 1.1 * nyquist, 1.5 * nyquist, 0.49 * rate):
        leak = middle(resampled(rate, sine(rate, hertz)))
        assert 20 * np.log10(np.abs(leak).max()) < -100, hertz


@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_what_would_be_an_image_is_100_db_down(rate: int) -> None:
    sound = resampled(rate, sine(rate, 0.4 * rate, 4.0))
    spectrum = np.abs(np.fft.rfft(middle(sound) * np.blackman(len(middle(sound)))))
    hertz = np.fft.rfftfreq(len(middle(sound)), 1 / TARGET)
    image = spectrum[hertz > 0.55 * rate].max() / spectrum.max()
    assert 20 * np.log10(image) < -100


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(RATES),
    st.lists(st.one_of(st.integers(0, 5), st.integers(0, 5000)), min_size=1, max_size=12),
)
def test_a_stream_equals_one_call_for_any_chunking(rate: int, chunks: list[int]) -> None:
    sound = np.random.default_rng(0).standard_normal(sum(chunks)).astype(np.float32)
    stream, pieces, position = PolyphaseResampler(rate, TARGET), [], 0
    for n in chunks:
        pieces.append(stream.push(sound[position : position + n]))
        position += n
    pieces.append(stream.push(np.zeros(0, np.float32), last=True))
    together = np.concatenate(pieces)
    np.testing.assert_array_equal(together, resampled(rate, sound))
    assert len(together) == round(len(sound) * TARGET / rate)


def test_it_agrees_with_soxr() -> None:
    soxr = pytest.importorskip("soxr")
    t = np.arange(48_000) / 48_000
    sound = sum(np.sin(2 * np.pi * f * t + f) / 9 for f in range(100, 9_000, 1_000))
    reference = soxr.resample(sound.astype(np.float32), 48_000, TARGET)
    error = middle(resampled(48_000, sound)[: len(reference)] - reference)
    assert np.abs(error).max() < 1e-4


def test_rates_with_little_in_common_are_refused_with_a_way_out() -> None:
    with pytest.raises(AudioFormatError, match=r"44101 Hz needs soxr.*44100"):
        PolyphaseResampler(44_101, TARGET)
