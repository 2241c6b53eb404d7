import dataclasses
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter

from edge_runtime.audio.dc_block import DcBlocker
from edge_runtime.audio.file import open_audio
from edge_runtime.audio.windows import SoundPath, file_windows
from edge_runtime.frontend import PRESETS

RATE = 22_050


def noise(n: int) -> np.ndarray:
    return (np.random.default_rng(0).standard_normal(n) * 0.1).astype(np.float32)


def test_it_is_the_filter_of_its_docstring() -> None:
    r = np.exp(-2 * np.pi * 20.0 / RATE)
    sound = noise(5000) + np.float32(0.3)
    expected = lfilter([1, -1], [1, -r], sound.astype(np.float64))
    ours = DcBlocker(20.0, RATE).push(sound, last=True)
    np.testing.assert_allclose(ours, expected, atol=1e-6)


def test_an_offset_dies_away_and_music_stays() -> None:
    t = np.arange(4 * RATE) / RATE
    tone = np.sin(2 * np.pi * 440 * t).astype(np.float32)
    ours = DcBlocker(5.0, RATE).push(tone + np.float32(0.5), last=True)[2 * RATE :]
    assert abs(ours.mean()) < 1e-4
    assert np.abs(ours).max() == pytest.approx(1.0, abs=1e-3)


@given(st.lists(st.integers(0, 700), min_size=1, max_size=20))
def test_a_stream_equals_one_call_for_any_chunking(chunks: list[int]) -> None:
    sound = noise(sum(chunks))
    stream, pieces, position = DcBlocker(10.0, RATE), [], 0
    for n in chunks:
        pieces.append(stream.push(sound[position : position + n]))
        position += n
    pieces.append(stream.push(np.zeros(0, np.float32), last=True))
    np.testing.assert_array_equal(
        np.concatenate(pieces), DcBlocker(10.0, RATE).push(sound, last=True)
    )


def test_it_runs_where_the_front_end_asks_for_it_and_nowhere_else(tmp_path: Path) -> None:
    path = tmp_path / "offset.wav"
    soundfile.write(path, noise(7 * RATE) + 0.25, RATE, subtype="FLOAT")
    audio = open_audio(path)
    plain = PRESETS["seed-mfcc13"]
    for params, offset in ((plain, 0.25), (dataclasses.replace(plain, dc_block_hz=10.0), 0.0)):
        sound = SoundPath(audio.rate, audio.channels, params)
        *_, (_, last) = file_windows(audio, params, sound)
        assert last.mean() == pytest.approx(offset, abs=2e-3)
