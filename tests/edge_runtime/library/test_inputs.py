"""Files of a library are found however they are named, each once, in a fixed order."""

import io
import os
from pathlib import Path

import pytest

from edge_runtime.errors import AudioFormatError, EdgeGenreError, ParameterError
from edge_runtime.library.inputs import InputError, Item, find_items

NOT_UTF8 = os.fsdecode(b"caf\xe9.mp3")


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"sound")


def names(*named: str, stdin: bytes | None = None) -> list[str]:
    """Names of the items; an error fails the test."""
    found = list(find_items(named, stdin=None if stdin is None else io.BytesIO(stdin)))
    assert all(isinstance(one, Item) for one in found), found
    return [one.name for one in found]


def errors(*named: str) -> list[str]:
    found = [one for one in find_items(named) if isinstance(one, InputError)]
    assert all(isinstance(one.error, EdgeGenreError) for one in found)
    return [str(one.error) for one in found]


@pytest.fixture
def music(tmp_path, monkeypatch):
    """A small library, which is the current folder's `music`."""
    monkeypatch.chdir(tmp_path)
    folder = Path("music")
    touch(
        folder / "b.mp3", folder / "A.FLAC", folder / "rock" / "1.ogg", folder / "rock" / "2.m4a",
        folder / "cover.jpg", folder / ".trash" / "x.mp3", folder / "Album [1999]" / "t.wav",
    )  # fmt: skip
    return folder


ALL = ["music/A.FLAC", "music/Album [1999]/t.wav", "music/b.mp3", "music/rock/1.ogg",
       "music/rock/2.m4a"]  # fmt: skip


# --- folders


def test_a_folder_is_searched_to_its_depth_in_a_fixed_order(music):
    assert names("music") == ALL
    assert names("music/") == ALL
    assert names("./music/rock") == ["music/rock/1.ogg", "music/rock/2.m4a"]


def test_names_come_in_the_order_of_the_user_and_each_once(music):
    assert names("music/rock", "music/b.mp3", "music") == [
        "music/rock/1.ogg", "music/rock/2.m4a", "music/b.mp3", "music/A.FLAC",
        "music/Album [1999]/t.wav",
    ]  # fmt: skip
    assert names("music/b.mp3", str(Path.cwd() / "music" / "b.mp3"), "./music/b.mp3") == [
        "music/b.mp3"
    ]


def test_what_is_left_out_because_it_is_hidden_is_logged(music, caplog):
    names("music")
    assert "1 audio files are hidden" in caplog.text


def test_links_in_a_circle_end(music):
    (music / "rock" / "up").symlink_to(music.absolute())
    (music / "rock" / "self.mp3").symlink_to("self.mp3")
    assert names("music") == [*ALL, "music/rock/self.mp3"]
    assert names("music/**/*.ogg") == ["music/rock/1.ogg"]
    with pytest.raises(AudioFormatError, match=r"^music/rock/self.mp3: cannot be opened"):
        Item("music/rock/self.mp3").stat()


def test_a_folder_without_music_is_one_error_and_the_rest_goes_on(music):
    Path("empty").mkdir()
    found = list(find_items(["empty", "music/b.mp3"]))
    assert isinstance(found[0], InputError)
    assert found[0].name == "empty"
    assert str(found[0].error).startswith("empty: there are no audio files in this folder")
    assert found[1:] == [Item("music/b.mp3")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_may_not_be_read_is_an_error_beside_the_files(music):
    (music / "rock").chmod(0)
    try:
        found = list(find_items(["music"]))
    finally:
        (music / "rock").chmod(0o755)
    assert "music/rock: the folder cannot be read" in str(found[0].error)
    assert [one.name for one in found[1:]] == ALL[:3]


def test_file_names_of_any_bytes_are_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    odd = ["a\nb.mp3", " c.mp3", "-d.mp3", "e*.mp3", NOT_UTF8]
    touch(*(Path("m") / name for name in odd))
    assert names("m") == sorted(f"m/{name}" for name in odd)
    assert Item(f"m/{NOT_UTF8}").stat().size == 5


# --- patterns


def test_patterns_match_as_in_a_shell(music):
    assert names("music/*") == ALL  # the folder's files, and its folders
    assert names("music/*.mp3") == ["music/b.mp3"]
    assert names("music/[a-c].mp3") == ["music/b.mp3"]
    assert names("*/rock/?.ogg") == ["music/rock/1.ogg"]
    assert names("music/**/*.ogg") == ["music/rock/1.ogg"]
    assert names("music/**") == ALL
    assert names("**/*.mp3") == ["music/b.mp3"]
    assert names("m*/**/2.*") == ["music/rock/2.m4a"]
    assert names(f"{Path.cwd()}/music/**/1.ogg") == [str(Path.cwd() / "music/rock/1.ogg")]


def test_an_ending_that_is_written_out_is_taken_whatever_it_is(music):
    assert names("music/*.jpg") == ["music/cover.jpg"]
    assert names("**/*.jpg") == ["music/cover.jpg"]


def test_a_name_with_brackets_that_is_there_is_no_pattern(music):
    assert names("music/Album [1999]") == ["music/Album [1999]/t.wav"]
    assert names("music/Album [1999]/t.wav") == ["music/Album [1999]/t.wav"]


def test_a_pattern_that_matches_nothing_is_an_error(music):
    assert errors("music/*.xyz")[0].startswith("music/*.xyz: there are no audio files that match")


# --- lists


def test_lines_of_a_list_are_names(music):
    listed = b"\xef\xbb\xbfmusic/b.mp3\r\n\nmusic/rock/1.ogg\nmissing.mp3"
    assert names("-", stdin=listed) == ["music/b.mp3", "music/rock/1.ogg", "missing.mp3"]


def test_a_list_with_nuls_may_hold_names_with_newlines():
    listed = b"a\nb.mp3\0caf\xe9.mp3\0"
    assert names("-", stdin=listed) == ["a\nb.mp3", NOT_UTF8]


def test_a_long_list_is_read_piece_by_piece(music):
    class Slow(io.BytesIO):
        def read(self, size=-1):
            self.taken = self.tell()
            return super().read(size)

    listed = Slow(b"".join(b"folder/%07d.mp3\n" % n for n in range(50_000)))
    found = find_items(["-"], stdin=listed)
    assert next(found) == Item("folder/0000000.mp3")
    assert listed.taken <= 1 << 17
    assert sum(1 for _ in found) == 49_999


def test_a_list_may_name_folders_and_no_patterns(music):
    assert names("-", stdin=b"music/rock\nmusic/*.mp3\n") == [*ALL[3:], "music/*.mp3"]


def test_a_list_without_input_is_refused():
    assert errors("-") == ["-: there is no standard input; name files or folders"]
    assert errors("") == ["a name of a file is empty; name a file or a folder"]


# --- tables


@pytest.mark.parametrize(
    "text",
    [
        "id,Path\n1,b.mp3\n2,rock/1.ogg\n",
        "uri;genre\r\nb.mp3;rock\r\nrock/1.ogg;\r\n",
        "genre\tpath\nx\tb.mp3\nx\trock/1.ogg\n",
        "﻿file\nb.mp3\nrock/1.ogg\n",
        "b.mp3,rock\nrock/1.ogg,jazz\n\n",
        'path,note\nb.mp3,"of two\nlines"\nrock/1.ogg,\n',
    ],
)
def test_a_table_has_a_column_of_names_relative_to_itself(music, text):
    (music / "list.csv").write_text(text, encoding="utf-8", newline="")
    assert names("music/list.csv") == ["music/b.mp3", "music/rock/1.ogg"]


def test_a_table_holds_addresses_and_odd_names(music):
    cells = ["s3://bucket/a.mp3", "/abs/b.mp3", NOT_UTF8]
    (music / "list.csv").write_bytes(os.fsencode("path\n" + "\n".join(cells) + '\n"a\nb.mp3"\n'))
    assert names("music/list.csv") == [*cells[:2], f"music/{NOT_UTF8}", "music/a\nb.mp3"]


def test_a_table_that_is_none_is_an_error(music):
    assert errors("music/none.csv") == ["music/none.csv: no such file; check the path"]
    (music / "odd.csv").write_text('path\n"b.mp3" x\n')
    assert "music/odd.csv: is no CSV table" in errors("music/odd.csv")[0]


# --- files


def test_missing_file_is_an_error_of_one_line(music):
    item = Item("music/b.mp3")
    stat = item.stat()
    assert (stat.size, stat.mtime_ns) == (5, Path("music/b.mp3").stat().st_mtime_ns)
    with item.local() as path:
        assert path == Path("music/b.mp3")
    (music / "b.mp3").unlink()
    with pytest.raises(AudioFormatError, match=r"^music/b.mp3: no such file; check the path$"):
        item.stat()


def test_a_name_with_a_null_character_is_an_error_of_its_file():
    with pytest.raises(AudioFormatError, match="cannot be opened"):
        Item("a\0b.mp3").stat()


def test_file_addresses_are_paths(music):
    here = Path.cwd()
    assert names(f"file://{here}/music/rock") == [f"{here}/{name}" for name in ALL[3:]]
    assert names(f"file://localhost{here}/music/Album%20%5B1999%5D/t.wav") == [
        f"{here}/music/Album [1999]/t.wav"
    ]
    assert not Item(names(f"FILE://{here}/music/b.mp3")[0]).is_remote


def test_errors_carry_the_classes_that_programs_ask_for():
    (found,) = find_items([""])
    assert isinstance(found, InputError)
    assert isinstance(found.error, ParameterError)
