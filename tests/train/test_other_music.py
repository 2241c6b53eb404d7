"""Finding music of no genre, and calibrating what networks say beside the genre."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from edge_runtime.frontend import PRESETS
from edge_runtime.tags import probabilities
from train.transfer.keras_model import N_FRAMES, Places, compact_musicnn, network_input
from train.transfer.musicnn import TAGS
from train.transfer.other_music import Opinions, find_other
from train.transfer.plus import SECOND_FRONT_END, plus
from train.transfer.styles import MUSIC, genre_styles
from train.transfer.tag_calibration import KINDS, Name, calibrate, style_names, tag_names
from train.transfer.weights_file import bundled_musicnn
from train.transfer.yamnet import yamnet
from train.transfer.yamnet_file import bundled_yamnet

YAMNET = bundled_yamnet()
GENRES = ("classical", "jazz", "rock")
NEVER = -9.0


def opinions(
    tags: dict[str, float], classes: dict[str, float], posterior: tuple[float, float, float]
) -> Opinions:
    """What is said of two windows of one piece, number 7."""
    of_tags = np.full((2, len(TAGS)), NEVER, np.float32)
    of_classes = np.full((2, len(YAMNET.classes)), NEVER, np.float32)
    for name, p in tags.items():
        of_tags[:, TAGS.index(name)] = np.log(p / (1 - p))
    for name, p in {"Music": 0.9, **classes}.items():
        of_classes[:, YAMNET.classes.index(name)] = np.log(p / (1 - p))
    return Opinions(of_tags, of_classes, np.tile(np.float32(posterior), (2, 1)), np.array([7, 7]))


@pytest.mark.parametrize(
    ("tags", "classes", "posterior", "found"),
    [
        ({"electronic": 0.5}, {}, (0.9, 0.05, 0.05), True),  # ambient, which sounds classical
        ({"electronic": 0.33}, {}, (0.5, 0.2, 0.3), True),
        ({"ambient": 0.33}, {}, (0.9, 0.05, 0.05), False),  # an orchestra may be classical
        ({"folk": 0.2}, {}, (0.3, 0.3, 0.4), True),
        ({"folk": 0.2}, {}, (0.1, 0.1, 0.8), False),
        ({}, {"Salsa music": 0.05}, (0.3, 0.5, 0.2), True),
        ({}, {"Video game music": 0.05}, (0.3, 0.5, 0.2), True),
        ({"rock": 0.5}, {"Rock music": 0.3}, (0.1, 0.1, 0.8), False),
        ({}, {}, (0.4, 0.3, 0.3), False),  # nothing is sure
        ({"electronic": 0.5}, {"Music": 0.1}, (0.4, 0.3, 0.3), False),  # wind and birds
    ],
)
def test_only_music_that_is_surely_of_no_genre_is_taken_for_other(
    tags: dict[str, float],
    classes: dict[str, float],
    posterior: tuple[float, float, float],
    *,
    found: bool,
) -> None:
    said = opinions(tags, classes, posterior)
    assert find_other(said, GENRES, YAMNET) == ((7,) if found else ())


@pytest.mark.parametrize("own", ["other", "Electronic", "folk"])
def test_who_has_a_name_for_such_music_labels_it(own: str) -> None:
    said = opinions({"electronic": 0.5}, {}, (0.3, 0.3, 0.4))
    assert not find_other(said, (*GENRES[:2], own), YAMNET)


def test_a_tag_is_calibrated_by_its_genre_and_others_as_those_are_on_average() -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 4, 4000)  # the last is music of none of the genres
    names = (Name("jazz", "genre"), Name("rock", "genre"), Name("sad", "mood"))
    outputs = generator.standard_normal((4000, 3)).astype(np.float32)
    outputs[:, 0] += 3.0 * (labels == 1)
    outputs[:, 1] = 10.0 * (outputs[:, 1] + 3.0 * (labels == 2)) - 70.0  # in another unit
    tags = calibrate(names, outputs, labels, np.ones(4000), GENRES)
    assert [(tag.name, tag.kind) for tag in tags] == [(name.name, name.kind) for name in names]
    for place, genre in ((0, 1), (1, 2)):
        p = probabilities(tags[place].slope * outputs[:, place] + tags[place].bias)
        for low, high in ((0.0, 0.3), (0.3, 0.7), (0.7, 1.0)):
            chosen = (p >= low) & (p < high)
            assert np.mean(labels[chosen] == genre) == pytest.approx(p[chosen].mean(), abs=0.07)
        assert tags[place].base_rate == pytest.approx(0.25, abs=0.03)
    assert 0.3 * tags[0].slope < tags[2].slope < 3.0 * tags[0].slope
    assert 0.05 < tags[2].base_rate < 0.5


def test_a_tag_that_speaks_against_its_genre_is_not_turned_round() -> None:
    labels = np.tile([0, 1], 500)
    outputs = (1.0 - 2.0 * labels + np.random.default_rng(1).standard_normal(1000))[:, np.newaxis]
    (tag,) = calibrate((Name("jazz", "genre"),), outputs, labels, np.ones(1000), GENRES)
    assert tag.slope > 0.0


def test_every_tag_of_musicnn_has_a_kind_and_every_style_a_family() -> None:
    assert {tag for tags in KINDS.values() for tag in tags} <= set(TAGS)
    assert [name.name for name in tag_names()] == list(TAGS)
    names = style_names(genre_styles(YAMNET))
    assert len(names) == 53
    assert all(name.family and name.kind == "genre" for name in names)
    assert YAMNET.classes[MUSIC] == "Music"


def test_plus_gives_what_both_networks_give_of_their_own_rows() -> None:
    pruned = bundled_musicnn()
    first, second = PRESETS["musicnn96-level"], PRESETS[SECOND_FRONT_END]
    musicnn = compact_musicnn(pruned, (first.n_frames, first.n_coefficients), Places())
    places = [style.place for style in genre_styles(YAMNET)]
    both = plus(pruned, musicnn, YAMNET, places)
    generator = np.random.default_rng(2)
    of_first = generator.uniform(0.0, 3.0, (2, N_FRAMES, 96))
    of_second = generator.uniform(-6.0, 3.0, (2, second.n_frames, 64))
    windows = np.concatenate([of_first, of_second.reshape(2, -1, 96)], axis=1)
    outputs = both(network_input(both, windows, pruned.features))
    alone = musicnn(network_input(musicnn, windows, pruned.features))
    for name in ("pooled", "penultimate", "tags"):
        np.testing.assert_allclose(outputs[name], alone[name], rtol=1e-4, atol=1e-4)
    patches = of_second.reshape(2 * 3, 96, 64, 1)
    found = yamnet(YAMNET)(keras.ops.convert_to_tensor(patches, "float32"))
    embedding = found["embedding"].numpy().reshape(2, 3, -1).mean(axis=1)
    classes = found["classes"].numpy().reshape(2, 3, -1).mean(axis=1)
    np.testing.assert_allclose(outputs["embedding"], embedding, atol=1e-4)
    np.testing.assert_allclose(outputs["styles"], classes[:, places], atol=1e-3)
