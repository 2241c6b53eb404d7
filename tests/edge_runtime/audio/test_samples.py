"""Samples in memory as a source of windows."""

import numpy as np
import pytest

from edge_runtime.audio.samples import audio_samples
from edge_runtime.errors import AudioFormatError, ParameterError


def test_samples_are_cut_into_blocks_of_a_tenth_of_a_second():
    audio = audio_samples(np.arange(2000, dtype=np.int16).reshape(-1, 1), 8000)
    assert [block[0, 0] for block in audio.blocks(0.1)] == [0, 800, 1600]
    assert (audio.channels, audio.frames, audio.seconds) == (1, 2000, 0.25)


def test_up_to_sixty_four_channels_are_taken():
    assert audio_samples(np.zeros((10, 64), np.float32), 8000).channels == 64
    with pytest.raises(AudioFormatError, match=r"\(10, 65\); .*64 channels at most"):
        audio_samples(np.zeros((10, 65), np.float32), 8000)


@pytest.mark.parametrize("rate", [8000, 192_000])
def test_the_outermost_rates_are_taken(rate):
    assert audio_samples(np.zeros(10, np.float32), rate).rate == rate


@pytest.mark.parametrize("rate", [7999, 192_001])
def test_rates_beyond_are_refused(rate):
    with pytest.raises(ParameterError, match=f"rate is {rate}; it must be from 8000 to 192000"):
        audio_samples(np.zeros(10, np.float32), rate)
