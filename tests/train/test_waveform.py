import dataclasses

import numpy as np
import pytest
from scipy.signal import sosfreqz

from edge_runtime.errors import ParameterError
from tests.synthetic import RATE, clip
from train.augment.waveform import AudioAugmentation, augment, biquad, random_equaliser

SHA = "ab" * 32
SOUND = clip("drone", 0, 4.0)


def vary(sound=SOUND, *, copy=1, sha256=SHA, **ranges):
    settings = AudioAugmentation(**ranges)
    return augment(sound, RATE, settings, settings.generator(sha256, copy))


def level_db(samples):
    return 10 * np.log10(np.mean(np.square(samples, dtype=np.float64)))


def test_no_range_changes_nothing():
    np.testing.assert_array_equal(vary(), SOUND)


EVERYTHING = {
    "noise_snr_db": 10.0,
    "eq_db": 6.0,
    "gain_db": 6.0,
    "pitch_semitones": 1.0,
    "stretch": 0.1,
}


def test_a_variation_is_the_same_for_the_same_clip_number_and_seed():
    one = vary(**EVERYTHING)
    assert one.dtype == np.float32
    np.testing.assert_array_equal(one, vary(**EVERYTHING))
    for change in ({"copy": 2}, {"sha256": "cd" * 32}, {"seed": 1}):
        other = vary(**{**EVERYTHING, **change})
        assert not np.array_equal(one, other[: len(one)])


def test_gain_stays_in_its_range():
    changes = [level_db(vary(gain_db=6.0, copy=copy)) - level_db(SOUND) for copy in range(50)]
    assert -6.0 <= min(changes) < -4.0
    assert 4.0 < max(changes) <= 6.0


def test_noise_is_never_louder_than_was_allowed():
    distances = [
        level_db(SOUND) - level_db(vary(noise_snr_db=10.0, copy=copy) - SOUND) for copy in range(50)
    ]
    assert 9.9 < min(distances) < 15.0
    assert 35.0 < max(distances) < 40.1


def test_noise_is_white_or_pink():
    slopes = []
    for copy in range(20):
        noise = vary(noise_snr_db=0.0, copy=copy) - SOUND
        power = np.abs(np.fft.rfft(noise)) ** 2
        octaves = [power[n : 2 * n].mean() for n in (400, 800, 1600, 3200, 6400, 12800)]
        slopes.append(np.polyfit(range(6), 10 * np.log10(octaves), 1)[0])  # dB an octave
    assert {round(slope / 3) for slope in slopes} == {0, -1}


@pytest.mark.parametrize("gain_db", [-12.0, 6.0])
@pytest.mark.parametrize(
    ("kind", "reached"), [("low_shelf", 0.0), ("peak", 1000.0), ("high_shelf", RATE / 2)]
)
def test_a_biquad_has_its_gain_where_it_belongs(kind, reached, gain_db):
    places = np.array([0.0, 1000.0, RATE / 2])
    _, response = sosfreqz(
        np.array([biquad(kind, RATE, 1000.0, gain_db, np.sqrt(0.5))]), places, fs=RATE
    )
    gains = 20 * np.log10(np.abs(response))
    np.testing.assert_allclose(gains[places == reached], gain_db, atol=1e-9)
    for place in {0.0, RATE / 2} - {reached}:
        np.testing.assert_allclose(gains[places == place], 0.0, atol=1e-9)


@pytest.mark.parametrize("rate", [8000, 22050, 48000])
def test_the_equaliser_is_stable_and_stays_in_its_range(rate):
    generator = np.random.default_rng(0)
    for _ in range(100):
        sections = random_equaliser(rate, 6.0, generator)
        assert all((np.abs(np.roots(section[3:])) < 1).all() for section in sections)
        for section in sections:
            _, response = sosfreqz(section[np.newaxis], 512)
            assert np.abs(20 * np.log10(np.abs(response))).max() < 6.01


def test_tempo_changes_the_length_and_pitch_does_not():
    lengths = [len(vary(stretch=0.2, copy=copy)) / len(SOUND) for copy in range(10)]
    assert 1 / 1.2 <= min(lengths) < 1.0 < max(lengths) <= 1 / 0.8
    assert len(vary(pitch_semitones=2.0)) == len(SOUND)


def test_pitch_moves_a_tone_by_so_many_semitones():
    t = np.arange(4 * RATE) / RATE
    tone = (0.3 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)
    peaks = []
    for copy in range(6):
        moved = vary(tone, pitch_semitones=2.0, copy=copy)
        spectrum = np.abs(np.fft.rfft(moved * np.hanning(len(moved))))
        peaks.append(12 * np.log2(np.argmax(spectrum) / 4 / 440))
    assert max(np.abs(peaks)) < 2.1
    assert np.ptp(peaks) > 0.5


@pytest.mark.parametrize("length", [0, 1, 100])
def test_the_shortest_sound_can_be_varied(length):
    assert len(vary(SOUND[:length], **EVERYTHING)) == length


def test_silence_stays_silence():
    assert not vary(np.zeros(RATE, np.float32), **EVERYTHING).any()


@pytest.mark.parametrize("name", [f.name for f in dataclasses.fields(AudioAugmentation)])
def test_a_range_that_makes_no_sense_is_refused(name):
    for value in (1e12, -1e12, float("nan")):
        with pytest.raises(ParameterError, match=name):
            AudioAugmentation(**{name: value})
