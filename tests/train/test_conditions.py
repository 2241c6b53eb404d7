"""Whole conditions and random chains on generated sound."""

import time

import numpy as np
import pytest

from tests.synthetic import RATE, clip
from train.augment import GRID, device_chain, random_degradation
from train.augment.codec import Codec
from train.augment.conditions import _BLOCKS, _ROOMS
from train.augment.device_chain import _BLOCKS as TRAINING_BLOCKS
from train.augment.device_chain import _ROOMS as TRAINING_ROOMS

FLAT = np.array([[1.0, 0.0, 0.0, 1.0, 0.0, 0.0]])
MUSIC = clip("beeps", 0, 3.2) + clip("drone", 1, 3.2)
BY_NAME = {condition.name: condition for condition in GRID}


def level_db(samples):
    return 10 * np.log10(np.mean(np.square(samples, dtype=np.float64)))


def test_the_standard_list_begins_with_the_clip_as_it_is():
    assert tuple(BY_NAME) == (
        "clean", "level-20", "level-40", "level-50", "snr-20", "snr-10", "snr-5", "room-0.2",
        "room-0.4", "room-0.8", "room-0.4-snr-10", "source-8k", "mp3-32", "opus-24",
    )  # fmt: skip
    np.testing.assert_array_equal(GRID[0](MUSIC, RATE, "a"), MUSIC)


@pytest.mark.parametrize("condition", GRID[1:], ids=lambda condition: condition.name)
def test_a_condition_changes_a_clip_the_same_way_each_time(condition):
    before = MUSIC.copy()
    degraded = condition(MUSIC, RATE, "blues.00001")
    np.testing.assert_array_equal(MUSIC, before)
    assert (len(degraded), degraded.dtype) == (len(MUSIC), np.float32)
    assert np.isfinite(degraded).all()
    assert not np.allclose(degraded, MUSIC, atol=1e-4)
    np.testing.assert_array_equal(degraded, condition(MUSIC, RATE, "blues.00001"))


def test_other_clips_and_other_seeds_get_other_rooms_and_noise():
    condition = BY_NAME["room-0.4-snr-10"]
    degraded = [
        condition(MUSIC, RATE, "a"),
        condition(MUSIC, RATE, "b"),
        condition(MUSIC, RATE, "a", 1),
    ]
    assert len({sound.tobytes() for sound in degraded}) == 3


def test_more_noise_is_the_same_noise_and_louder():
    soft, loud = (BY_NAME[name](MUSIC, RATE, "a") - MUSIC for name in ("snr-20", "snr-5"))
    assert np.corrcoef(soft, loud)[0, 1] > 0.999
    assert level_db(loud) - level_db(soft) == pytest.approx(15.0, abs=0.01)


def test_noise_of_a_condition_comes_in_every_colour():
    slopes = set()
    for number in range(20):
        noise = BY_NAME["snr-10"](MUSIC, RATE, f"clip {number}") - MUSIC
        power = np.abs(np.fft.rfft(noise)) ** 2
        low, high = power[: len(power) // 20].sum(), power[len(power) // 2 :].sum()
        slopes.add(round(np.log10(low / high)))
    assert len(slopes) > 2


def test_models_are_not_tested_in_the_rooms_and_noise_that_training_draws_from():
    assert min(TRAINING_ROOMS) >= _ROOMS
    assert min(TRAINING_BLOCKS) >= _BLOCKS


@pytest.mark.parametrize("length", [0, 1, 50])
def test_the_shortest_sound_survives_everything(length):
    for condition in GRID:
        assert len(condition(MUSIC[:length], RATE, "a")) == length
    for seed in range(10):
        assert len(random_degradation(MUSIC[:length], RATE, np.random.default_rng(seed))) == length


def test_silence_stays_silence():
    silence = np.zeros(RATE, np.float32)
    for condition in GRID:
        assert np.abs(condition(silence, RATE, "a")).max() < 1e-4, condition.name
    for seed in range(5):
        assert not random_degradation(silence, RATE, np.random.default_rng(seed)).any()


def test_a_random_chain_is_the_same_for_the_same_numbers_and_never_louder():
    levels = []
    for seed in range(30):
        degraded = random_degradation(MUSIC, RATE, np.random.default_rng(seed))
        assert (len(degraded), degraded.dtype) == (len(MUSIC), np.float32)
        levels.append(level_db(degraded) - level_db(MUSIC))
    again = random_degradation(MUSIC, RATE, np.random.default_rng(29))
    np.testing.assert_array_equal(degraded, again)
    assert min(levels) < -25
    assert max(levels) < 8  # 6 dB of the equaliser, 1 dB of noise
    assert np.ptp(levels) > 20


def test_a_clip_of_30_s_takes_a_fraction_of_a_second_once_its_room_is_there():
    sound = np.resize(MUSIC, 30 * RATE)
    condition = BY_NAME["room-0.4-snr-10"]
    condition(sound, RATE, "a")
    begin = time.process_time()
    for _ in range(3):
        condition(sound, RATE, "a")
    assert (time.process_time() - begin) / 3 < 0.2


def test_the_standard_list_is_the_one_that_the_tables_name():
    found = {
        c.name: (c.codec, c.source_rate, c.rt60_s, c.snr_db, c.level_db) for c in GRID
    }  # fmt: skip
    assert found == {
        "clean": (None, None, None, None, 0.0),
        "level-20": (None, None, None, None, -20.0),
        "level-40": (None, None, None, None, -40.0),
        "level-50": (None, None, None, None, -50.0),
        "snr-20": (None, None, None, 20.0, 0.0),
        "snr-10": (None, None, None, 10.0, 0.0),
        "snr-5": (None, None, None, 5.0, 0.0),
        "room-0.2": (None, None, 0.2, None, 0.0),
        "room-0.4": (None, None, 0.4, None, 0.0),
        "room-0.8": (None, None, 0.8, None, 0.0),
        "room-0.4-snr-10": (None, None, 0.4, 10.0, 0.0),
        "source-8k": (None, 8000, None, None, 0.0),
        "mp3-32": (Codec("mp3", 32), None, None, None, 0.0),
        "opus-24": (Codec("opus", 24), None, None, None, 0.0),
    }


def test_a_random_chain_is_drawn_from_the_ranges_that_its_docstring_names(monkeypatch):
    drawn = {"narrow": [], "room": [], "equaliser": [], "noise": [], "level": []}

    def draws(name, value):
        drawn[name].append(value)
        return MUSIC[:10]

    for name, stand_in in {
        "band_limited": lambda samples, rate, source: draws("narrow", source),
        "cached_response": lambda rt60_s, rate, number: (rt60_s, number),
        "in_room": lambda samples, response: draws("room", response),
        "random_equaliser": lambda rate, db, _: draws("equaliser", db) is None or FLAT,
        "cached_block": lambda kind, rate, number: MUSIC,
        "with_noise": lambda samples, noise, snr_db: draws("noise", snr_db),
        "at_level": lambda samples, db: draws("level", db),
    }.items():
        monkeypatch.setattr(device_chain, name, stand_in)
    for seed in range(1000):
        random_degradation(MUSIC[:10], RATE, np.random.default_rng(seed))
    assert 110 < len(drawn["narrow"]) < 176  # one in seven, within three standard deviations
    assert set(drawn["narrow"]) == {8000, 11_025, 16_000}
    assert 452 < len(drawn["room"]) < 548
    assert {rt60_s for rt60_s, _ in drawn["room"]} == {0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8}
    assert {number for _, number in drawn["room"]} == set(range(1000, 1008))
    assert drawn["equaliser"] == [6.0] * 1000
    assert 762 < len(drawn["noise"]) < 838
    assert 5.0 <= min(drawn["noise"]) < 5.5
    assert 29.5 < max(drawn["noise"]) < 30.0
    assert -40.0 <= min(drawn["level"]) < -39.5
    assert -0.5 < max(drawn["level"]) < 0.0
