import dataclasses
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from edge_runtime.errors import DataSetError, ParameterError
from train.data.clusters import clusters
from train.data.duplicates import without_straddlers
from train.data.split_choice import SplitChoice
from train.data.splits import (
    TRAIN,
    VALID,
    Candidate,
    Split,
    check_parts,
    fold_split,
    random_track_split,
    random_window_split,
    split_from_list,
)
from train.data.tracks import Track, TrackList


def tracks(**clips: int) -> list[Candidate]:
    return [
        Candidate(Track(f"{label}.{index}", Path(f"{label}.{index}.wav"), label), 10)
        for label, n in clips.items()
        for index in range(n)
    ]


def candidate(name: str, label: str, *, artist: str = "", sound: str = "") -> Candidate:
    return Candidate(Track(name, Path(name), label, artist), 4, sound)


def side(split: Split, name: str) -> str:
    (part,) = set(split.parts[name])
    return part


@given(st.integers(0, 2**31 - 1), st.integers(2, 30), st.integers(2, 30))
def test_a_track_split_never_cuts_a_track_and_validates_every_genre(
    seed: int, blues: int, rock: int
) -> None:
    windows = tracks(blues=blues, rock=rock)
    split = random_track_split(windows, seed)
    assert not split.leaks
    for label in ("blues", "rock"):
        own = [split.parts[c.track.id] for c in windows if c.track.label == label]
        assert all(len(set(parts)) == 1 for parts in own)
        assert {parts[0] for parts in own} == {TRAIN, VALID}


def test_a_track_split_takes_a_fifth_of_each_genre() -> None:
    split = random_track_split(tracks(blues=100, rock=10), seed=0)
    valid = [name for name, parts in split.parts.items() if parts[0] == VALID]
    assert sum(name.startswith("blues") for name in valid) == 20
    assert sum(name.startswith("rock") for name in valid) == 2


def test_the_window_split_cuts_tracks_and_says_that_it_leaks() -> None:
    split = random_window_split(tracks(blues=20, rock=20), seed=0)
    assert split.leaks
    assert sum(parts.count(VALID) for parts in split.parts.values()) == 80
    assert sum(len(set(parts)) == 2 for parts in split.parts.values()) > 20


def test_the_same_seed_gives_the_same_split_and_another_seed_another() -> None:
    windows = tracks(blues=20, rock=20)
    assert random_track_split(windows, 1).sha256 == random_track_split(windows, 1).sha256
    assert random_track_split(windows, 1).sha256 != random_track_split(windows, 2).sha256


def test_a_prescribed_split_is_taken_as_it_is() -> None:
    windows = tracks(blues=2)
    split = split_from_list("my", "my.csv", {"blues.0": "train", "blues.1": "test"}, windows)
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
        check_parts(split_from_list("my", "my.csv", parts, windows), windows)


def test_a_genre_that_is_not_validated_is_pointed_out() -> None:
    windows = tracks(blues=2, rock=1)
    parts = {"blues.0": TRAIN, "blues.1": VALID, "rock.0": TRAIN}
    (warning,) = check_parts(split_from_list("my", "my.csv", parts, windows), windows)
    assert "no validation clips of rock" in warning


@settings(deadline=None)  # the first example imports scikit-learn
@given(
    st.lists(
        st.tuples(st.sampled_from(["blues", "rock"]), st.integers(0, 7), st.integers(0, 9)),
        min_size=12,
        max_size=60,
    ),
    st.integers(0, 1000),
)
def test_folds_keep_artists_and_duplicates_together_and_validate_every_track_once(
    rows: list[tuple[str, int, int]], seed: int
) -> None:
    candidates = [
        candidate(f"t{i}", label, artist=f"artist {artist}", sound=f"sound {sound}" * (sound < 4))
        for i, (label, artist, sound) in enumerate(rows)
    ]
    try:
        splits = [
            fold_split(candidates, fold=fold, folds=3, by="artist", seed=seed) for fold in (1, 2, 3)
        ]
    except DataSetError as error:
        assert "folds" in str(error)  # so few artists that they cannot be spread
        return
    for split in splits:
        for key in ("artist", "sound"):
            sides: dict[str, set[str]] = {}
            for own in candidates:
                name = own.track.artist if key == "artist" else own.audio_sha256
                if name:
                    sides.setdefault(name, set()).add(side(split, own.track.id))
            assert all(len(parts) == 1 for parts in sides.values())
    for own in candidates:
        assert [side(split, own.track.id) for split in splits].count(VALID) == 1


def test_folds_by_artist_need_artists() -> None:
    with pytest.raises(DataSetError, match="no track of this data set names its artist"):
        fold_split(tracks(blues=9, rock=9), fold=1, folds=3, by="artist", seed=0)


def test_folds_have_every_genre() -> None:
    candidates = tracks(blues=50, rock=10)
    split = fold_split(candidates, fold=2, folds=5, by="track", seed=1)
    valid = [c.track.label for c in candidates if side(split, c.track.id) == VALID]
    assert (valid.count("blues"), valid.count("rock")) == (10, 2)


@given(st.integers(0, 500))
def test_a_random_track_split_keeps_duplicates_together(seed: int) -> None:
    candidates = [
        *(candidate(f"pop.{i}", "pop", sound=f"s{i // 2}") for i in range(20)),
        *(candidate(f"rock.{i}", "rock") for i in range(10)),
    ]
    split = random_track_split(candidates, seed)
    for i in range(0, 20, 2):
        assert side(split, f"pop.{i}") == side(split, f"pop.{i + 1}")


def test_a_list_that_puts_copies_on_both_sides_loses_the_training_copy() -> None:
    candidates = [
        candidate("pop.54", "pop", sound="same"),
        candidate("pop.60", "pop", sound="same"),
        candidate("pop.1", "pop", sound="other"),
        candidate("rock.1", "rock", sound="rock"),
    ]
    parts = {"pop.54": TRAIN, "pop.60": VALID, "pop.1": TRAIN, "rock.1": TRAIN}
    split = split_from_list("my", "my.csv", parts, candidates)
    honest, findings = without_straddlers(split, candidates)
    assert side(honest, "pop.54") == "none"
    assert side(honest, "pop.60") == VALID
    assert side(honest, "pop.1") == TRAIN
    (finding,) = findings
    assert "pop.54, pop.60 hold the same sound on both sides" in finding
    assert honest.sha256 != split.sha256


def test_two_genres_with_the_same_sound_are_pointed_out() -> None:
    candidates = [
        candidate("pop.1", "pop", sound="same"),
        candidate("rock.1", "rock", sound="same"),
    ]
    split = split_from_list("my", "my.csv", {"pop.1": TRAIN, "rock.1": TRAIN}, candidates)
    _, (finding,) = without_straddlers(split, candidates)
    assert "pop.1, rock.1 hold the same sound and go by pop, rock" in finding


def test_clusters_reach_through_others() -> None:
    found = clusters("abcde", ["1", "1", "", "2", ""], ["", "x", "x", "", ""])
    assert found == [["a", "b", "c"], ["d"], ["e"]]


def test_a_leaky_split_is_hashed_by_window_and_an_honest_one_by_track() -> None:
    one, other = {"a": (TRAIN, VALID, TRAIN)}, {"a": (TRAIN, TRAIN, VALID)}
    leaky = [Split("x", "x", parts, leaks=True).sha256 for parts in (one, other)]
    assert leaky[0] != leaky[1]
    assert leaky[0] == "421ee2daa003922a91b09600acb98583c5c5bf752c2ec42b8d89b3089d135412"
    honest = [Split("x", "x", parts, leaks=False).sha256 for parts in (one, other)]
    assert honest[0] == honest[1] != leaky[0]
    swapped = {"a": (VALID,), "b": (TRAIN,)}, {"a": (TRAIN,), "b": (VALID,)}
    assert len({Split("x", "x", parts, leaks=False).sha256 for parts in swapped}) == 2


def test_a_split_that_leaks_on_purpose_is_left_as_it_is() -> None:
    candidates = [candidate(name, "pop", sound="same") for name in ("a", "b")]
    parts = {"a": (TRAIN,) * 4, "b": (VALID,) * 4}
    leaky = Split("x", "x", parts, leaks=True)
    assert without_straddlers(leaky, candidates) == (leaky, ())
    assert without_straddlers(dataclasses.replace(leaky, leaks=False), candidates)[1]


def test_an_honest_split_is_the_same_however_tracks_are_cut_into_windows() -> None:
    few, many = tracks(blues=20, rock=20), tracks(blues=20, rock=20)
    many = [dataclasses.replace(own, n_windows=19) for own in many]
    assert random_track_split(few, 1).sha256 == random_track_split(many, 1).sha256
    assert random_window_split(few, 1).sha256 != random_window_split(many, 1).sha256


def test_a_genre_of_one_track_trains_with_it() -> None:
    split = random_track_split(tracks(blues=1, rock=2), seed=0)
    assert side(split, "blues.0") == TRAIN
    assert {side(split, f"rock.{n}") for n in range(2)} == {TRAIN, VALID}


def test_a_fifth_of_the_windows_is_rounded_to_the_nearest() -> None:
    candidates = [Candidate(Track("a", Path("a"), "blues"), 13)]
    assert random_window_split(candidates, 0).parts["a"].count(VALID) == 3  # of 2.6


def test_folds_are_counted_from_one_in_scikit_learns_order_and_another_seed_gives_others() -> None:
    candidates = tracks(blues=10, rock=10)
    labels = [c.track.label for c in candidates]
    expected = [
        {candidates[index].track.id for index in valid}
        for _, valid in StratifiedGroupKFold(4, shuffle=True, random_state=3).split(
            labels, labels, range(20)
        )
    ]
    splits = [fold_split(candidates, fold=n, folds=4, by="track", seed=3) for n in (1, 2, 3, 4)]
    found = [{c.track.id for c in candidates if side(s, c.track.id) == VALID} for s in splits]
    assert found == expected
    assert splits[0].id == "fold1of4-track-seed3"
    other = fold_split(candidates, fold=1, folds=4, by="track", seed=4)
    assert other.sha256 != splits[0].sha256


@pytest.mark.parametrize(
    ("name", "fold"), [("1/2", (1, 2)), ("2/2", (2, 2)), ("100/100", (100, 100))]
)
def test_folds_are_of_2_to_100(name: str, fold: tuple[int, int]) -> None:
    assert SplitChoice(name, "track", 0).fold == fold


@pytest.mark.parametrize("name", ["1/1", "0/5", "6/5", "1/101"])
def test_other_folds_are_refused(name: str) -> None:
    with pytest.raises(ParameterError, match="with K from 2 to 100 and I from 1 to K"):
        SplitChoice(name, "track", 0)


@pytest.mark.parametrize(
    ("name", "id"), [("track", "track-seed7"), ("segment", "segment-seed7"),
                     ("2/3", "fold2of3-track-seed7")],
)  # fmt: skip
def test_the_choice_of_a_split_takes_its_seed_along(name: str, id: str) -> None:
    candidates = tracks(blues=9, rock=9)
    listed = TrackList(tuple(c.track for c in candidates), {}, ())
    assert SplitChoice(name, "track", 7).make(listed, candidates).id == id


def test_the_parts_of_folders_are_taken_by_themselves_and_those_of_a_data_set_when_asked() -> None:
    own = tracks(blues=3, rock=3)
    parts = {item.track.id: ("train", "valid", "test")[index % 3] for index, item in enumerate(own)}
    listed = TrackList(tuple(item.track for item in own), parts, ())
    auto = SplitChoice("auto", "track", 0)
    assert auto.of(listed).name == "track"
    in_folders = dataclasses.replace(listed, parts_are_folders=True)
    chosen = auto.of(in_folders)
    assert chosen.name == "parts"
    assert SplitChoice("track", "track", 0).of(in_folders).name == "track"
    wanted = chosen.wanted(in_folders)
    assert [track.id for track in wanted] == ["blues.0", "blues.1", "rock.0", "rock.1"]
    chosen.check(in_folders, wanted)
    split = SplitChoice("parts", "track", 0).make(listed, own)
    assert (split.id, split.name) == ("parts", "parts, the data set's")
    assert {name: own[0] for name, own in split.parts.items()} == parts


def test_parts_that_are_missing_are_named() -> None:
    choice = SplitChoice("parts", "track", 0)
    own = tuple(item.track for item in tracks(blues=2, rock=2))
    with pytest.raises(DataSetError, match="has no parts of its own"):
        choice.wanted(TrackList(own, {}, ()))
    parts = dict.fromkeys((track.id for track in own), "train")
    with pytest.raises(DataSetError, match="no clips in a part 'valid', only in train"):
        choice.wanted(TrackList(own, parts, ()))


def test_what_no_fold_can_be_made_of_is_refused_before_any_work() -> None:
    own = tuple(item.track for item in tracks(blues=1, rock=1))
    with pytest.raises(DataSetError, match="2 tracks cannot make 5 folds"):
        SplitChoice("1/5", "track", 0).check(TrackList(own, {}, ()), own)
    with pytest.raises(DataSetError, match="names its artist"):
        SplitChoice("1/5", "artist", 0).check(TrackList(own, {}, ()), own)
