import os
from pathlib import Path

import pytest

from edge_runtime.errors import DataSetError
from train.data.tracks import find_tracks, read_track_list


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def test_the_folders_of_a_data_set_are_its_genres(tmp_path: Path) -> None:
    touch(tmp_path / "blues" / "blues.00000.wav")
    touch(tmp_path / "rock" / "album" / "one.MP3")
    touch(tmp_path / "rock" / "cover.jpg")
    found = find_tracks(tmp_path)
    assert [(track.id, track.label) for track in found.tracks] == [
        ("blues/blues.00000", "blues"),
        ("rock/album/one", "rock"),
    ]


def test_a_genre_folder_without_clips_is_reported_and_left_out(tmp_path: Path) -> None:
    touch(tmp_path / "blues" / "a.wav")
    (tmp_path / "jazz").mkdir()
    found = find_tracks(tmp_path)
    assert [track.label for track in found.tracks] == ["blues"]
    assert len(found.warnings) == 1
    assert "jazz" in found.warnings[0]


def test_with_labels_the_nearest_folder_named_like_one_is_the_genre(tmp_path: Path) -> None:
    touch(tmp_path / "clips" / "Hip-Hop" / "a.ogg")
    touch(tmp_path / "snippets" / "rock" / "live" / "b.ogg")
    touch(tmp_path / "polka" / "c.ogg")
    found = find_tracks(tmp_path, ("hiphop", "rock"))
    assert [track.label for track in found.tracks] == ["hiphop", "rock"]
    assert "1 clips lie in no genre folder" in found.warnings[0]


def test_a_single_genre_folder_can_be_named_itself(tmp_path: Path) -> None:
    touch(tmp_path / "jazz" / "a.wav")
    assert [t.label for t in find_tracks(tmp_path / "jazz", ("jazz", "rock")).tracks] == ["jazz"]


def test_two_containers_of_one_song_are_two_tracks(tmp_path: Path) -> None:
    touch(tmp_path / "jazz" / "a.wav")
    touch(tmp_path / "jazz" / "a.mp3")
    assert len({track.id for track in find_tracks(tmp_path).tracks}) == 2


def test_a_missing_or_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match="no such folder"):
        find_tracks(tmp_path / "nowhere")
    with pytest.raises(DataSetError, match="no clips found"):
        find_tracks(tmp_path)
    touch(tmp_path / "polka" / "a.wav")
    with pytest.raises(DataSetError, match="one folder per genre named jazz, rock"):
        find_tracks(tmp_path, ("jazz", "rock"))


def write_csv(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_split_file_finds_clips_by_path_from_its_own_folder(tmp_path: Path) -> None:
    touch(tmp_path / "lists" / "clips" / "blues" / "a.ogg")
    (tmp_path / "data").mkdir()
    csv = write_csv(
        tmp_path / "lists" / "tracks.csv",
        "id,genre,split,path\nblues.0,blues,train,clips/blues/a.ogg\n",
    )
    found = read_track_list(csv, tmp_path / "data")
    assert found.parts == {"blues.0": "train"}
    assert found.tracks[0].path == tmp_path / "lists" / "clips" / "blues" / "a.ogg"


def test_a_split_file_finds_clips_by_id_in_another_layout(tmp_path: Path) -> None:
    """GTZAN's ids are its file names, so one list serves ``.au``, ``.wav`` and any folder."""
    clip = touch(tmp_path / "genres_original" / "jazz" / "jazz.00054.wav")
    csv = write_csv(
        tmp_path / "tracks.csv", "id,genre,split,path\njazz.00054,jazz,valid,clips/jazz.00054.ogg\n"
    )
    assert read_track_list(csv, tmp_path / "genres_original").tracks[0].path == clip


def test_clips_that_a_split_file_names_but_are_not_there_are_counted(tmp_path: Path) -> None:
    touch(tmp_path / "a.wav")
    csv = write_csv(tmp_path / "t.csv", "id,label,split\na,x,train\nb,x,train\nc,y,valid\n")
    found = read_track_list(csv, tmp_path)
    assert [track.id for track in found.tracks] == ["a"]
    assert "2 of 3 clips are not there" in found.warnings[0]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("id,genre\na,x\n", "no column split"),
        ("id,split\na,x\n", "no column genre or label"),
        ("genre,split\na,x\n", "no column id or path"),
        ("id,genre,split\n", "names no clips"),
        ("id,genre,split\na,x,train\na,y,valid\n", "names 'a' more than once"),
        ("id,genre,split\na,x\n", "row 2 has no split"),
        ("id,genre,split\na,,train\n", "row 2 has no genre"),
        ("path,genre,split\n,x,train\n", "row 2 has no id or path"),
        ("id,genre,split\nnowhere,x,train\n", "none of its 1 clips"),
    ],
)
def test_a_split_file_that_cannot_be_used_says_why(
    tmp_path: Path, text: str, complaint: str
) -> None:
    with pytest.raises(DataSetError, match=complaint):
        read_track_list(write_csv(tmp_path / "tracks.csv", text), tmp_path)


def test_an_id_that_two_clips_share_is_not_guessed_at(tmp_path: Path) -> None:
    touch(tmp_path / "rock" / "01.wav")
    touch(tmp_path / "jazz" / "01.wav")
    touch(tmp_path / "jazz" / "02.wav")
    csv = write_csv(tmp_path / "t.csv", "id,genre,split\n01,jazz,train\n02,jazz,train\n")
    found = read_track_list(csv, tmp_path)
    assert [track.id for track in found.tracks] == ["02"]


def test_linked_genre_folders_are_entered_and_circles_are_not(tmp_path: Path) -> None:
    touch(tmp_path / "elsewhere" / "a.wav")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "jazz").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "jazz" / "round").symlink_to(tmp_path / "data")
    assert [track.label for track in find_tracks(tmp_path / "data").tracks] == ["jazz"]


def test_evaluation_says_which_genre_of_the_model_has_an_empty_folder(tmp_path: Path) -> None:
    touch(tmp_path / "rock" / "a.wav")
    (tmp_path / "Jazz").mkdir()
    (tmp_path / "notes").mkdir()
    (warning,) = find_tracks(tmp_path, ("jazz", "rock")).warnings
    assert "Jazz: genre folder without clips" in warning


def test_folders_whose_names_differ_in_spelling_are_one_genre(tmp_path: Path) -> None:
    for name in ("hiphop/a.wav", "hiphop/b.wav", "Hip-Hop/c.wav", "R&B/d.wav", "rap/e.wav"):
        touch(tmp_path / name)
    found = find_tracks(tmp_path)
    assert sorted(track.label for track in found.tracks) == ["R&B", *["hiphop"] * 3, "rap"]
    (warning,) = found.warnings
    assert "'hiphop' (2 clips), 'Hip-Hop' (1 clips)" in warning


def test_files_in_no_genre_folder_are_named(tmp_path: Path) -> None:
    touch(tmp_path / "rock" / "a.wav")
    stray = touch(tmp_path / "stray.wav")
    assert find_tracks(tmp_path).outside == (stray.resolve(),)


def test_a_list_may_tell_artists_and_licences(tmp_path: Path) -> None:
    touch(tmp_path / "a.wav")
    csv = write_csv(
        tmp_path / "t.csv", "id,genre,split,artist,license\na,rock,train,Someone,CC BY 4.0\n"
    )
    (track,) = read_track_list(csv, tmp_path).tracks
    assert (track.artist, track.licence) == ("Someone", "CC BY 4.0")


def test_a_list_that_spells_a_genre_in_two_ways_has_one_genre(tmp_path: Path) -> None:
    touch(tmp_path / "a.wav")
    touch(tmp_path / "b.wav")
    csv = write_csv(tmp_path / "t.csv", "id,genre,split\na,drum & bass,train\nb,DnB,valid\n")
    found = read_track_list(csv, tmp_path)
    assert len({track.label for track in found.tracks}) == 1
    assert "written in several ways" in found.warnings[0]
    labels = {track.label for track in read_track_list(csv, tmp_path, ("drum and bass",)).tracks}
    assert labels == {"drum and bass"}


def test_a_list_without_parts_will_do_where_none_are_needed(tmp_path: Path) -> None:
    touch(tmp_path / "a.wav")
    csv = write_csv(tmp_path / "t.csv", "path,genre\na.wav,rock\nlost.wav,rock\n")
    found = read_track_list(csv, tmp_path, need_split=False)
    assert found.parts == {}
    assert found.missing == ("lost",)


def test_a_list_from_a_spreadsheet_begins_with_a_mark_that_is_no_column(tmp_path: Path) -> None:
    touch(tmp_path / "a.wav")
    path = tmp_path / "clips.csv"
    path.write_text("\ufeffid,genre,split\na,rock,train\n", encoding="utf-8")
    assert read_track_list(path, tmp_path).parts == {"a": "train"}


# --- folders that are no genres


@pytest.mark.parametrize(
    "folder",
    [
        ".ipynb_checkpoints", ".Trash-1000/files", "@eaDir", "__MACOSX/rock", "lost+found",
        "$RECYCLE.BIN", "rock/.hidden", "rock/@eaDir", "System Volume Information",
    ],
)  # fmt: skip
def test_hidden_and_system_folders_are_no_genres_and_are_named_in_one_line(
    tmp_path: Path, folder: str
) -> None:
    touch(tmp_path / "jazz" / "a.wav")
    touch(tmp_path / "rock" / "b.wav")
    touch(tmp_path / folder / "c.wav")
    found = find_tracks(tmp_path)
    assert [track.id for track in found.tracks] == ["jazz/a", "rock/b"]
    (warning,) = found.warnings
    assert "1 audio files are hidden" in warning
    assert f"{folder}/c.wav" in warning


def test_hidden_files_are_named_in_the_same_line(tmp_path: Path) -> None:
    touch(tmp_path / "jazz" / "a.wav")
    touch(tmp_path / "rock" / "._b.mp3")
    touch(tmp_path / "rock" / "b.mp3")
    touch(tmp_path / "@eaDir" / "b.mp3" / "SYNOPHOTO_THUMB_M.jpg")
    touch(tmp_path / ".git" / "config")
    found = find_tracks(tmp_path)
    assert [track.id for track in found.tracks] == ["jazz/a", "rock/b"]
    (warning,) = found.warnings
    assert "rock/._b.mp3" in warning


def test_what_is_hidden_is_no_clip_for_an_evaluation_either(tmp_path: Path) -> None:
    touch(tmp_path / "jazz" / "a.wav")
    touch(tmp_path / ".Trash-1000" / "jazz" / "old.wav")
    assert [track.id for track in find_tracks(tmp_path, ("jazz", "rock")).tracks] == ["jazz/a"]


def test_a_hidden_folder_may_hold_the_data_set(tmp_path: Path) -> None:
    touch(tmp_path / ".music" / "jazz" / "a.wav")
    assert [track.label for track in find_tracks(tmp_path / ".music").tracks] == ["jazz"]


@pytest.mark.parametrize("names", [("train", "valid", "test"), ("Training", "val", "testing")])
def test_folders_named_like_parts_are_the_split_and_hold_the_genres(
    tmp_path: Path, names: tuple[str, str, str]
) -> None:
    for name in names:
        touch(tmp_path / name / "jazz" / "a.wav")
        touch(tmp_path / name / "rock" / "album" / "b.wav")
    found = find_tracks(tmp_path)
    assert {track.label for track in found.tracks} == {"jazz", "rock"}
    assert [found.parts[f"{name}/jazz/a"] for name in names] == ["train", "valid", "test"]
    assert found.parts_are_folders
    (warning,) = found.warnings
    assert "are taken for parts of a split" in warning
    known = find_tracks(tmp_path, ("jazz", "polka"))
    assert {track.label for track in known.tracks} == {"jazz"}
    assert known.parts[f"{names[2]}/jazz/a"] == "test"


def test_a_genre_beside_folders_named_like_parts_makes_them_genres_with_a_warning(
    tmp_path: Path,
) -> None:
    for name in ("train", "test", "blues"):
        touch(tmp_path / name / "a.wav")
    found = find_tracks(tmp_path)
    assert {track.label for track in found.tracks} == {"train", "test", "blues"}
    (warning,) = found.warnings
    assert "test, train is named like a part of a split" in warning


def test_clips_that_lie_in_a_part_but_in_no_genre_are_named(tmp_path: Path) -> None:
    for name in ("train", "test"):
        touch(tmp_path / name / "a.wav")
    with pytest.raises(DataSetError, match="each of test, train must hold one folder per genre"):
        find_tracks(tmp_path)


def test_folders_that_hold_the_same_folders_may_not_be_the_genres(tmp_path: Path) -> None:
    for name in ("genres_original", "genres_3_sec"):
        touch(tmp_path / name / "jazz" / "a.wav")
        touch(tmp_path / name / "rock" / "b.wav")
    (warning,) = find_tracks(tmp_path).warnings
    assert "each holds folders called jazz, rock" in warning


@pytest.mark.parametrize(
    "folders",
    [
        ("jazz/CD1", "jazz/CD 2", "rock/CD1", "rock/CD 2"),
        ("jazz/1999", "jazz/2000", "rock/1999", "rock/2000"),
        ("jazz/Various", "jazz/Live", "jazz/A", "jazz/B", "rock/Various", "rock/Live", "rock/C"),
    ],
)
def test_genres_may_share_discs_years_and_a_few_artists(
    tmp_path: Path, folders: tuple[str, ...]
) -> None:
    for folder in folders:
        touch(tmp_path / folder / "a.wav")
    assert find_tracks(tmp_path).warnings == ()


def test_parts_within_the_genres_are_told_of(tmp_path: Path) -> None:
    for folder in ("jazz/train", "jazz/test", "rock/train", "rock/test"):
        touch(tmp_path / folder / "a.wav")
    (warning,) = find_tracks(tmp_path).warnings
    assert "test, train within the genres are not taken for parts of a split" in warning
    assert "test/jazz" in warning


def test_what_folders_are_called_is_no_matter_where_a_model_names_the_genres(
    tmp_path: Path,
) -> None:
    for folder in ("mine", "yours"):
        touch(tmp_path / folder / "jazz" / "a.wav")
        touch(tmp_path / folder / "rock" / "b.wav")
    found = find_tracks(tmp_path, ("jazz", "rock"))
    assert {track.label for track in found.tracks} == {"jazz", "rock"}
    assert found.warnings == ()


# --- lists as spreadsheets write them


@pytest.mark.parametrize(
    "text",
    [
        "path;genre;split\nrock/a.wav;rock;train\njazz/b.wav;jazz;valid\n",
        "path\tgenre\tsplit\nrock/a.wav\trock\ttrain\njazz/b.wav\tjazz\tvalid\n",
        " path , genre , split \n rock/a.wav , rock , train \n jazz/b.wav, jazz ,valid\n",
        "Path,Genre,SPLIT\nrock/a.wav,rock,Train\njazz/b.wav,jazz,Validation\n",
        "path,genre,split\nrock\\a.wav,rock,train\njazz\\b.wav,jazz,val\n",
        '\ufeff"path";"genre";"split"\r\n"rock/a.wav";"rock";"train"\r\n"jazz/b.wav";"jazz";"valid"',
        "path,genre,split\nrock/a.wav,rock,train\n,,\n\njazz/b.wav,jazz,valid\n,,\n",
        ",path,genre,split\n0,rock/a.wav,rock,train\n1,jazz/b.wav,jazz,valid\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_list_may_be_written_as_spreadsheets_do(tmp_path: Path, text: str, encoding: str) -> None:
    touch(tmp_path / "rock" / "a.wav")
    touch(tmp_path / "jazz" / "b.wav")
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode(encoding))
    found = read_track_list(path, tmp_path)
    assert [(track.id, track.label) for track in found.tracks] == [
        ("rock/a", "rock"),
        ("jazz/b", "jazz"),
    ]
    assert found.parts == {"rock/a": "train", "jazz/b": "valid"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,genre\na.wav,Folk, World\n", "row 2 has 3 fields, and the header has 2; put quotes"),
        ("path,genre,Genre\na.wav,rock,jazz\n", "has two columns genre"),
    ],
)
def test_a_list_that_can_be_read_in_two_ways_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    touch(tmp_path / "a.wav")
    csv = write_csv(tmp_path / "t.csv", text)
    with pytest.raises(DataSetError, match=message):
        read_track_list(csv, tmp_path, need_split=False)


def test_empty_fields_behind_the_last_column_do_not_matter(tmp_path: Path) -> None:
    touch(tmp_path / "a.wav")
    csv = write_csv(tmp_path / "t.csv", "path,genre,,\na.wav,rock,,,,\n")
    (track,) = read_track_list(csv, tmp_path, need_split=False).tracks
    assert track.label == "rock"


def test_a_list_may_name_files_whose_names_are_not_utf8_but_no_such_genre(tmp_path: Path) -> None:
    name = b"s\xe3o.wav"
    (tmp_path / "rock").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/rock/" + name)).touch()
    path = tmp_path / "t.csv"
    path.write_bytes(b"path,genre,split\nrock/" + name + b",rock,train\n")
    assert [track.label for track in read_track_list(path, tmp_path).tracks] == ["rock"]
    path.write_bytes(b"path,genre,split\nrock/" + name + b",s\xe3o,train\n")
    with pytest.raises(DataSetError, match="row 2 is not UTF-8"):
        read_track_list(path, tmp_path)


def test_a_name_with_a_backslash_that_is_there_is_that_file(tmp_path: Path) -> None:
    touch(tmp_path / "a\\b.wav")
    csv = write_csv(tmp_path / "t.csv", "path,genre,split\na\\b.wav,rock,train\n")
    (track,) = read_track_list(csv, tmp_path).tracks
    assert track.path.name == "a\\b.wav"
