"""Single degradations on generated sound: each changes what it should, by as much as it should."""

import numpy as np
import pytest

from edge_runtime.errors import ParameterError
from tests.synthetic import RATE, clip
from train.augment import codec as codec_module
from train.augment.codec import Codec, at_level, band_limited, encode, through_codec
from train.augment.noise import KINDS, cached_block, excerpt, noise_block, with_noise
from train.augment.room import cached_response, in_room, reverberation_time, room_response

MUSIC = clip("beeps", 0, 5.0) + clip("drone", 1, 5.0) + clip("hiss", 2, 5.0)


def level_db(samples):
    return 10 * np.log10(np.mean(np.square(samples, dtype=np.float64)))


def band_db(samples, low, high):
    """Power between two frequencies."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    return 10 * np.log10(power[(frequencies >= low) & (frequencies < high)].sum())


@pytest.mark.parametrize("rt60_s", [0.2, 0.4, 0.8])
def test_a_room_rings_as_long_as_was_asked_for(rt60_s):
    for seed in range(3):
        response = room_response(rt60_s, RATE, np.random.default_rng(seed))
        assert response.dtype == np.float32
        assert reverberation_time(response, RATE) == pytest.approx(rt60_s, rel=0.06)
        assert np.sum(response**2) == pytest.approx(1.0, rel=1e-5)


def test_the_reverberation_time_of_an_exponential_decay_is_read_off():
    t = np.arange(RATE) / RATE
    noise = np.random.default_rng(0).standard_normal(len(t))
    assert reverberation_time(noise * 10 ** (-3 * t / 0.5), RATE) == pytest.approx(0.5, rel=0.03)


def test_rooms_are_drawn_from_the_seed():
    one, again, other = (room_response(0.3, 16_000, np.random.default_rng(s)) for s in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert len(one) != len(other) or not np.array_equal(one, other)


def test_a_kept_room_is_the_same_room_at_every_rate_and_cannot_be_changed():
    low, high = cached_response(0.3, 8_000, 5), cached_response(0.3, 16_000, 5)
    assert abs(len(high) / len(low) - 2) < 0.01
    assert cached_response(0.3, 8_000, 5) is low
    with pytest.raises(ValueError, match="read-only"):
        low[0] = 1.0


def test_a_room_keeps_length_and_level_and_smears_a_click():
    degraded = in_room(MUSIC, cached_response(0.4, RATE, 0))
    assert (len(degraded), degraded.dtype) == (len(MUSIC), np.float32)
    assert level_db(degraded) == pytest.approx(level_db(MUSIC), abs=1e-3)
    click = np.zeros(RATE, np.float32)
    click[1000] = 0.5
    rung = in_room(click, cached_response(0.4, RATE, 0))
    assert np.abs(rung[:990]).max() < 1e-4
    late = level_db(rung[1000 + RATE // 10 : 1000 + RATE // 5])
    later = level_db(rung[1000 + RATE // 5 : 1000 + 3 * RATE // 10])
    assert late - later == pytest.approx(15.0, abs=3.0)  # 60 dB in 0.4 s are 15 dB in 0.1 s


@pytest.mark.parametrize("rt60_s", [0.0, 0.1, 2.0, -1.0, float("nan")])
def test_a_room_that_cannot_be_is_refused(rt60_s):
    with pytest.raises(ParameterError, match=r"rt60_s is .* from 0\.15 to 1\.5 seconds"):
        room_response(rt60_s, RATE, np.random.default_rng(0))


@pytest.mark.parametrize("snr_db", [20.0, 5.0, -3.0])
@pytest.mark.parametrize("kind", KINDS)
def test_noise_lies_exactly_as_far_below_as_was_asked_for(kind, snr_db):
    block = noise_block(kind, RATE, np.random.default_rng(0))
    noise = excerpt(block, len(MUSIC), np.random.default_rng(1))
    added = with_noise(MUSIC, noise, snr_db).astype(np.float64) - MUSIC
    assert level_db(MUSIC) - level_db(added) == pytest.approx(snr_db, abs=0.01)


@pytest.mark.parametrize(("kind", "slope_db"), [("pink", -3.0), ("brown", -6.0)])
def test_coloured_noise_falls_by_so_many_db_an_octave(kind, slope_db):
    block = noise_block(kind, RATE, np.random.default_rng(0))
    octaves = [band_db(block, f, 2 * f) - 10 * np.log10(f) for f in (100, 400, 1600, 5000)]
    slope = np.polyfit(np.log2([100, 400, 1600, 5000]), octaves, 1)[0]
    assert slope == pytest.approx(slope_db, abs=0.3)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("pink", [0.126954481, 0.479654789, 0.723766863, 0.243893549]),
        ("brown", [0.459677845, 0.494918674, -0.271580726, -0.559817076]),
    ],
)
def test_noise_is_that_of_the_committed_robustness_tables(kind, values):
    """Another spectrum or order of draws would change all of docs/explanation/robustness.md."""
    block = cached_block(kind, RATE, 0)
    assert block[[0, 1, 1000, 100_000]] == pytest.approx(values, rel=1e-4)


def test_babble_has_its_power_where_speech_has_and_pauses_between_syllables():
    block = noise_block("babble", RATE, np.random.default_rng(0))
    speech = band_db(block, 80, 4000)
    assert speech - band_db(block, 4000, RATE / 2) > 10
    assert speech - band_db(block, 0, 70) > 20
    envelope = np.sqrt(np.mean(block.reshape(-1, RATE // 21) ** 2, axis=1))
    modulation = np.abs(np.fft.rfft(envelope - envelope.mean()))
    hertz = np.fft.rfftfreq(len(envelope), 1 / 21)
    assert modulation[(hertz > 1) & (hertz < 6)].mean() > 2 * modulation[hertz > 8].mean()


def test_hum_is_of_the_mains_and_its_harmonics():
    block = noise_block("hum", RATE, np.random.default_rng(0))
    power = np.abs(np.fft.rfft(block)) ** 2
    strongest = np.flatnonzero(power > 1e-6 * power.max()) / 12  # hertz: a block is 12 s
    assert len(strongest) == 20
    assert any(np.allclose(strongest % mains, 0.0) for mains in (50, 60))


@pytest.mark.parametrize("kind", KINDS)
def test_a_block_of_noise_can_be_repeated_without_a_click(kind):
    block = noise_block(kind, RATE, np.random.default_rng(3))
    steps = np.abs(np.diff(np.resize(block, 2 * len(block))))
    assert steps[len(block) - 1] <= steps[: len(block) - 1].max()


def test_an_unknown_noise_is_refused():
    with pytest.raises(ParameterError, match="noise 'green': must be pink, brown"):
        noise_block("green", RATE, np.random.default_rng(0))


def test_a_source_of_8_khz_leaves_nothing_above_4_khz_and_the_rest_alone():
    narrow = band_limited(MUSIC, RATE, 8_000)
    assert len(narrow) == len(MUSIC)
    assert band_db(narrow, 4100, RATE / 2) < band_db(MUSIC, 4100, RATE / 2) - 60
    assert band_db(narrow, 50, 3500) == pytest.approx(band_db(MUSIC, 50, 3500), abs=0.05)
    assert band_limited(MUSIC, RATE, 48_000) is MUSIC


@pytest.mark.parametrize("db", [0.0, -20.0, -40.0])
def test_a_softer_sound_is_softer_by_so_much_and_in_16_bit_steps(db):
    music = 0.3 * MUSIC  # so that nothing is clipped
    soft = at_level(music, db)
    assert level_db(soft) == pytest.approx(level_db(music) + db, abs=0.05)
    steps = soft * 32768
    np.testing.assert_array_equal(steps, np.rint(steps))
    error = soft - music * 10 ** (db / 20)
    assert np.abs(error).max() <= 0.51 / 32768


def test_what_is_too_loud_is_clipped():
    loud = at_level(np.array([0.5, -0.5], np.float32), 12.0)
    np.testing.assert_array_equal(loud, np.array([32767, -32768], np.float32) / 32768)


CODECS = (Codec("mp3", 32), Codec("opus", 24))


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.format)
@pytest.mark.parametrize("rate", [16_000, RATE, 44_100])
def test_a_codec_gives_back_the_music_in_time_but_not_unharmed(codec, rate):
    t = np.arange(2 * rate) / rate
    pitches = np.where(t % 0.5 < 0.25, 440.0, 660.0)
    music = (0.3 * np.sin(2 * np.pi * np.cumsum(pitches) / rate)).astype(np.float32)
    music += 0.01 * np.random.default_rng(0).standard_normal(len(t)).astype(np.float32)
    degraded = through_codec(music, rate, codec)
    assert (len(degraded), degraded.dtype) == (len(music), np.float32)
    assert np.corrcoef(music, degraded)[0, 1] > 0.97  # a delay of 0.3 ms would spoil that
    assert np.abs(music - degraded).max() > 1e-3


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.format)
def test_compressed_sound_is_as_small_as_its_bit_rate_says(codec):
    sound = np.tile(MUSIC, 2)
    rate = {"mp3": 22_050, "opus": 24_000}[codec.format]
    kbit_s = 8 * len(encode(sound, rate, codec)) / (len(sound) / rate) / 1000
    assert kbit_s == pytest.approx(codec.kbit_s, rel=0.15)


def test_mp3_at_32_kbit_s_has_nothing_above_9_khz():
    hiss = 0.1 * np.random.default_rng(0).standard_normal(2 * RATE).astype(np.float32)
    degraded = through_codec(hiss, RATE, Codec("mp3", 32))
    assert band_db(degraded, 9000, RATE / 2) < band_db(hiss, 9000, RATE / 2) - 50
    assert band_db(degraded, 100, 8000) == pytest.approx(band_db(hiss, 100, 8000), abs=1.0)


@pytest.mark.parametrize(("name", "kbit_s"), [("aac", 32), ("mp3", 8), ("mp3", 320), ("opus", 2)])
def test_a_codec_that_cannot_be_is_refused(name, kbit_s):
    with pytest.raises(ParameterError, match=f"{name}.*must be"):
        Codec(name, kbit_s)


@pytest.mark.parametrize(("db", "expected"), [(-20.0, 1638), (-6.0, 8211), (0.0, 16_384)])
def test_a_gain_is_one_of_amplitude(db, expected):
    assert at_level(np.array([0.5], np.float32), db).tolist() == [expected / 32768]


@pytest.mark.parametrize(
    ("name", "rate", "coded"),
    [("mp3", 16_000, 22_050), ("mp3", 48_000, 22_050), ("opus", 16_000, 24_000),
     ("opus", 24_000, 24_000), ("opus", 24_001, 48_000), ("opus", 48_000, 48_000)],
)  # fmt: skip
def test_sound_is_coded_at_a_rate_that_the_codec_has(monkeypatch, name, rate, coded):
    rates = []
    monkeypatch.setattr(
        codec_module, "encode", lambda samples, rate, _: rates.append(rate) or samples
    )
    monkeypatch.setattr(codec_module, "decode", lambda content: content)
    assert len(through_codec(MUSIC[:5000], rate, Codec(name, 32))) == 5000
    assert rates == [coded]
