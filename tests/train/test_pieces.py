"""Songs in pieces: found by name and length, and never on both sides of a split by track."""

from collections import defaultdict
from pathlib import Path

import pytest

from train.data.pieces import find_pieces, straddling
from train.data.splits import Candidate, fold_split, random_track_split
from train.data.tracks import Track


def tracks(*names: str, label: str = "rock") -> list[Track]:
    return [Track(f"{label}/{name}", Path(label, f"{name}.wav"), label) for name in names]


def numbered(pattern: str, songs: int = 4, pieces: int = 5) -> list[Track]:
    return tracks(*(pattern.format(s, n) for s in range(songs) for n in range(pieces)))


def songs(found: list[Track], seconds: float = 3.0) -> list[set[str]]:
    """The clips of each song, by file name."""
    groups = defaultdict(set)
    for name, song in find_pieces(found, lambda _: seconds).songs.items():
        groups[song].add(Path(name).name)
    return list(groups.values())


@pytest.mark.parametrize(
    "pattern",
    [
        "rock.{:05}.{}", "rock.{:05}_{}", "song {}_{:03}", "{} - take.{}", "take{}-part{}",
        "live{} (seg {:02})", "song{}_chunk_{}", "{}/{}",
    ],
)  # fmt: skip
def test_pieces_are_known_by_their_names(pattern: str) -> None:
    found = numbered(pattern)
    assert sorted(map(len, songs(found))) == [5] * 4
    (warning,) = find_pieces(found, lambda _: 3.0).warnings
    assert "20 clips of a few seconds are taken for pieces of 4 songs" in warning


def test_one_song_of_gtzan_in_pieces_is_one_song() -> None:
    assert [len(own) for own in songs(numbered("rock.{:05}.{}", songs=1))] == [5]


@pytest.mark.parametrize(
    ("found", "seconds"),
    [
        (numbered("rock.{:05}.{}"), 30.0),  # excerpts of half a minute
        (numbered("Artist {} - {:02}"), 200.0),  # songs of albums
        (tracks(*(f"rock.{n:05}" for n in range(100))), 3.0),  # GTZAN's names
        (tracks(*(f"{n:03}" for n in range(100))), 3.0),
        (tracks("one", "two", "song2", "tune 1", "tune 2"), 3.0),
    ],
)  # fmt: skip
def test_numbers_that_count_songs_make_no_pieces(found: list[Track], seconds: float) -> None:
    assert songs(found, seconds) == []


def test_many_short_clips_of_one_name_are_pointed_out() -> None:
    found = tracks(*(f"concert_{n:03}" for n in range(12)), "other")
    (warning,) = find_pieces(found, lambda _: 3.0).warnings
    assert "12 clips of a few seconds share a name, but for a number (concert)" in warning
    of_genre = tracks(*(f"Rock_{n:03}" for n in range(12)))
    assert find_pieces(of_genre, lambda _: 3.0).warnings == ()
    assert find_pieces(found, lambda _: 6.5).warnings == ()
    assert find_pieces(found, lambda _: None).warnings == ()


def test_pieces_of_a_song_stay_on_one_side() -> None:
    found = numbered("rock.{:05}.{}", songs=10) + [
        Track(f"jazz/{t.path.stem}", Path("jazz", t.path.name), "jazz")
        for t in numbered("jazz.{:05}.{}", songs=10)
    ]
    by_id = find_pieces(found, lambda _: 3.0).songs
    candidates = [Candidate(track, 1, song=by_id[track.id]) for track in found]
    for split in (
        random_track_split(candidates, 0),
        fold_split(candidates, fold=1, folds=5, by="track", seed=0),
    ):
        sides = [(item.song, split.parts[item.track.id][0]) for item in candidates]
        assert straddling(sides) == []
        assert sum(part == "valid" for _, part in sides) == 20


def test_a_song_with_pieces_in_several_parts_is_found_and_others_are_not() -> None:
    sides = [("a", "train"), ("a", "valid"), ("b", "train"), ("", "train"), ("", "valid")]
    assert straddling(sides) == ["a"]
