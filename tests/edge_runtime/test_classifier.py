"""A classifier on files and on samples in memory: the seed CNN, on made-up sound."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest

from edge_runtime import Classification, Classifier, ClassifierStream, FrontEnd
from edge_runtime.audio.file import open_audio
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


def test_parameters_are_still_taken_by_their_old_names(classifier: Classifier) -> None:
    old: Any = classifier.classify
    with pytest.warns(
        DeprecationWarning, match=r"^the parameter path of Classifier\.classify is now audio$"
    ):
        assert old(path="demo") == classifier.classify("demo")
    front_end = FrontEnd(classifier.manifest.front_end)
    window = noise(front_end.params.window_samples)
    with pytest.warns(DeprecationWarning, match=r"segment of FrontEnd\.__call__ is now window$"):
        found = cast("Any", front_end)(segment=window)
    np.testing.assert_array_equal(found, front_end(window))


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


def with_manifest(classifier: Classifier, **changes: Any) -> Classifier:
    """The same network with other facts in its manifest."""
    changed = Classifier("seed-cnn")
    changed.manifest = dataclasses.replace(classifier.manifest, **changes)
    return changed


def test_logits_are_divided_by_the_temperature_and_posteriors_are_left(
    classifier: Classifier,
) -> None:
    logits = np.array([[0.0, 2.0 * np.log(3.0), *[-1000.0] * 8]], np.float32)
    changed = with_manifest(classifier, temperature=2.0, output_kind="logits")
    changed.backend = SimpleNamespace(name="fake", run=lambda features: logits)
    found = changed.posteriors(np.zeros((1, 130, 13), np.float32))
    assert found[0].tolist() == pytest.approx([0.25, 0.75, *[0.0] * 8])
    changed.manifest = dataclasses.replace(changed.manifest, output_kind="posterior")
    assert changed.posteriors(np.zeros((1, 130, 13), np.float32)) is logits


def test_a_window_exactly_at_the_gate_is_no_silence(classifier: Classifier) -> None:
    samples = noise(3 * RATE)
    level = classifier.classify(samples, rate=RATE).windows[0].level_dbfs
    for gate, silent in ((level, False), (np.nextafter(level, 0.0), True)):
        decoder = dataclasses.replace(classifier.manifest.decoder, silence_dbfs=gate)
        result = with_manifest(classifier, decoder=decoder).classify(samples, rate=RATE)
        assert (result.label == "silence") == (result.windows[0].label == "silence") == silent


def test_a_file_of_which_no_genre_is_convincing_is_unknown(classifier: Classifier) -> None:
    decoder = dataclasses.replace(classifier.manifest.decoder, rejection_threshold=0.9999)
    result = with_manifest(classifier, decoder=decoder).classify(noise(3 * RATE), rate=RATE)
    assert result.label == "unknown"
    assert result.windows[0].label in classifier.labels, "the threshold is for the whole file"


def test_the_posterior_of_a_file_is_the_mean_over_the_windows_that_are_not_silent(
    classifier: Classifier,
) -> None:
    pieces = [noise(3 * RATE, seed=1), np.zeros(3 * RATE, np.float32), noise(3 * RATE, scale=0.01)]
    pieces.append(np.sin(np.arange(3 * RATE) / 5).astype(np.float32))
    result = classifier.classify(np.concatenate(pieces), rate=RATE)
    windows = [list(w.posterior.values()) for w in result.windows if w.label != "silence"]
    assert (len(result.windows), len(windows)) == (4, 3)
    assert list(result.posterior.values()) == pytest.approx(np.mean(windows, axis=0), abs=1e-6)


def test_the_posterior_of_a_file_is_a_tempered_product_where_the_model_has_a_correlation(
    classifier: Classifier,
) -> None:
    sound = np.concatenate([noise(3 * RATE, seed=1), np.zeros(3 * RATE, np.float32),
                            np.sin(np.arange(3 * RATE) / 5).astype(np.float32)])  # fmt: skip
    result = with_manifest(classifier, window_correlation=0.5).classify(sound, rate=RATE)
    first, _, last = (np.maximum(list(w.posterior.values()), 1e-3) for w in result.windows)
    expected = (first * last) ** (1 / 1.5)
    assert list(result.posterior.values()) == pytest.approx(expected / expected.sum(), abs=1e-6)
    assert result.confidence == max(result.posterior.values())
    silent = with_manifest(classifier, window_correlation=0.5).classify(0 * sound, rate=RATE)
    assert (silent.label, set(silent.posterior.values())) == ("silence", {0.0})


def test_the_last_window_ends_with_the_file(classifier: Classifier) -> None:
    assert classifier.classify(noise(RATE), rate=RATE).windows[0].end == 1.0
    last = classifier.classify(noise(5 * RATE), rate=RATE).windows[-1]
    assert (last.start, last.end) == (2.0, 5.0)


@pytest.mark.parametrize(("decoded", "warned"), [(98_000, False), (97_999, True)])
def test_a_file_that_lacks_more_than_a_fiftieth_of_its_promise_is_truncated(
    classifier: Classifier, decoded: int, warned: bool
) -> None:
    audio = SimpleNamespace(
        path="song.mp3", rate=RATE, channels=1, frames=100_000, seconds=100_000 / RATE,
        warning=None, blocks=lambda **_: iter([noise(decoded)[:, np.newaxis]]),
    )  # fmt: skip
    warnings = classifier.classify_audio(audio).warnings
    expected = (
        "song.mp3: truncated: 4.5 s are promised, 4.4 s can be decoded and are used; copy it again",
    )
    assert warnings == (expected if warned else ())


def test_a_fault_of_the_samples_names_the_file(classifier: Classifier, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "int16.wav", 9000 * noise(RATE), tag=FLOAT, bits=32)
    with pytest.raises(AudioFormatError, match=r"int16\.wav: samples reach \d+; floats"):
        classifier.classify(path)


def demo() -> tuple[npt.NDArray[np.float32], int]:
    """The demo clip, one channel."""
    audio = open_audio("demo")
    samples = np.concatenate([block[:, 0] for block in audio.blocks()])
    return samples, audio.rate


@pytest.mark.parametrize("offset", [0.01, -0.02, 0.05, 0.1])
@pytest.mark.parametrize("model", ["tiny", "base"])
def test_a_constant_offset_changes_no_label(model: str, offset: float) -> None:
    samples, rate = demo()
    classifier = Classifier(model)
    clean = classifier.classify(samples, rate=rate)
    shifted = classifier.classify(samples + np.float32(offset), rate=rate)
    assert shifted.label == clean.label
    for before, after in zip(clean.windows, shifted.windows, strict=True):
        # The clip's windows have a mean of their own, which is too small to be left out.
        assert after.posterior == pytest.approx(before.posterior, abs=0.02)
        first, second = sorted(before.posterior.values(), reverse=True)[:2]
        assert after.label == before.label or first - second < 0.02
    assert clean.warnings == ()
    (warning,) = shifted.warnings
    assert warning == (
        f"samples: the sound has a constant offset of {abs(offset):.0%} of full scale, as a faulty "
        "microphone or sound card adds it; the model's input leaves it out"
    )


def test_a_model_that_takes_an_offset_in_says_so(classifier: Classifier) -> None:
    (warning,) = classifier.classify(noise(5 * RATE) + np.float32(0.05), rate=RATE).warnings
    assert "constant offset of 5% of full scale" in warning
    assert warning.endswith("it is in this model's input, so trust the genre less")


def test_a_stream_warns_of_an_offset_once() -> None:
    samples, rate = demo()
    stream = ClassifierStream(Classifier("tiny"), rate=rate)
    stream.push(samples[: 4 * rate])
    assert stream.take_warnings() == []
    stream.push(samples[4 * rate :] + np.float32(0.05))
    stream.finish()
    (warning,) = stream.take_warnings()
    assert warning.startswith("the sound has a constant offset of ")
    assert stream.take_warnings() == []
