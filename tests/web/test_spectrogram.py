"""The picture of the sound: columns of 64 bytes, a twelfth of a second apart."""

import base64

import numpy as np
import pytest

from edge_runtime.web.spectrogram import Grid, Spectrogram

RATE = 16_000


def columns_of(message):
    """(columns, bands) bytes of a message."""
    data = np.frombuffer(base64.b64decode(message["data"]), np.uint8)
    return data.reshape(-1, message["bands"])


@pytest.mark.parametrize(
    ("rate", "hop", "n_fft"), [(22_050, 1838, 2048), (16_000, 1333, 2048), (8_000, 667, 1024)]
)
def test_there_are_about_twelve_columns_a_second(rate, hop, n_fft):
    grid = Grid(rate)
    assert (grid.hop, grid.n_fft) == (hop, n_fft)


def test_a_column_is_due_when_its_last_sample_is_there():
    grid = Grid(RATE)  # a hop of 1333 samples, columns of 2048
    assert list(grid.due(0, 2047, 0)) == []
    assert list(grid.due(0, 2048, 0)) == [0]
    assert list(grid.due(0, 2048 + 1333, 0)) == [0, 1]
    assert list(grid.due(0, 2048 + 1333, 1)) == [1]
    assert list(grid.due(1, 2048 + 1333, 0)) == [1]
    assert list(grid.due(1333, 2048 + 1333, 0)) == [1]


def test_silence_is_black_and_the_loudest_sound_does_not_wrap_around():
    picture = Spectrogram(Grid(RATE), 120.0)
    quiet = picture.add(0, np.zeros(2048, np.float32))
    assert (quiet["first"], quiet["bands"]) == (0, 64)
    assert quiet["per_second"] == pytest.approx(12.003, abs=1e-3)
    assert columns_of(quiet).tolist() == [[0] * 64]
    time = np.arange(2048) / RATE
    loud = columns_of(picture.add(1, np.sin(2 * np.pi * 1000 * time).astype(np.float32)))
    brightest = int(loud[0].argmax())
    softer = picture.add(2, (1e-2 * np.sin(2 * np.pi * 1000 * time)).astype(np.float32))
    assert int(columns_of(softer)[0].argmax()) == brightest
    # 40 dB are two fifths of the 100 dB between black and white.
    assert loud[0, brightest] - columns_of(softer)[0, brightest] == 102
    over = columns_of(picture.add(3, (1000.0 * np.sin(2 * np.pi * 1000 * time)).astype("f4")))
    assert over[0, brightest] == 255


def test_what_was_drawn_is_kept_without_gaps_for_a_page_that_comes_later():
    picture = Spectrogram(Grid(RATE), 1.0)  # room for 12 columns
    assert picture.columns() is None
    picture.add(0, np.zeros(2048 + 1333, np.float32))
    assert (picture.columns()["first"], len(columns_of(picture.columns()))) == (0, 2)
    picture.add(2, np.zeros(2048 + 11 * 1333, np.float32))
    assert (picture.columns()["first"], len(columns_of(picture.columns()))) == (2, 12)
    picture.add(20, np.zeros(2048, np.float32))
    assert (picture.columns()["first"], len(columns_of(picture.columns()))) == (20, 1)


def test_sound_shorter_than_a_column_draws_none():
    assert Spectrogram(Grid(RATE), 1.0).add(0, np.zeros(2047, np.float32)) is None


@pytest.mark.parametrize(
    ("decibels", "byte"),
    [(-60.1, 0), (-59.81, 0), (-59.8, 1), (-10.0, 128), (39.9, 255), (99, 255)],
)
def test_a_level_is_the_nearest_of_256_steps_between_60_db_below_and_40_above(decibels, byte):
    picture = Spectrogram(Grid(RATE), 1.0)
    picture._kernel = lambda frames, out: out.fill(decibels)
    message = picture.add(0, np.zeros(2048, np.float32))
    assert set(columns_of(message)[0].tolist()) == {byte}
