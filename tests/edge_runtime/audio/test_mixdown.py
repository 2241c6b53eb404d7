"""Many channels to one: the mean, one that is named, or the loudest where the mean cancels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime import Classifier, ClassifierStream
from edge_runtime.audio.conditioning import Conditioner, level_dbfs
from edge_runtime.audio.file import open_audio
from edge_runtime.audio.mixdown import Channel, Mixdown
from edge_runtime.errors import AudioFormatError, ParameterError
from edge_runtime.frontend import FrontEnd
from tests.command import refused, succeed
from train.features.clip import Clip, clip_features, sha256_of

from ..sounds import RATE, noise, write_wav

Sound = npt.NDArray[np.float32]
STEREO = noise(3 * RATE, channels=2)
BLOCK = 2048
"""Frames of the first block, which is judged before anything is known"""

OPPOSITE = np.stack([STEREO[:, 0], -0.9 * STEREO[:, 0]], axis=1)


def music() -> Sound:
    return np.concatenate([block[:, 0] for block in open_audio("demo").blocks()])


def test_ordinary_channels_are_mixed_to_their_mean_to_the_bit() -> None:
    mixdown = Mixdown(2)
    np.testing.assert_array_equal(mixdown(STEREO), STEREO.mean(axis=1, dtype=np.float32))
    assert mixdown.warning is None


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_a_channel_that_is_named_is_taken_as_it_is(channels: int) -> None:
    frames = noise(5000, channels=channels).reshape(5000, -1)
    for number in range(1, channels + 1):
        found = Mixdown(channels, number)(frames)
        np.testing.assert_array_equal(found, frames[:, number - 1])
        assert found.flags.c_contiguous


def test_opposite_phase_is_heard_from_the_louder_channel_with_one_warning() -> None:
    mixdown = Mixdown(2)
    mono = mixdown(OPPOSITE)
    np.testing.assert_array_equal(mono[BLOCK:], OPPOSITE[BLOCK:, 0])
    assert mixdown.warning is not None
    assert mixdown.warning.startswith("mixing its 2 channels loses the sound")
    assert "channel 1 alone is used" in mixdown.warning


@pytest.mark.parametrize("offset", [0.1, 0.5])
def test_a_constant_offset_does_not_hide_opposite_phase(offset: float) -> None:
    frames = 0.1 * OPPOSITE + np.float32(offset)
    mixdown = Mixdown(2)
    np.testing.assert_array_equal(mixdown(frames)[BLOCK:], frames[BLOCK:, 0])
    assert mixdown.warning is not None


def test_offsets_of_opposite_sign_do_not_make_soft_sound_cancel() -> None:
    frames = 0.01 * STEREO + np.float32([0.1, -0.1])
    mixdown = Mixdown(2)
    np.testing.assert_array_equal(mixdown(frames), frames.mean(axis=1, dtype=np.float32))
    assert mixdown.warning is None


def test_a_dead_channel_with_an_offset_is_not_the_loudest() -> None:
    frames = np.full((RATE, 2), 0.3, np.float32)
    frames[:, 1] = 0.1 * noise(RATE)
    np.testing.assert_array_equal(Mixdown(2, "loudest")(frames)[BLOCK:], frames[BLOCK:, 1])


def test_offsets_alone_are_mixed_without_a_warning() -> None:
    mixdown = Mixdown(2)
    mixdown(np.full((RATE, 2), [0.1, -0.1], np.float32))
    assert mixdown.warning is None


def test_one_live_channel_of_many_is_taken() -> None:
    frames = np.zeros((RATE, 6), np.float32)
    frames[:, 4] = noise(RATE)
    np.testing.assert_array_equal(Mixdown(6)(frames)[BLOCK:], frames[BLOCK:, 4])


def test_one_live_channel_of_two_is_mixed_as_ever() -> None:
    frames = np.zeros((RATE, 2), np.float32)
    frames[:, 0] = noise(RATE)
    mixdown = Mixdown(2)
    np.testing.assert_array_equal(mixdown(frames), frames[:, 0] / 2)
    assert mixdown.warning is None


def test_mixing_goes_on_when_it_loses_nothing_any_more() -> None:
    mixdown = Mixdown(2)
    mixdown(OPPOSITE)
    mono = mixdown(STEREO)
    np.testing.assert_array_equal(mono[-RATE:], STEREO[-RATE:].mean(axis=1, dtype=np.float32))


def test_the_loudest_channel_may_change() -> None:
    first, second = STEREO * np.float32([0.1, 1.0]), STEREO * np.float32([1.0, 0.1])
    mixdown = Mixdown(2, "loudest")
    np.testing.assert_array_equal(mixdown(first)[BLOCK:], first[BLOCK:, 1])
    np.testing.assert_array_equal(mixdown(second)[-RATE:], second[-RATE:, 0])


@given(
    st.lists(st.integers(0, 9000), min_size=1, max_size=20),
    st.sampled_from(["mix", "loudest", 2]),
)
def test_chunks_make_no_difference(chunks: list[int], channel: Channel) -> None:
    sound = np.concatenate([STEREO[:19000], OPPOSITE[:19000], STEREO[:19000]])
    whole = Conditioner(2, channel)(sound)
    conditioner, pieces, position = Conditioner(2, channel), [], 0
    for n in [*chunks, len(sound)]:
        pieces.append(conditioner(sound[position : position + n]))
        position += n
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_opposite_phase_has_the_label_of_one_channel() -> None:
    samples, classifier = music(), Classifier("tiny")
    alone = classifier.classify(samples, rate=RATE)
    opposite = np.stack([samples, -samples], axis=1)
    result = classifier.classify(opposite, rate=RATE)
    assert result.label == alone.label != "silence"
    (warning,) = result.warnings
    assert warning.startswith("samples: mixing its 2 channels loses the sound")

    stream = ClassifierStream(classifier, rate=RATE, channels=2)
    events = [*stream.push(opposite), *stream.finish()]
    assert "silence" not in {event.label for event in events}
    assert len(stream.take_warnings()) == 1


def test_training_mixes_as_the_device_does(tmp_path: Path, classifier: Classifier) -> None:
    clip = write_wav(tmp_path / "opposite.wav", OPPOSITE)
    front_end = FrontEnd(classifier.manifest.front_end)
    no_digest: Any = type("Digest", (), {"update": lambda self, data: None})()
    (found,) = clip_features(
        Clip(clip, sha256_of(clip), 0),
        front_end.params,
        front_end,
        front_end.params.window_samples,
        augmentation=None,
        digest=no_digest,
    )
    audio = open_audio(clip)
    conditioner = Conditioner(2)
    mono = np.concatenate([conditioner(block) for block in audio.blocks()])
    assert level_dbfs(mono) > -25.0
    np.testing.assert_array_equal(found[1], front_end(mono))


@pytest.mark.parametrize("channel", ["0", "-1", "left", "", "1.5", "²"])
def test_a_channel_that_makes_no_sense_is_refused(channel: str) -> None:
    with pytest.raises(ParameterError, match=r"^channel is .*a number from 1 on, mix or loudest$"):
        Mixdown(2, channel)


def test_a_channel_that_is_not_there_is_refused_with_the_name_of_the_file(tmp_path: Path) -> None:
    clip = write_wav(tmp_path / "stereo.wav", STEREO)
    with pytest.raises(AudioFormatError, match=r"stereo\.wav: there is no channel 3: there are 2"):
        Classifier("seed-cnn").classify(clip, channel=3)
    for command in (("classify", clip), ("listen", "--fast", "--input", clip)):
        assert "stereo.wav: there is no channel 3: there are 2 channels" in refused(
            *command, "--channel", "3", code=3
        )


def test_the_commands_take_a_channel(tmp_path: Path) -> None:
    """One channel of the array is noisy: it drowns the music, until another one is named."""
    samples = music()
    array = np.stack([noise(len(samples), scale=0.5), samples, samples * np.float32(0.9)], axis=1)
    clip = write_wav(tmp_path / "array.wav", np.clip(array, -1, 1))
    alone = Classifier("tiny").classify(samples, rate=RATE).label

    def label(*options: str) -> str:
        done = succeed("classify", clip, "--json", *options)
        return str(json.loads(done.stdout)["label"])

    assert label() == label("--channel", "mix") == label("--channel", "loudest") == "not music"
    assert label("--channel", "2") == alone

    done = succeed("listen", "--input", clip, "--fast", "--json", "--channel", "2")
    assert alone in {json.loads(line)["label"] for line in done.stdout.splitlines()}
