"""What is wrong with a data set, at the edges; and files that end early."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from train.data.check.check import DataCheck
from train.data.check.clip_facts import ClipFacts, _decoded
from train.data.check.faults import find_faults
from train.data.tracks import Track, TrackList


def facts(sound: str, **values: Any) -> ClipFacts:
    """A clip with nothing wrong."""
    fields: dict[str, Any] = {
        "rate": 22050, "channels": 1, "seconds": 30.0, "sha256": sound, "loudest_dbfs": -10.0,
        "silent_share": 0.0, "clipped_share": 0.0, "non_finite_samples": 0, "truncated": "",
        "unheard": "",
    }  # fmt: skip
    return ClipFacts(**{**fields, **values})


def listed(**clips: int) -> TrackList:
    tracks = [
        Track(f"{g}.{n}", Path(f"{g}.{n}.wav"), g) for g, c in clips.items() for n in range(c)
    ]
    return TrackList(tuple(tracks), {}, ())


def found(tracks: TrackList, **changed: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Items by kind; `changed` are facts of the first clip of a genre."""
    every = {
        t.id: facts(t.id, **(changed.get(t.label, {}) if t.id.endswith(".0") else {}))
        for t in tracks.tracks
    }
    return {f.kind: f.items for f in find_faults(tracks, every, {}, ())}


TWO = listed(jazz=5, rock=5)


def test_a_good_data_set_has_no_findings() -> None:
    assert found(TWO) == {}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"clipped_share": 0.001}, {}),
        ({"clipped_share": 0.0011}, {"clipped": ("jazz.0: 0.11%",)}),
        ({"silent_share": 0.3}, {}),
        ({"silent_share": 0.31}, {"partly-silent": ("jazz.0: 31% of 30.0 s",)}),
        ({"seconds": 3.0}, {}),
        ({"seconds": 2.99}, {"short": ("jazz.0: 3.0 s",)}),
        ({"loudest_dbfs": -60.0}, {}),
        ({"loudest_dbfs": -60.1}, {"silent": ("jazz.0: 30.0 s, -60 dBFS at the loudest",)}),
        ({"non_finite_samples": 1}, {"non-finite": ("jazz.0: 1 samples",)}),
    ],
)
def test_a_clip_just_within_its_limits_is_no_finding(
    change: dict[str, Any], expected: dict[str, tuple[str, ...]]
) -> None:
    assert found(TWO, jazz=change) == expected


def test_a_genre_has_few_clips_below_a_fifth_of_the_largest() -> None:
    assert found(listed(jazz=10, rock=2)) == {}
    assert found(listed(jazz=11, rock=2)) == {"few-clips": ("rock: 2",)}
    assert found(listed(jazz=11, rock=1)) == {"lone-clips": ("rock: 1",)}


def test_a_genre_is_summed_up_with_the_median_of_its_lengths() -> None:
    tracks = listed(jazz=3)
    lengths = dict(zip(("jazz.0", "jazz.1", "jazz.2"), (1.0, 9.0, 2.0), strict=True))
    every = {name: facts(name, seconds=seconds) for name, seconds in lengths.items()}
    (genre,) = DataCheck(tracks, every, {}, ()).genres().values()
    assert (genre.clips, genre.usable, genre.seconds) == (3, 3, 12.0)
    assert (genre.median_seconds, genre.shortest_seconds) == (2.0, 1.0)


@pytest.mark.parametrize(
    ("seconds", "missing"),
    [(4.9, ""), (4.89, "5.0 s are promised, 4.9 s can be decoded and are used; copy it again")],
)
def test_a_clip_that_ends_more_than_a_tenth_of_a_second_early_is_cut_off(
    tmp_path: Path, seconds: float, missing: str
) -> None:
    (tmp_path / "a.mp3").touch()
    sound = np.full((round(seconds * 1000), 2), 0.25, np.float32)
    sound[:10, 0] = 1.0
    audio: Any = SimpleNamespace(
        path=tmp_path / "a.mp3", rate=1000, channels=2, frames=5000, warning=None,
        blocks=lambda block_seconds: iter([sound]),
    )  # fmt: skip
    found = _decoded(audio)
    assert found.truncated == missing
    assert (found.seconds, found.clipped_share) == (seconds, 10 / sound.size)
