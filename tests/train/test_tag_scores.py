"""Tags and styles against the genres that can check them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from edge_runtime import Classification
from edge_runtime.model.manifest import Manifest, Tag
from train.data.tag_genres import SAME_MUSIC, checking_genre
from train.data.tracks import Track
from train.evaluation.tag_scores import score_tags, tag_scores_text

TAGS = (
    Tag(name="jazz", kind="genre", base_rate=0.1),
    Tag(name="guitar", kind="instrument", base_rate=0.4),
    Tag(name="Hip-Hop", kind="genre", base_rate=0.1),
)
STYLES = (
    Tag(name="heavy metal", kind="genre", family="rock", base_rate=0.1),
    Tag(name="jazz", kind="genre", family="jazz", base_rate=0.1),
)
GENRES = ("hiphop", "jazz", "metal", "pop")


def manifest(tags: tuple[Tag, ...] = TAGS, styles: tuple[Tag, ...] = STYLES) -> Manifest:
    return cast(Manifest, SimpleNamespace(tags=tags, styles=styles, genres=GENRES))


def classified(labels: Sequence[str], logits: Sequence[Any]) -> list[tuple[Track, Classification]]:
    return [
        (
            Track(f"{index}", Path(f"{index}.wav"), label),
            Classification("", label, {}, (), 1.0, (), tag_logits=tuple(own)),
        )
        for index, (label, own) in enumerate(zip(labels, logits, strict=True))
    ]


def test_areas_are_scikit_learns_of_what_a_genre_can_check() -> None:
    generator = np.random.default_rng(0)
    labels = np.array([*GENRES] * 10)
    logits = generator.normal(size=(40, 5))
    logits[labels == "jazz", 0] += 1.0
    scores = score_tags(manifest(), classified([*labels], logits))
    assert [(s.name, s.genre, s.n_tracks) for s in scores.tags] == [
        ("jazz", "jazz", 10),
        ("Hip-Hop", "hiphop", 10),
    ]
    assert [s.name for s in scores.styles] == ["rock > heavy metal", "jazz"]
    for score, column in zip((*scores.tags, *scores.styles), (0, 2, 3, 4), strict=True):
        expected = roc_auc_score(labels == score.genre, logits[:, column])
        assert score.auc == pytest.approx(expected)
    values = scores.to_dict()
    assert values["tags"]["jazz"] == {"genre": "jazz", "n_tracks": 10, "auc": scores.tags[0].auc}
    assert list(values["styles"]) == ["rock > heavy metal", "jazz"]
    text = tag_scores_text(scores)
    assert f"Hip-Hop             {scores.tags[1].auc:.3f}  hiphop (10)" in text
    assert "guitar" not in text


def test_silent_tracks_and_genres_without_tracks_check_nothing() -> None:
    labels = ["jazz", "jazz", "pop", "metal"]
    logits = [[1, 0, 0, 0, 1], (), [0, 0, 0, 0, 0], ()]
    scores = score_tags(manifest(), classified(labels, logits))
    assert [(s.name, s.n_tracks, s.auc) for s in scores.tags] == [("jazz", 1, 1.0)]
    assert [s.name for s in scores.styles] == ["jazz"]
    only = score_tags(manifest(), classified(["jazz"], [[1, 0, 0, 0, 1]]))
    assert (only.tags, only.styles) == ((), ())
    assert tag_scores_text(only) == ""


def test_a_model_without_tags_has_none() -> None:
    scores = score_tags(manifest((), ()), classified(["jazz", "pop"], [(), ()]))
    assert scores.to_dict() == {"tags": {}, "styles": {}}


def test_every_other_name_of_the_table_is_checked_by_its_genre() -> None:
    for name, genre in SAME_MUSIC.items():
        assert checking_genre(name.title(), [genre.replace(" ", "")]) == genre.replace(" ", "")
        assert checking_genre(name, ["polka"]) is None
