"""Quiet microphones are no silence; quiet rooms are, and so is nothing at all."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from edge_runtime import Classifier, ClassifierStream
from edge_runtime.audio.conditioning import level_dbfs, window_level
from edge_runtime.audio.file import open_audio
from edge_runtime.silence import SilenceGate, WindowLevel
from tests.command import succeed

from .sounds import RATE, noise, write_wav

Sound = npt.NDArray[np.float32]


def at(sound: Sound, dbfs: float) -> Sound:
    """The sound at a level, rounded to 16 bits."""
    gain = 10.0 ** ((dbfs - level_dbfs(sound)) / 20.0)
    return (np.rint(sound * gain * 32768.0) / 32768.0).astype(np.float32)


def music(seconds: float = 12.0) -> Sound:
    """The demo clip, one channel at 22050 Hz."""
    samples = np.concatenate([block[:, 0] for block in open_audio("demo").blocks()])
    return np.resize(samples, round(seconds * RATE))


def room_tone(seconds: float = 12.0) -> Sound:
    """Rumble, as of a ventilation, and hiss, as of a microphone."""
    white = noise(round(seconds * RATE), seed=4)
    rumble = np.cumsum(white - white.mean())
    return (rumble / rumble.std() + 0.3 * noise(len(rumble), seed=5, scale=1.0)).astype(np.float32)


def labels(classifier: Classifier, sound: Sound) -> list[str]:
    """Of every window of a stream."""
    stream = ClassifierStream(classifier, rate=RATE)
    return [event.label for event in [*stream.push(sound), *stream.finish()]]


@pytest.fixture(scope="module")
def tiny() -> Classifier:
    return Classifier("tiny")


@pytest.mark.parametrize("dbfs", [-62.0, -70.0, -75.0])
def test_soft_music_is_labelled_as_loud_music_is(tiny: Classifier, dbfs: float) -> None:
    loud = tiny.classify(music(), rate=RATE)
    soft = tiny.classify(at(music(), dbfs), rate=RATE)
    assert soft.label == loud.label
    assert "silence" not in [window.label for window in soft.windows]
    assert "silence" not in labels(tiny, at(music(), dbfs))


@pytest.mark.parametrize("dbfs", [-61.0, -70.0, -80.0])
def test_room_tone_alone_is_silence(tiny: Classifier, dbfs: float) -> None:
    assert tiny.classify(at(room_tone(), dbfs), rate=RATE).label == "silence"
    assert set(labels(tiny, at(room_tone(), dbfs))) == {"silence"}


def test_room_tone_above_the_gate_is_not_music(tiny: Classifier) -> None:
    assert set(labels(tiny, at(room_tone(), -50.0))) == {"not music"}


def test_nothing_is_silence_whatever_its_shape(tiny: Classifier) -> None:
    flicker = (np.random.default_rng(0).random(6 * RATE) < 0.1) / np.float32(32768)
    for nothing in (np.zeros(6 * RATE, np.float32), flicker.astype(np.float32)):
        assert set(labels(tiny, nothing)) == {"silence"}
    faint = music() * np.float32(10 ** ((-95.0 - level_dbfs(music())) / 20))
    assert set(labels(tiny, faint)) == {"silence"}


def test_music_between_two_stretches_of_a_quiet_room_is_found(tiny: Classifier) -> None:
    room = at(room_tone(20.0), -76.0)
    muted = np.zeros(RATE, np.float32)  # as a microphone that is being opened
    stream = ClassifierStream(tiny, rate=RATE)
    before = stream.push(np.concatenate([muted, room]))
    playing = stream.push(at(music(20.0), -65.0) + room)
    after = stream.push(room)
    assert {event.label for event in before} == {"silence"}
    assert "silence" not in {event.label for event in playing if event.start > before[-1].end}
    assert {event.label for event in after if event.start > playing[-1].end} == {"silence"}


def test_a_fixed_gate_is_a_setting(tiny: Classifier) -> None:
    settings = dataclasses.replace(tiny.manifest.decoder, silence_margin_db=None)
    stream = ClassifierStream(tiny, rate=RATE, settings=settings)
    assert {event.label for event in stream.push(at(music(), -65.0))} == {"silence"}


def test_the_option_for_the_level_makes_it_fixed(tmp_path: Path) -> None:
    clip = write_wav(tmp_path / "soft.wav", at(music(), -65.0))

    def found(*options: str) -> set[str]:
        done = succeed("listen", "--input", clip, "--fast", "--json", *options)
        return {json.loads(line)["label"] for line in done.stdout.splitlines()}

    assert "silence" not in found()
    assert found("--silence-dbfs", "-60") == {"silence"}
    assert "silence" not in found("--silence-dbfs", "-80")


def level(dbfs: float, hiss_db: float, softest_db: float) -> WindowLevel:
    return WindowLevel(dbfs, hiss_db, softest_db)


def test_what_stands_out_of_the_learned_floor_is_no_silence() -> None:
    gate = SilenceGate(-60.0, 3.0, 2.0)
    assert gate.is_silent(level(-70.0, -80.0, -81.0), 3.0)
    # As steady as the noise was, and 10 dB above it.
    assert not gate.is_silent(level(-65.0, -70.0, -71.0), 0.7)


def test_the_floor_follows_a_noise_that_grew_slowly() -> None:
    gate = SilenceGate(-60.0, 3.0, 2.0)
    gate.is_silent(level(-70.0, -80.0, -81.0), 3.0)
    grown = level(-62.0, -72.0, -73.0)
    silent = [gate.is_silent(grown, 1.0) for _ in range(40)]
    # 8 dB at 0.3 dB a second; less the margin of 2 dB and the 1 dB that the floor lies below.
    assert silent == [False] * 23 + [True] * 17


def test_silence_ends_above_the_margin_at_which_it_begins() -> None:
    gate = SilenceGate(-60.0, 3.0, 2.0)
    above = [1.9, 2.5, 2.9, 3.1, 2.1, 1.9]
    found = [gate.is_silent(level(-70.0, -80.0 + db, -80.0), 0.0) for db in above]
    assert found == [True, True, True, False, False, True]


def test_what_is_louder_than_the_gate_is_never_silence() -> None:
    gate = SilenceGate(-60.0, 3.0, 2.0)
    assert not gate.is_silent(level(-60.0, -70.0, -70.0), 3.0)


def test_digital_silence_teaches_no_floor() -> None:
    gate = SilenceGate(-60.0, 0.0, 2.0)
    zeros = window_level(np.zeros(3 * RATE, np.float32), RATE)
    assert zeros.softest_hiss_db == float("inf")
    assert gate.is_silent(zeros, 3.0)
    assert gate.is_silent(window_level(at(room_tone(3.0), -70.0), RATE), 3.0)


def test_a_lower_gate_than_the_hard_floor_holds() -> None:
    gate = SilenceGate(-100.0, 0.0, None)
    assert not gate.is_silent(level(-95.0, -100.0, -100.0), 3.0)


@pytest.mark.parametrize("n", [0, 1, 2, 100])
def test_a_few_samples_have_a_level(n: int) -> None:
    found = window_level(noise(max(n, 1))[:n], RATE)
    assert found.dbfs == level_dbfs(noise(max(n, 1))[:n])
    SilenceGate(-60.0, 3.0, 2.0).is_silent(found, 1.0)
