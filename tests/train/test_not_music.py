"""Sounds that are not music: reproducible, as loud as they should be, and apart by split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_runtime.errors import EdgeGenreError, MissingDependencyError, ParameterError
from train.not_music.espeak import speak
from train.not_music.noise import COLOURS, coloured_noise, hum
from train.not_music.recorded_speech import SpeechSource, recorded_talk
from train.not_music.sounds import (
    KINDS,
    SPLITS,
    WITHOUT_SPEECH,
    _at_level,
    make_sound,
    make_sounds,
)
from train.not_music.texts import TEXTS, VARIANTS
from train.not_music.tones import sweep, tone

RATE = 16_000

needs_espeak = pytest.mark.system_packages("espeak-ng")
ALL_KINDS = [
    kind if kind in WITHOUT_SPEECH else pytest.param(kind, marks=needs_espeak) for kind in KINDS
]


def band_db(sound: np.ndarray, low: float, high: float) -> float:
    """Mean power density of a band, dB."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    frequencies = np.fft.rfftfreq(len(sound), 1 / RATE)
    return float(10 * np.log10(power[(frequencies >= low) & (frequencies < high)].mean()))


def strongest_hz(second: np.ndarray) -> int:
    """The frequency of most energy in a second of sound."""
    return int(np.argmax(np.abs(np.fft.rfft(second))))


@pytest.mark.parametrize("kind", ALL_KINDS)
@pytest.mark.parametrize("split", SPLITS)
def test_a_sound_is_the_same_for_the_same_seed_and_never_clips(kind: str, split: str) -> None:
    first, again, other = (
        make_sound(kind, split, seed, rate=RATE, seconds=1.5) for seed in (1, 1, 2)
    )
    assert first.samples.dtype == np.float32
    assert first.samples.shape == (24_000,)
    assert np.abs(first.samples).max() < 1.0
    np.testing.assert_array_equal(first.samples, again.samples)
    assert not np.array_equal(first.samples, other.samples)
    elsewhere = make_sound(kind, SPLITS[1 - SPLITS.index(split)], 1, rate=RATE, seconds=1.5)
    assert not np.array_equal(first.samples, elsewhere.samples)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_all_but_silence_is_above_the_silence_gate(kind: str) -> None:
    for sound in make_sounds("train", rate=RATE, seconds=3.0, per_kind=4, kinds=[kind]):
        level = 10 * np.log10(np.mean(sound.samples.astype(float) ** 2) + 1e-30)
        assert (level < -60.0) == (kind == "silence"), (sound.seed, level)


@pytest.mark.parametrize(("colour", "per_octave"), [
    ("white", 0.0), ("pink", -3.01), ("brown", -6.02), ("blue", 3.01), ("violet", 6.02),
])  # fmt: skip
def test_noise_has_the_slope_of_its_colour(colour: str, per_octave: float) -> None:
    sound = coloured_noise(np.random.default_rng(3), 10 * RATE, RATE, COLOURS[colour])
    three_octaves = band_db(sound, 3200, 3600) - band_db(sound, 400, 450)
    assert three_octaves / 3 == pytest.approx(per_octave, abs=0.3)


def test_coloured_noise_is_that_of_the_committed_figures() -> None:
    sound = coloured_noise(np.random.default_rng(3), 1000, RATE, -1.5, (100.0, 900.0))
    assert sound[:3] == pytest.approx([-0.949978674, -1.121244825, -1.235798759], rel=1e-6)


def test_noise_of_a_band_stays_in_it() -> None:
    sound = coloured_noise(np.random.default_rng(3), 10 * RATE, RATE, 0.0, (800.0, 1600.0))
    assert band_db(sound, 900, 1500) - band_db(sound, 200, 210) > 40.0
    assert band_db(sound, 900, 1500) - band_db(sound, 6300, 6500) > 40.0


def test_hum_sounds_at_multiples_of_the_mains() -> None:
    for seed in range(5):
        sound = hum(np.random.default_rng(seed), 10 * RATE, RATE, "train")
        strongest = np.argmax(np.abs(np.fft.rfft(sound))) / 10
        assert min(strongest % 50, -strongest % 50, strongest % 60, -strongest % 60) < 2.0


def test_a_tone_stays_and_a_sweep_does_not() -> None:
    for seed in range(5):
        steady = tone(np.random.default_rng(seed), 4 * RATE, RATE, "train")
        sliding = sweep(np.random.default_rng(seed), 4 * RATE, RATE, "train")
        assert strongest_hz(steady[:RATE]) == strongest_hz(steady[RATE : 2 * RATE])
        assert strongest_hz(sliding[:RATE]) != strongest_hz(sliding[RATE : 2 * RATE])


def test_sounds_come_kind_after_kind() -> None:
    made = list(
        make_sounds("test", rate=RATE, seconds=0.5, per_kind=2, kinds=["hum", "tone"], first_seed=7)
    )
    assert [(sound.kind, sound.seed) for sound in made] == [
        ("hum", 7), ("hum", 8), ("tone", 7), ("tone", 8),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "split", "seed", "words"),
    [
        ("jazz", "train", 0, "kind is 'jazz'; it must be one of noise"),
        ("hum", "valid", 0, "split is 'valid'; it must be one of train, test"),
        ("hum", "test", -1, "seed is -1"),
    ],
)
def test_what_cannot_be_made_is_refused(kind: str, split: str, seed: int, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        make_sound(kind, split, seed, rate=RATE, seconds=1.0)


def test_no_voice_language_or_sentence_of_the_test_is_in_training() -> None:
    assert not set(VARIANTS["train"]) & set(VARIANTS["test"])
    assert not set(TEXTS["train"]) & set(TEXTS["test"])
    sentences = [{text for own in TEXTS[split].values() for text in own} for split in SPLITS]
    assert not sentences[0] & sentences[1]


@needs_espeak
@pytest.mark.parametrize("split", SPLITS)
def test_every_voice_differs_in_every_language(split: str) -> None:
    for language, (text, *_) in TEXTS[split].items():
        utterances = {
            speak(
                text, voice=f"{language}+{variant}", words_per_minute=200, pitch=50, rate=RATE
            ).tobytes()
            for variant in VARIANTS[split][:4]
        }
        assert len(utterances) == 4, language


@needs_espeak
def test_an_unknown_voice_is_named() -> None:
    with pytest.raises(EdgeGenreError, match="cannot speak with voice 'xx-nowhere'"):
        speak("hello", voice="xx-nowhere", words_per_minute=150, pitch=50, rate=RATE)


def test_without_espeak_the_debian_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingDependencyError, match="sudo apt install espeak-ng"):
        speak("never spoken before", voice="en", words_per_minute=150, pitch=50, rate=RATE)


def test_recordings_are_joined_until_they_fill_the_time(tmp_path: Path) -> None:
    source = SpeechSource("none", "CC0-1.0", "talk/*.wav", "two tones")
    assert source.find(tmp_path) == []
    (tmp_path / "talk").mkdir()
    t = np.arange(4000) / 8000
    for name, frequency in (("low", 300), ("high", 900)):
        soundfile.write(
            tmp_path / "talk" / f"{name}.wav", 0.3 * np.sin(2 * np.pi * frequency * t), 8000
        )
    found = source.find(tmp_path)
    assert [path.name for path in found] == ["high.wav", "low.wav"]
    talk = recorded_talk(np.random.default_rng(0), 3 * RATE, RATE, found)
    assert talk.shape == (3 * RATE,)
    for frequency in (300, 900):
        assert band_db(talk, frequency - 20, frequency + 20) > band_db(talk, 580, 620) + 20


@pytest.mark.parametrize(
    ("level_dbfs", "peak"), [(-60.0, 0.002), (-20.0, 0.2), (-6.1, 0.99), (0.0, 0.99)]
)
def test_a_sound_has_its_level_or_is_as_loud_as_it_goes_without_clipping(
    level_dbfs: float, peak: float
) -> None:
    """The root mean square of 3, 0, 0, 0 is 1.5."""
    found = _at_level(np.array([3.0, 0.0, 0.0, 0.0]), level_dbfs)
    assert found.tolist() == pytest.approx([peak, 0.0, 0.0, 0.0], abs=1e-6)
    assert not _at_level(np.zeros(4), level_dbfs).any()
