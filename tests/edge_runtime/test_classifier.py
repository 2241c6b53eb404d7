"""A classifier on files and on samples in memory: the seed CNN, on made-up sound."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime import Classification, Classifier
from edge_runtime.errors import AudioFormatError, ParameterError

from .sounds import FLOAT, RATE, noise, write_wav

STEPS = np.random.default_rng(3).integers(-20_000, 20_000, (7 * 48_000, 2)).astype(np.int16)


def without_path(result: Classification) -> dict[str, Any]:
    """All fields but the path, unrounded."""
    return {**dataclasses.asdict(result), "path": None}


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [RATE, 48_000])
def test_samples_are_classified_as_the_file_that_holds_them(
    classifier: Classifier, tmp_path: Path, rate: int, channels: int
) -> None:
    samples = noise(round(7.6 * rate), channels=channels)
    clip = write_wav(tmp_path / "clip.wav", samples, tag=FLOAT, bits=32, rate=rate)
    of_file, of_samples = classifier.classify(clip), classifier.classify(samples, rate=rate)
    assert len(of_samples.windows) == 3
    assert without_path(of_samples) == without_path(of_file)
    assert (of_file.path, of_samples.path) == (str(clip), "samples")


def test_int16_and_floats_of_the_same_sound_give_the_same(
    classifier: Classifier, tmp_path: Path
) -> None:
    clip = write_wav(tmp_path / "clip.wav", STEPS / 32768.0, rate=48_000)
    expected = without_path(classifier.classify(clip))
    floats = STEPS.astype(np.float32) / 32768
    for samples in (STEPS, floats, floats.astype(np.float64), np.asfortranarray(floats)):
        assert without_path(classifier.classify(samples, rate=48_000)) == expected


def test_one_column_is_one_channel(classifier: Classifier) -> None:
    samples = noise(3 * RATE)
    flat = classifier.classify(samples, rate=RATE)
    assert classifier.classify(samples[:, np.newaxis], rate=RATE) == flat


def test_samples_are_left_as_they_were(classifier: Classifier) -> None:
    samples = noise(4 * RATE)
    samples[5] = np.nan
    before = samples.tobytes()
    samples.flags.writeable = False
    (warning,) = classifier.classify(samples, rate=np.int32(RATE)).warnings
    assert warning.startswith("samples: 1 samples are NaN, infinite or absurdly large")
    assert samples.tobytes() == before


def test_warnings_call_samples_by_their_name(classifier: Classifier) -> None:
    short, narrow = classifier.classify(noise(8000), rate=8000).warnings
    assert short.startswith("samples: 1.00 s is shorter than the model's window of 3 s")
    assert narrow.startswith("samples: sound at 8000 Hz holds nothing above 4 kHz")


@pytest.mark.parametrize(
    ("audio", "complaint"),
    [
        ([0.0, 0.1], "^audio is a list; give the path of a file, or a numpy array$"),
        (None, "^audio is a NoneType; "),
        (b"song.wav", "^audio is a bytes; "),
        (np.zeros((2, RATE)), r"^samples have shape \(2, 22050\); give \(n,\) or \(n, channels\)"),
        (np.zeros((2, 2, 2)), r"^samples have shape \(2, 2, 2\); "),
        (np.ones(()), r"^samples have shape \(\); "),
        (np.zeros(0), r"^samples have shape \(0,\); there is no sound in them$"),
        (np.zeros((RATE, 0)), r"^samples have shape \(22050, 0\); there is no sound in them$"),
        (np.zeros(RATE, np.uint8), "^samples have dtype uint8; give float"),
        (np.zeros(RATE, np.int32), "^samples have dtype int32; give float"),
        (np.zeros(RATE, bool), "^samples have dtype bool; give float"),
        (1000.0 * noise(RATE), "^samples reach [0-9]+; floats must have full scale at 1"),
    ],
)
def test_samples_of_another_type_or_shape_are_refused(
    classifier: Classifier, audio: Any, complaint: str
) -> None:
    with pytest.raises(AudioFormatError, match=complaint):
        classifier.classify(audio, rate=RATE)


@pytest.mark.parametrize(
    ("rate", "complaint"),
    [
        (None, "^rate is None; beside samples it must be their rate in hertz, a whole number$"),
        (22050.0, r"^rate is 22050\.0; beside samples"),
        ("22050", "^rate is 22050; beside samples"),
        (7999, "^rate is 7999; it must be from 8000 to 192000 Hz$"),
        (192_001, "^rate is 192001; it must be"),
        (-1, "^rate is -1; it must be"),
    ],
)
def test_a_rate_that_makes_no_sense_is_refused(
    classifier: Classifier, rate: Any, complaint: str
) -> None:
    with pytest.raises(ParameterError, match=complaint):
        classifier.classify(noise(3 * RATE), rate=rate)


@pytest.mark.parametrize("rate", [8000, 192_000])
def test_rates_at_the_limits_are_classified(classifier: Classifier, rate: int) -> None:
    assert classifier.classify(noise(3 * rate), rate=rate).seconds == 3.0


def test_a_rate_beside_a_file_is_refused(classifier: Classifier) -> None:
    with pytest.raises(ParameterError, match=r"^rate is 44100 beside a file"):
        classifier.classify("demo", rate=44_100)


def test_the_old_name_of_the_windows_is_deprecated(classifier: Classifier) -> None:
    result = classifier.classify(noise(4 * RATE), rate=RATE)
    with pytest.warns(DeprecationWarning, match=r"^Classification\.segments is now \.windows$"):
        assert result.segments is result.windows
    (window,) = result.windows
    assert (window.start, window.end) == (0.0, 3.0)
    assert result.to_dict()["segments"] == [
        {
            "start": 0.0,
            "end": 3.0,
            "label": window.label,
            "posterior": {name: round(p, 4) for name, p in window.posterior.items()},
            "level_dbfs": -20.0,
        }
    ]
