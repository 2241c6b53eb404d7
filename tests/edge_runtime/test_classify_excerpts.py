"""A classifier that listens to excerpts gives what it gives for their windows of the whole."""

import numpy as np
import pytest

from edge_runtime.audio.file import open_audio
from edge_runtime.audio.samples import AudioSamples
from edge_runtime.audio.sampling import Sampling
from edge_runtime.errors import AudioFormatError

from .sounds import RATE, noise, write_wav

SAMPLING = Sampling(2, 6.0)


@pytest.fixture
def long_wav(tmp_path):
    """A minute of noise that changes its level, so that windows differ."""
    steps = np.repeat(np.linspace(0.1, 1.0, 60), RATE).astype(np.float32)
    return write_wav(tmp_path / "long.wav", noise(60 * RATE) * steps)


def test_windows_have_the_times_and_labels_that_they_have_in_the_whole(classifier, long_wav):
    whole = classifier.classify_audio(open_audio(long_wav))
    found = classifier.classify_audio(open_audio(long_wav), sampling=SAMPLING)
    assert [(window.start, window.end) for window in found.windows] == [
        (12.0, 15.0), (15.0, 18.0), (42.0, 45.0), (45.0, 48.0),
    ]  # fmt: skip
    assert found.seconds == whole.seconds == 60.0
    assert found.warnings == whole.warnings
    in_whole = {window.start: window for window in whole.windows}
    for window in found.windows:
        other = in_whole[window.start]
        assert window.label == other.label
        assert window.level_dbfs == pytest.approx(other.level_dbfs, abs=1e-3)
        assert list(window.posterior.values()) == pytest.approx(
            list(other.posterior.values()), abs=0.02
        )


def test_samples_in_memory_are_sampled_as_files_are(classifier, long_wav):
    audio = open_audio(long_wav)
    samples = np.concatenate(list(audio.blocks()))
    found = classifier.classify_audio(audio, sampling=SAMPLING)
    other = classifier.classify_audio(AudioSamples(samples, RATE), sampling=SAMPLING)
    assert found.windows == other.windows
    assert found.posterior == other.posterior


def test_no_window_spans_two_excerpts(classifier):
    # Loud in the first half, silent in the second: every window is one or the other.
    sound = np.concatenate([noise(30 * RATE), np.zeros(30 * RATE, np.float32)])
    found = classifier.classify_audio(AudioSamples(sound, RATE), sampling=SAMPLING)
    assert [window.label == "silence" for window in found.windows] == [False, False, True, True]


def test_a_short_sound_is_taken_whole(classifier):
    audio = AudioSamples(noise(12 * RATE), RATE)
    assert classifier.classify_audio(audio, sampling=SAMPLING) == classifier.classify_audio(audio)


def test_only_the_excerpts_are_read(classifier, long_wav, monkeypatch):
    from edge_runtime.audio.file import AudioFile

    read = []
    original = AudioFile.blocks

    def counted(audio, *args, **named):
        for block in original(audio, *args, **named):
            read.append(len(block))
            yield block

    monkeypatch.setattr(AudioFile, "blocks", counted)
    classifier.classify_audio(open_audio(long_wav), sampling=SAMPLING)
    assert sum(read) == 12 * RATE


class Torn(AudioSamples):
    """Samples of which nothing is there behind a place, though the header promises them."""

    there_s = 20.0

    def blocks(self, block_seconds=1.0, *, start_s=0.0, seconds=None):
        left = max(0.0, self.there_s - start_s)
        seconds = left if seconds is None else min(seconds, left)
        yield from super().blocks(block_seconds, start_s=start_s, seconds=seconds)


def test_excerpts_that_are_not_there_are_warned_of(classifier):
    found = classifier.classify_audio(Torn(noise(60 * RATE), RATE), sampling=SAMPLING)
    assert [window.start for window in found.windows] == [12.0, 15.0]
    assert "12.0 s are promised, 6.0 s can be decoded" in found.warnings[0]


def test_a_file_without_any_excerpt_is_an_error(classifier, monkeypatch):
    monkeypatch.setattr(Torn, "there_s", 5.0)
    with pytest.raises(AudioFormatError, match="nothing can be decoded where it was sampled"):
        classifier.classify_audio(Torn(noise(60 * RATE), RATE), sampling=SAMPLING)


def test_a_channel_that_is_not_there_is_named(classifier, long_wav):
    with pytest.raises(AudioFormatError, match=r"long.wav: there is no channel 3"):
        classifier.classify_audio(open_audio(long_wav), channel=3, sampling=SAMPLING)
