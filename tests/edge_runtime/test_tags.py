"""What a network says beside the genre: of a file, of a stream, in words."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from edge_runtime import Classifier, ClassifierStream
from edge_runtime.decoder import DecoderSettings
from edge_runtime.model.manifest import Manifest, Tag
from edge_runtime.tags import TagFilter, TagTable, mood_of, probabilities, style_of

from .sounds import noise
from .tagged_models import (
    JAZZ,
    LABELS,
    NO_MUSIC,
    OTHER_MUSIC,
    RATE,
    STYLE_LOGITS,
    STYLES,
    TAG_LOGITS,
    TAGS,
    some_weights,
    tagged_model,
)

SOUND = noise(5 * RATE)

# 1 / (1 + exp(-x)) of TAG_LOGITS; that of "male vocals" is of 2 * 1 - 1.
EVERY_TAG = {
    "male vocals": 0.731059, "electronic": 0.5, "happy": 0.268941, "sad": 0.119203,
    "folk": 0.047426, "80s": 0.017986,
}  # fmt: skip
# "salsa" of 0.5 * -1 + 1; "electronic > electronic" is called by its name alone.
THREE_STYLES = {"electronic > ambient": 0.952574, "electronic": 0.880797,
                "electronic > techno": 0.731059}  # fmt: skip


def classifier(label: tuple[float, ...] = JAZZ, **values: Any) -> Classifier:
    return Classifier(tagged_model((*label, *TAG_LOGITS, *STYLE_LOGITS), **values))


def test_a_file_has_every_tag_and_three_styles_the_likeliest_first() -> None:
    result = classifier().classify(SOUND, rate=RATE)
    assert result.label == "jazz"
    assert list(result.tags) == list(EVERY_TAG)
    assert result.tags == pytest.approx(EVERY_TAG, abs=1e-6)
    assert list(result.styles) == list(THREE_STYLES)
    assert result.styles == pytest.approx(THREE_STYLES, abs=1e-6)
    assert (result.style, result.mood) == ("electronic > ambient", "sad")


def test_the_posterior_is_of_the_labels_alone() -> None:
    result = classifier().classify(SOUND, rate=RATE)
    exponentials = np.exp(JAZZ)
    expected = dict(zip(LABELS, exponentials / exponentials.sum(), strict=True))
    assert result.posterior == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("logits", "label"), [(OTHER_MUSIC, "other"), (NO_MUSIC, "not music"), (JAZZ, "jazz")]
)
def test_other_and_not_music_are_answers_and_what_is_not_music_has_no_style(
    logits: tuple[float, ...], label: str
) -> None:
    model = classifier(logits)
    result, event = model.classify(SOUND, rate=RATE), ClassifierStream(model).push(SOUND)[-1]
    for found in (result, event):
        assert found.label == label
        assert found.confidence == found.posterior[label]
        assert list(found.tags) == list(EVERY_TAG)
        music = label != "not music"
        assert (len(found.styles), found.style is not None, found.mood is not None) == (
            (3, True, True) if music else (0, False, False)
        )


def test_silence_has_neither_tags_nor_styles() -> None:
    model, silence = classifier(), np.zeros(5 * RATE, np.float32)
    result = model.classify(silence, rate=RATE)
    events = ClassifierStream(model).push(silence)
    for found in (result, *events):
        assert found.label == "silence"
        assert (found.tags, found.styles, found.style, found.mood) == ({}, {}, None, None)


def test_tags_of_a_file_are_the_mean_logits_of_the_windows_that_are_not_silent() -> None:
    model = Classifier(tagged_model((0.0,) * 15, weights=some_weights()))
    pieces = [noise(RATE, seed=1), np.zeros(RATE, np.float32),
              np.sin(np.arange(RATE) / 3).astype(np.float32)]  # fmt: skip
    result = model.classify(np.concatenate(pieces), rate=RATE)
    logits = [model.classify_window(pieces[i]).tag_logits[: len(TAGS)] for i in (0, 2)]
    assert not np.allclose(*logits, atol=0.1)
    expected = dict(zip((t.path for t in TAGS), probabilities(np.mean(logits, axis=0)),
                        strict=True))  # fmt: skip
    assert result.tags == pytest.approx(expected, abs=1e-6)


def test_the_network_runs_once_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    model = classifier()
    run, sizes = model.backend.run, []

    def counted(features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        sizes.append(len(features))
        return run(features)

    monkeypatch.setattr(model.backend, "run", counted)
    assert len(model.classify(SOUND, rate=RATE).windows) == len(sizes) == 5
    n = len(ClassifierStream(model).push(SOUND))
    assert sizes == [1] * (5 + n)


def test_models_without_tags_say_nothing_beside_the_genre() -> None:
    model = Classifier("seed-cnn")
    result, event = model.classify(SOUND, rate=RATE), ClassifierStream(model).push(SOUND)[-1]
    for found in (result, event):
        assert (found.tags, found.styles, found.style, found.mood) == ({}, {}, None, None)
    assert model.classify_window(SOUND[: 3 * RATE]).tag_logits.shape == (0,)


def test_a_stream_of_one_sound_has_the_tags_of_the_file() -> None:
    model = classifier()
    result = model.classify(SOUND, rate=RATE)
    for event in ClassifierStream(model).push(SOUND):
        assert list(event.tags) == list(result.tags)
        assert event.tags == pytest.approx(result.tags, abs=1e-6)
        assert event.styles == pytest.approx(result.styles, abs=1e-6)
        assert (event.style, event.mood) == (result.style, result.mood)


def test_the_tags_of_a_stream_follow_a_change_within_seconds_and_not_at_once() -> None:
    tags = TagFilter()
    loud, soft = np.array([2.0]), np.array([-2.0])
    for _ in range(60):
        tags.update(loud, 1.0, silent=False)
    found = [float(tags.update(soft, 1.0, silent=False)[0]) for _ in range(60)]
    assert found == sorted(found, reverse=True)
    assert found[0] > 1.5
    # After the time constant of 15 s, 1 / e of the change is left.
    assert found[14] == pytest.approx(-2.0 + 4.0 / math.e, abs=0.1)
    assert found[-1] == pytest.approx(-2.0, abs=0.1)


def test_overlap_makes_the_tags_no_hastier() -> None:
    ends = []
    for windows_a_second in (1, 4):
        tags = TagFilter()
        for value in (1.0, -1.0, 0.5):
            for _ in range(5 * windows_a_second):
                last = tags.update(np.array([value]), 1.0 / windows_a_second, silent=False)
        ends.append(float(last[0]))
    assert ends[0] == pytest.approx(ends[1], abs=1e-9)


def test_the_first_windows_count_alike() -> None:
    tags = TagFilter()
    tags.update(np.array([1.0]), 3.0, silent=False)
    assert tags.update(np.array([-1.0]), 3.0, silent=False) == pytest.approx(-0.1, abs=0.01)


def test_silence_leaves_the_tags_as_they_were() -> None:
    tags = TagFilter()
    before = tags.update(np.array([1.0, 3.0]), 3.0, silent=False)
    for _ in range(100):
        assert tags.update(np.array([-9.0, -9.0]), 1.0, silent=True) is None
    assert tags.update(np.array([1.0, 3.0]), 1.0, silent=False) == pytest.approx(before)


def test_another_model_begins_anew() -> None:
    stream = ClassifierStream(classifier())
    stream.push(SOUND)
    fewer = tagged_model((*JAZZ, 4.0), tags=(dataclasses.replace(TAGS[0], slope=0.5),), styles=())
    stream.change_model(Classifier(fewer))
    last = stream.push(SOUND)[-1]
    assert last.tags == pytest.approx({"electronic": 1 / (1 + math.exp(-2.0))})
    stream.change_model(Classifier("seed-cnn"))
    assert stream.push(noise(9 * RATE))[-1].tags == {}


def table(tags: tuple[Tag, ...] = TAGS, styles: tuple[Tag, ...] = STYLES) -> Manifest:
    n = len(LABELS) + len(tags) + len(styles)
    return tagged_model((0.0,) * n, tags=tags, styles=styles).manifest


def every(**values: float) -> dict[str, float]:
    return {tag.path: values.get(tag.path.replace(" ", "_"), 0.0) for tag in TAGS}


def test_the_style_to_show_is_the_likeliest_one_or_a_kind_of_music_that_stands_out() -> None:
    manifest = table()
    tags = every(electronic=0.15, folk=0.12, sad=0.9)
    assert style_of(manifest, tags, {"latin > salsa": 0.4, "rock > punk": 0.5}) == "rock > punk"
    # "electronic" is likelier than "folk", but not likelier than it is in any music.
    assert style_of(manifest, tags, {}) == "folk"
    assert style_of(manifest, every(electronic=0.5, folk=0.4), {}) == "electronic"
    assert style_of(manifest, every(folk=0.1, electronic=0.2, sad=1.0), {}) is None


def test_the_mood_to_show_is_the_likeliest_one_above_its_base_rate() -> None:
    manifest = table()
    assert mood_of(manifest, every(happy=0.29, sad=0.11, folk=1.0)) == "sad"
    assert mood_of(manifest, every(happy=0.31, sad=0.11)) == "happy"
    assert mood_of(manifest, every(happy=0.3, sad=0.1)) is None
    assert mood_of(table(tags=()), {}) is None


def test_a_style_at_the_threshold_is_named_and_three_at_most() -> None:
    for threshold, names in (
        (0.5, ["electronic > ambient", "electronic", "electronic > techno"]),
        (0.75, ["electronic > ambient", "electronic"]),
        (0.99, []),
    ):
        result = classifier(style_threshold=threshold).classify(SOUND, rate=RATE)
        assert list(result.styles) == names
        assert result.style == (names[0] if names else "electronic")
    # The logistic function of 0.
    manifest = dataclasses.replace(table(), style_threshold=0.5)
    described = TagTable(manifest).describe(np.zeros(11), "jazz")
    assert list(described.styles) == [style.path for style in STYLES[:3]]


def test_extreme_logits_have_probabilities_without_a_warning() -> None:
    found = probabilities(np.array([-1e9, 0.0, 1e9], np.float32))
    assert found.tolist() == pytest.approx([0.0, 0.5, 1.0], abs=1e-12)


def test_a_stream_that_confirms_nothing_yet_has_tags() -> None:
    settings = DecoderSettings(confirm_s=60.0)
    event = ClassifierStream(classifier(), settings=settings).push(SOUND)[-1]
    assert event.label == "unknown"
    assert (event.style, len(event.tags)) == ("electronic > ambient", 6)


def test_the_numbers_of_an_event_are_all_tags_and_a_json_line_has_the_likeliest() -> None:
    event = ClassifierStream(classifier(), shown_tags=2).push(SOUND)[-1]
    assert len(event.tags) == 6
    assert list(event.likeliest_tags) == ["male vocals", "electronic"]
    default = ClassifierStream(classifier()).push(SOUND)[-1]
    assert list(default.likeliest_tags) == list(EVERY_TAG)[:5]
    result = classifier().classify(SOUND, rate=RATE)
    assert list(result.to_dict()["tags"]) == list(EVERY_TAG)[:5]
    assert result.to_dict(1)["tags"] == {"male vocals": 0.7311}
    assert result.to_dict()["styles"] == {name: round(p, 4) for name, p in THREE_STYLES.items()}
    assert (result.to_dict()["style"], result.to_dict()["mood"]) == ("electronic > ambient", "sad")
