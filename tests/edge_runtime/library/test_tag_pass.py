from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_runtime.errors import OutputFileError
from edge_runtime.library import tag_pass
from edge_runtime.library.file_tags import file_state, read_field, write_field
from edge_runtime.library.genre_map import TagChoice
from edge_runtime.library.row import Columns, Row, name_of, path_values, pending_mtime_ns
from edge_runtime.library.tag_outcome import Fate, Outcome
from edge_runtime.library.tag_pass import TagPlan, write_tags
from edge_runtime.library.tag_undo import undo_tags

from .music import write_music

pytest.importorskip("mutagen")

PLAN = TagPlan(TagChoice())


class MemoryStore:
    """Rows by name; what was committed is what a kill leaves."""

    def __init__(self, *rows: Row) -> None:
        self._safe = {name_of(row): row for row in rows}
        self._waiting: dict[str, Row] = {}

    def rows(self) -> Iterator[Row]:
        return iter(list(self._safe.values()))

    def replace(self, row: Row) -> None:
        self._waiting[name_of(row)] = row

    def commit(self) -> None:
        self._safe |= self._waiting
        self._waiting = {}

    def __getitem__(self, path: Path) -> Row:
        return self._safe[str(path)]


def row(path: Path, genre: str | None = "rock", confidence: float = 0.9, **values: object) -> Row:
    columns = Columns(("rock", "pop", "other")).with_written()
    state = file_state(path) if path.exists() else None
    return columns.row(
        **path_values(str(path)),
        size=state and state.size, mtime_ns=state and state.mtime_ns, genre=genre,
        confidence=confidence, posterior={"rock": confidence, "pop": 1 - confidence, "other": 0.0},
        **values,
    )  # fmt: skip


def write(store: MemoryStore, plan: TagPlan = PLAN) -> list[Outcome]:
    shown: list[Outcome] = []
    counts = write_tags(store, plan, shown.append)
    assert sum(counts.values()) == len(shown)
    return shown


def undo(store: MemoryStore, *, dry_run: bool = False) -> list[Outcome]:
    shown: list[Outcome] = []
    undo_tags(store, shown.append, dry_run=dry_run)
    return shown


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return write_music(tmp_path, "flac")


def test_a_genre_is_written_and_the_row_knows_the_file_afterwards(song: Path) -> None:
    store = MemoryStore(row(song))

    (outcome,) = write(store)

    assert outcome == Outcome(str(song), Fate.WRITTEN, (), ("Rock",))
    assert outcome.line == f"{song}: Rock (was: nothing)"
    assert read_field(song).shown == ("Rock",)
    after = store[song]
    assert (after["old_tags"], after["written_tags"]) == ({"GENRE": []}, {"GENRE": ["Rock"]})
    assert after["tags_error"] is None
    assert (after["size"], after["mtime_ns"]) == (song.stat().st_size, song.stat().st_mtime_ns)
    assert [again.fate for again in write(store)] == [Fate.HAS_ONE]
    assert store[song] == after


def test_one_that_is_there_stays_unless_asked_otherwise(song: Path) -> None:
    write_field(song, ["Polka"])
    store = MemoryStore(row(song))
    before = song.read_bytes()

    assert [outcome.fate for outcome in write(store)] == [Fate.HAS_ONE]
    assert song.read_bytes() == before

    (outcome,) = write(store, TagPlan(TagChoice(), replace=True))
    assert (outcome.before, outcome.after) == (("Polka",), ("Rock",))
    assert read_field(song).shown == ("Rock",)
    assert store[song]["old_tags"] == {"GENRE": ["Polka"]}


def test_a_blank_genre_is_a_missing_one(song: Path) -> None:
    write_field(song, [" "])
    store = MemoryStore(row(song))
    assert [outcome.fate for outcome in write(store)] == [Fate.WRITTEN]
    undo(store)
    assert read_field(song).stored == (" ",)


def test_what_is_not_sure_or_has_no_label_is_left_alone(tmp_path: Path) -> None:
    songs = [write_music(tmp_path, "flac", name=name) for name in "abc"]
    before = [song.read_bytes() for song in songs]
    store = MemoryStore(
        row(songs[0], confidence=0.3), row(songs[1], "other"),
        row(songs[2], None, error="it cannot be read"),
    )  # fmt: skip
    assert [outcome.fate for outcome in write(store)] == [
        Fate.UNSURE, Fate.UNSURE, Fate.UNLABELLED,
    ]  # fmt: skip
    assert [song.read_bytes() for song in songs] == before


def test_dry_run_has_the_same_outcome_and_changes_nothing(tmp_path: Path) -> None:
    songs = [write_music(tmp_path, "flac", name=name) for name in "abc"]
    write_field(songs[1], ["Polka"])
    store = MemoryStore(row(songs[0]), row(songs[1]), row(songs[2], confidence=0.1))
    before = [song.read_bytes() for song in songs], list(store.rows())

    foreseen = write(store, TagPlan(TagChoice(), dry_run=True))

    assert ([song.read_bytes() for song in songs], list(store.rows())) == before
    assert write(store) == foreseen


def test_a_changed_a_lost_and_a_remote_file_fail_and_the_others_go_on(tmp_path: Path) -> None:
    changed, gone, good = (write_music(tmp_path, "flac", name=name) for name in "abc")
    far = {**row(good), "path": "s3://music/a.flac"}
    store = MemoryStore(row(changed), row(gone), far, row(good))
    os.utime(changed, ns=(1, 1))
    gone.unlink()

    outcomes = write(store)

    assert [outcome.fate for outcome in outcomes] == [
        Fate.FAILED, Fate.FAILED, Fate.REMOTE, Fate.WRITTEN,
    ]  # fmt: skip
    assert outcomes[0].line == (
        f"{changed}: has changed since it was labelled, and is left alone; label it again"
    )
    assert outcomes[1].line == f"{gone}: cannot be read (No such file or directory)"
    assert outcomes[2].line == "s3://music/a.flac: is not on this machine; its tags are not written"
    assert store[changed]["tags_error"] == outcomes[0].line
    assert read_field(changed).shown == ()
    assert store[changed]["old_tags"] is None


def test_an_error_is_forgotten_when_it_is_over(song: Path) -> None:
    store = MemoryStore({**row(song), "tags_error": "no room"})
    write(store)
    assert store[song]["tags_error"] is None


def test_a_second_genre_does_not_lose_what_was_there_before_the_first(song: Path) -> None:
    write_field(song, ["Polka"])
    store = MemoryStore(row(song))
    replace = TagPlan(TagChoice(), replace=True)
    write(store, replace)
    store.replace({**store[song], "genre": "pop"})  # of another model
    store.commit()

    write(store, replace)

    assert read_field(song).shown == ("Pop",)
    assert store[song]["old_tags"] == {"GENRE": ["Polka"]}
    assert store[song]["written_tags"] == {"GENRE": ["Pop"]}
    assert [outcome.fate for outcome in undo(store)] == [Fate.RESTORED]
    assert read_field(song).shown == ("Polka",)


def test_a_field_of_ones_own_and_the_genre_are_both_undone(song: Path) -> None:
    store = MemoryStore(row(song))
    write(store)
    write(store, TagPlan(TagChoice(), field="MY_GENRE"))
    assert store[song]["written_tags"] == {"GENRE": ["Rock"], "MY_GENRE": ["Rock"]}

    (outcome,) = undo(store)

    assert outcome.fate is Fate.RESTORED
    assert read_field(song).shown == read_field(song, "MY_GENRE").shown == ()
    after = store[song]
    assert after["old_tags"] is after["written_tags"] is after["tags_error"] is None
    assert (after["size"], after["mtime_ns"]) == (song.stat().st_size, song.stat().st_mtime_ns)
    assert undo(store) == []


def test_undo_leaves_what_somebody_has_written_since(song: Path) -> None:
    store = MemoryStore(row(song))
    write(store)
    write_field(song, ["Skiffle"])

    (outcome,) = undo(store)

    assert outcome.line == (
        f"{song}: GENRE holds Skiffle by now, which edge-genre did not write, and stays"
    )
    assert read_field(song).shown == ("Skiffle",)
    assert store[song]["old_tags"] == {"GENRE": []}


def test_undo_of_a_file_that_changed_otherwise_leaves_it_to_be_labelled_again(song: Path) -> None:
    store = MemoryStore(row(song))
    write(store)
    labelled = store[song]["mtime_ns"]
    write_field(song, ["a title"], "TITLE")

    assert [outcome.fate for outcome in undo(store)] == [Fate.RESTORED]
    assert read_field(song).shown == ()
    assert read_field(song, "TITLE").shown == ("a title",)
    assert store[song]["mtime_ns"] == labelled


def test_a_dry_undo_changes_nothing(song: Path) -> None:
    store = MemoryStore(row(song))
    write(store)
    before = song.read_bytes(), store[song]

    (outcome,) = undo(store, dry_run=True)

    assert (outcome.fate, outcome.before, outcome.after) == (Fate.RESTORED, ("Rock",), ())
    assert (song.read_bytes(), store[song]) == before


@pytest.mark.parametrize("written", [True, False])
@pytest.mark.parametrize("then", ["write", "undo"])
def test_a_run_that_is_killed_at_a_file_is_gone_on_with_or_undone(
    written: bool, then: str, tmp_path: Path, monkeypatch
) -> None:
    songs = [write_music(tmp_path, "flac", name=name) for name in "ab"]
    store = MemoryStore(*map(row, songs))

    class Killed(BaseException):
        pass

    def killed(path: Path, *args, **kwargs):
        if path == songs[1]:
            if written:
                write_field(path, *args, **kwargs)
            monkeypatch.setattr(store, "commit", lambda: None)  # nothing is safe any more
            raise Killed
        return write_field(path, *args, **kwargs)

    monkeypatch.setattr(tag_pass, "write_field", killed)
    with pytest.raises(Killed):
        write(store)
    monkeypatch.undo()
    store._waiting = {}
    for song in songs:  # what they held is safe, whatever was done to them
        assert store[song]["old_tags"] == {"GENRE": []}
        assert pending_mtime_ns(store[song]) is not None

    if then == "undo":
        undo(store)
        assert [read_field(song).stored for song in songs] == [(), ()]
        assert store[songs[1]]["old_tags"] is None
        return
    outcomes = write(store)
    assert [outcome.fate for outcome in outcomes] == [Fate.WRITTEN] * 2
    for song in songs:
        assert read_field(song).shown == ("Rock",)
        after = store[song]
        assert (after["old_tags"], after["tags_error"]) == ({"GENRE": []}, None)
        assert (after["size"], after["mtime_ns"]) == (song.stat().st_size, song.stat().st_mtime_ns)


def test_no_file_is_changed_where_the_output_cannot_be_written(song: Path, monkeypatch) -> None:
    store = MemoryStore(row(song))
    before = song.read_bytes()

    def full() -> None:
        raise OutputFileError("labels.parquet: cannot be written (No space left on device)")

    monkeypatch.setattr(store, "commit", full)
    with pytest.raises(OutputFileError):
        write(store)
    assert song.read_bytes() == before


def test_a_file_that_may_not_be_written_to_fails_and_the_next_goes_on(
    tmp_path: Path, monkeypatch
) -> None:
    songs = [write_music(tmp_path, "flac", name=name) for name in "ab"]
    store = MemoryStore(*map(row, songs))
    allowed = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: str(path) != str(songs[0]) and allowed(path, mode)
    )

    outcomes = write(store)

    assert [outcome.fate for outcome in outcomes] == [Fate.FAILED, Fate.WRITTEN]
    assert store[songs[0]]["tags_error"] == (
        f"{songs[0]}: may not be written to; its tags are left as they are"
    )
    assert store[songs[0]]["old_tags"] is None


def test_names_that_are_not_utf8_and_have_line_ends(tmp_path: Path) -> None:
    song = write_music(tmp_path, "flac").rename(tmp_path / os.fsdecode(b"m\xe9\ntal.flac"))
    store = MemoryStore(row(song))
    (outcome,) = write(store)
    assert outcome.fate is Fate.WRITTEN
    assert "\n" not in outcome.line
    song.unlink()
    (outcome,) = write(store)
    assert outcome.line.encode().endswith(b"m\\xe9\\ntal.flac: cannot be read (No such file or "
                                          b"directory)")  # fmt: skip
