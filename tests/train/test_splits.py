from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import DataSetError
from train.splits import (
    TRAIN,
    VALID,
    check_parts,
    random_segment_split,
    random_track_split,
    split_from_list,
)
from train.tracks import Track


def tracks(**clips: int) -> list[tuple[Track, int]]:
    return [
        (Track(f"{label}.{index}", Path(f"{label}.{index}.wav"), label), 10)
        for label, n in clips.items()
        for index in range(n)
    ]


@given(st.integers(0, 2**31 - 1), st.integers(2, 30), st.integers(2, 30))
def test_a_track_split_never_cuts_a_track_and_examines_every_genre(
    seed: int, blues: int, rock: int
) -> None:
    windows = tracks(blues=blues, rock=rock)
    split = random_track_split(windows, seed)
    assert not split.leaks
    for label in ("blues", "rock"):
        own = [split.parts[track.id] for track, _ in windows if track.label == label]
        assert all(len(set(parts)) == 1 for parts in own)
        assert {parts[0] for parts in own} == {TRAIN, VALID}


def test_a_track_split_takes_a_fifth_of_each_genre() -> None:
    split = random_track_split(tracks(blues=100, rock=10), seed=0)
    valid = [name for name, parts in split.parts.items() if parts[0] == VALID]
    assert sum(name.startswith("blues") for name in valid) == 20
    assert sum(name.startswith("rock") for name in valid) == 2


def test_the_segment_split_cuts_tracks_and_says_that_it_leaks() -> None:
    split = random_segment_split(tracks(blues=20, rock=20), seed=0)
    assert split.leaks
    assert sum(parts.count(VALID) for parts in split.parts.values()) == 80
    assert sum(len(set(parts)) == 2 for parts in split.parts.values()) > 20


def test_the_same_seed_gives_the_same_split_and_another_seed_another() -> None:
    windows = tracks(blues=20, rock=20)
    assert random_track_split(windows, 1).sha256 == random_track_split(windows, 1).sha256
    assert random_track_split(windows, 1).sha256 != random_track_split(windows, 2).sha256


def test_a_prescribed_split_is_taken_as_it_is() -> None:
    windows = tracks(blues=2)
    split = split_from_list("my.csv", {"blues.0": "train", "blues.1": "test"}, windows)
    assert split.parts == {"blues.0": ("train",) * 10, "blues.1": ("test",) * 10}


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ({"blues.0": TRAIN, "blues.1": VALID, "rock.0": "test"}, "at least two"),
        ({"blues.0": TRAIN, "blues.1": TRAIN, "rock.0": TRAIN}, "no validation clips"),
        ({"blues.0": TRAIN, "blues.1": VALID, "rock.0": VALID}, "no training clips of rock"),
    ],
)
def test_a_split_that_cannot_be_trained_on_is_refused(
    parts: dict[str, str], complaint: str
) -> None:
    windows = tracks(blues=2, rock=1)
    with pytest.raises(DataSetError, match=complaint):
        check_parts(split_from_list("my.csv", parts, windows), windows)


def test_a_genre_that_is_not_examined_is_pointed_out() -> None:
    windows = tracks(blues=2, rock=1)
    parts = {"blues.0": TRAIN, "blues.1": VALID, "rock.0": TRAIN}
    (warning,) = check_parts(split_from_list("my.csv", parts, windows), windows)
    assert "no validation clips of rock" in warning
