"""``edge-genre label --write-tags`` and ``--undo``: tags of files, and nothing else of them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge_runtime.cli import main
from edge_runtime.library import file_tags
from edge_runtime.library.file_tags import read_field, write_field
from edge_runtime.library.inputs import Item
from edge_runtime.library.row import name_of, path_values
from edge_runtime.library.sound_bytes import sound_checksum
from edge_runtime.library.store import Store, read_rows
from tests.command import complaint, edge_genre, succeed

from ..library.music import KINDS, write_music
from ..sounds import RATE, noise, write_wav

pytest.importorskip("mutagen")

MODEL = ("--model", "seed-cnn")
ANY = ("--min-confidence", "0")
KILLED = """\
import os, signal, sys
from edge_runtime.cli import main
from edge_runtime.library import {module} as module
function, calls = module.{function}, 0
def killing(*args, **kwargs):
    global calls
    calls += 1
    if calls == 3 and not {after}:
        os.kill(os.getpid(), {signal})
    result = function(*args, **kwargs)
    if calls == 3 and {after}:
        os.kill(os.getpid(), {signal})
    return result
module.{function} = killing
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """Songs without tags but for one, in two folders."""
    folder = tmp_path / "music"
    for name in ("a/1", "a/2", "b/3", "b/4"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_music((folder / name).parent, "flac", name=Path(name).name, seconds=4)
    write_field(folder / "a" / "2.flac", ["Polka"])
    return folder


def run(*arguments: str | Path) -> int:
    """The command, in this process."""
    return main(["label", *map(str, arguments)])


def label(music: Path, out: Path, *options: str) -> int:
    return run(music, "--out", out, *MODEL, "--jobs", "1", *options)


def rows_of(out: Path) -> dict[str, dict[str, object]]:
    return {Path(name_of(row)).name: row for row in read_rows(out)}


def add_rows(out: Path, paths: list[Path | str], **values: object) -> None:
    """Rows of further files, as if they had been labelled."""
    store = Store(out, None)
    (row, *_) = store.rows()
    for path in paths:
        stat = Item(str(path)).stat()
        store.replace(
            {**row, **path_values(str(path)), "size": stat.size, "mtime_ns": stat.mtime_ns,
             "error": None, **values}
        )  # fmt: skip
    store.finish()
    store.close()


def genres(music: Path) -> dict[str, tuple[str, ...]]:
    return {path.name: read_field(path).shown for path in sorted(music.rglob("*.*"))}


def contents(music: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(music.rglob("*.*"))}


def ffprobe(path: Path) -> set[str]:
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_entries", "format_tags:stream_tags"]
    done = subprocess.run([*command, path], capture_output=True, check=True)
    found = json.loads(done.stdout)
    tags = [found["format"].get("tags", {}), *(one.get("tags", {}) for one in found["streams"])]
    return {value for each in tags for name, value in each.items() if name.lower() == "genre"}


def packets(path: Path) -> bytes:
    command = ["ffmpeg", "-v", "error", "-i", path, "-map", "0:a", "-c", "copy", "-f", "streamhash"]
    return subprocess.run([*command, "-"], capture_output=True, check=True).stdout


@pytest.mark.slow
@pytest.mark.system_packages("ffmpeg")
def test_every_kind_of_file_gets_its_genre_and_keeps_its_sound(tmp_path: Path) -> None:
    music, out = tmp_path / "music", tmp_path / "labels.parquet"
    music.mkdir()
    songs = [write_music(music, kind, name=kind) for kind in KINDS]
    assert {song.suffix for song in songs} >= {".mp3", ".flac", ".ogg", ".m4a", ".wma", ".aiff"}
    clip = write_wav(tmp_path / "clip.wav", noise(4 * RATE))
    succeed("label", clip, "--out", out, *MODEL)
    add_rows(out, [*songs], genre="hiphop", confidence=0.75)  # also of those not decoded here
    before = {song: (packets(song), sound_checksum(song)) for song in songs}
    options = ("label", music, "--out", out, *MODEL, "--write-tags")

    untouched = contents(music)
    dry = succeed(*options, "--dry-run")
    assert dry.stdout.splitlines() == [f"{song}: Hip-Hop (was: nothing)" for song in sorted(songs)]
    assert f"GENRE of {len(songs)} files: {len(songs)} would be written" in dry.stderr
    assert contents(music) == untouched

    done = succeed(*options)
    assert done.stdout == ""
    assert f"{out}: GENRE of {len(songs)} files: {len(songs)} written" in done.stderr
    assert "0 labelled" in done.stderr
    assert {song.suffix: ffprobe(song) for song in songs} == {
        song.suffix: {"Hip-Hop"} for song in songs
    }
    assert {song: (packets(song), sound_checksum(song)) for song in songs} == before

    undone = succeed("label", "--undo", out)
    assert f"{out}: tags of {len(songs)} files: {len(songs)} restored" in undone.stderr
    assert {song.suffix: ffprobe(song) for song in songs} == {song.suffix: set() for song in songs}
    assert {song: sound_checksum(song) for song in songs} == {
        song: checksum for song, (_, checksum) in before.items()
    }
    assert "there are no tags to restore" in succeed("label", "--undo", out).stderr


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".csv"])
def test_a_table_keeps_what_was_there_and_restores_it(
    music: Path, tmp_path: Path, suffix: str, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / f"labels{suffix}"
    before = genres(music)
    assert label(music, out) == 0
    assert "written_tags" not in next(read_rows(out))
    assert label(music, out, "--write-tags", *ANY, "--replace") == 0
    written = genres(music)
    assert written["2.flac"] != ("Polka",)
    for name, row in rows_of(out).items():
        path = Path(name_of(row))
        assert row["old_tags"] == {"GENRE": list(before[name])}
        assert row["written_tags"] == {"GENRE": list(written[name])}
        assert row["tags_error"] is None
        assert (row["size"], row["mtime_ns"]) == (path.stat().st_size, path.stat().st_mtime_ns)
    table, files = out.read_bytes(), contents(music)

    capfd.readouterr()
    assert label(music, out, "--write-tags", *ANY, "--replace") == 0
    stderr = capfd.readouterr().err
    assert "0 labelled" in stderr
    assert "4 unchanged" in stderr
    assert "GENRE of 4 files: 4 with one already" in stderr
    assert (out.read_bytes(), contents(music)) == (table, files)

    assert run("--undo", out, "--dry-run") == 0
    shown = capfd.readouterr().out
    assert f"{music}/a/2.flac: Polka (was: {written['2.flac'][0]})" in shown.splitlines()
    assert (out.read_bytes(), contents(music)) == (table, files)
    assert run("--undo", out) == 0
    assert genres(music) == before
    assert {row["written_tags"] for row in read_rows(out)} == {None}
    capfd.readouterr()
    assert label(music, out) == 0
    assert "0 labelled" in capfd.readouterr().err
    assert [path.name for path in tmp_path.iterdir() if path != music] == [out.name]


def test_what_is_there_stays_and_files_that_were_not_named_do(music: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels.jsonl"
    assert label(music, out) == 0
    assert label(music / "a", out, "--write-tags", *ANY) == 0
    found = genres(music)
    assert found["1.flac"] != ()
    assert found["2.flac"] == ("Polka",)
    assert found["3.flac"] == found["4.flac"] == ()


def test_field_map_top_and_confidence(music: Path, tmp_path: Path) -> None:
    out, names = tmp_path / "labels.jsonl", tmp_path / "map.toml"
    names.write_text('hiphop = "Rap"\nsilence = "Silence"\n')
    posterior = dict.fromkeys(
        ("blues", "classical", "country", "disco", "jazz", "metal", "reggae", "rock"), 0.0
    )
    songs = sorted(music.rglob("*.flac"))
    assert label(music, out) == 0
    add_rows(
        out, [*songs[:2]], genre="hiphop", confidence=0.6,
        posterior={**posterior, "hiphop": 0.6, "pop": 0.4},
    )  # fmt: skip
    add_rows(out, [songs[2]], genre="silence", confidence=0.0)
    add_rows(out, [songs[3]], genre="jazz", confidence=0.3)
    options = ("--write-tags", "--field", "My_Genre", "--map", str(names), "--top", "2")

    assert label(music, out, *options, "--min-confidence", "0.4") == 0

    assert [read_field(song, "MY_GENRE").shown for song in songs] == [
        ("Rap", "Pop"), ("Rap", "Pop"), ("Silence",), (),
    ]  # fmt: skip
    assert genres(music)["1.flac"] == ()
    assert run("--undo", out) == 0
    assert [read_field(song, "MY_GENRE").shown for song in songs] == [()] * 4


def test_a_genre_that_is_not_sure_is_not_written(music: Path, tmp_path: Path, capfd) -> None:
    out = tmp_path / "labels.jsonl"
    assert label(music, out) == 0
    songs = sorted(music.rglob("*.flac"))
    add_rows(out, [*songs[:3]], genre="rock", confidence=0.49)
    add_rows(out, [songs[3]], genre="rock", confidence=0.5)
    before = contents(music)
    assert label(music, out, "--write-tags", "--replace") == 0
    assert "1 written, 3 without a genre that is sure enough" in capfd.readouterr().err
    assert [name for name in before if contents(music)[name] != before[name]] == ["4.flac"]


def test_names_that_are_not_utf8(music: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels.csv"
    try:
        odd = (music / "a" / "1.flac").rename(music / os.fsdecode(b'm\xe9, "\n1.flac'))
    except OSError:
        pytest.skip("this disk takes names in UTF-8 alone")
    assert label(music, out, "--write-tags", *ANY) == 0
    assert read_field(odd).shown != ()
    assert run("--undo", out) == 0
    assert read_field(odd).shown == ()


def killed(
    arguments: list[str | Path], function: str, *, after: bool, number: int = signal.SIGKILL
) -> subprocess.CompletedProcess[str]:
    """The command, which gets a signal at the third call of a function."""
    module, _, name = function.rpartition(".")
    code = KILLED.format(module=module, function=name, after=after, signal=int(number))
    return subprocess.run(
        [sys.executable, "-c", code, "label", *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("then", ["again", "undo"])
@pytest.mark.parametrize(
    ("function", "after"),
    [
        ("tag_pass.write_field", True),
        pytest.param("tag_pass.write_field", False, marks=pytest.mark.slow),
        pytest.param("file_tags._like", True, marks=pytest.mark.slow),
    ],
)
def test_a_kill_between_a_file_and_its_row_loses_nothing(
    music: Path, tmp_path: Path, function: str, after: bool, then: str
) -> None:
    out = tmp_path / "labels.jsonl"
    before = genres(music)
    assert label(music, out) == 0
    options = [music, "--out", out, *MODEL, "--write-tags", "--replace", *ANY]

    assert killed(options, function, after=after).returncode == -signal.SIGKILL
    written = {name for name, found in genres_of_songs(music).items() if found != before[name]}
    assert len(written) == (3 if function.endswith("write_field") and after else 2)
    assert out.exists()
    assert label(music, out, "--quiet") == 0
    rows = rows_of(out)
    for song in music.rglob("?.flac"):  # what a run wrote itself is nothing to be labelled again
        assert (rows[song.name]["mtime_ns"] == song.stat().st_mtime_ns) == (
            song.name not in written
        )

    if then == "undo":
        assert run("--undo", out) == 0
        assert genres(music) == before
        return
    assert run(*options) == 0
    assert all(found not in ((), ("Polka",)) for found in genres(music).values())
    assert {name: row["old_tags"] for name, row in rows_of(out).items()} == {
        name: {"GENRE": list(found)} for name, found in before.items()
    }
    assert run("--undo", out) == 0
    assert genres(music) == before  # and no file is left over


def genres_of_songs(music: Path) -> dict[str, tuple[str, ...]]:
    """Without the copies that a killed command leaves."""
    return {path.name: read_field(path).shown for path in sorted(music.rglob("?.flac"))}


def test_a_second_undo_finishes_one_that_was_killed(music: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels.parquet"
    before = genres(music)
    assert label(music, out, "--write-tags", "--replace", *ANY) == 0
    done = killed(["--undo", out], "tag_undo.write_field", after=True)
    assert done.returncode == -signal.SIGKILL
    assert genres(music) != before
    assert run("--undo", out) == 0
    assert genres(music) == before
    assert {row["written_tags"] for row in read_rows(out)} == {None}


@pytest.mark.parametrize("undo", [False, True])
def test_ctrl_c_ends_it_between_two_files(music: Path, tmp_path: Path, undo: bool) -> None:
    out = tmp_path / "labels.jsonl"
    options: list[str | Path] = [music, "--out", out, *MODEL, "--write-tags", "--replace", *ANY]
    if undo:
        assert run(*options) == 0
        options = ["--undo", out]
    before = genres(music)

    function = f"tag_{'undo' if undo else 'pass'}.write_field"
    done = killed(options, function, after=True, number=signal.SIGINT)

    assert done.returncode == 130, done.stderr
    assert "of 3 files: 3 " in done.stderr
    assert done.stderr.endswith("; interrupted, and the same command goes on\n")
    after = genres(music)
    assert [after[name] == before[name] for name in before] == [False, False, False, True]
    assert rows_of(out)["4.flac"]["tags_error"] is None
    assert run(*options) == 0
    assert all(genres(music)[name] != before[name] for name in before)


def test_what_was_edited_since_is_not_restored(music: Path, tmp_path: Path, capfd) -> None:
    out = tmp_path / "labels.jsonl"
    assert label(music, out, "--write-tags", *ANY) == 0
    write_field(music / "a" / "1.flac", ["Skiffle"])
    (music / "b" / "3.flac").unlink()
    capfd.readouterr()

    assert run("--undo", out, "--strict") == 1

    edited, deleted, *_, last = capfd.readouterr().err.splitlines()
    assert edited == (
        f"edge-genre: {music}/a/1.flac: GENRE holds Skiffle by now, which edge-genre did not "
        "write, and stays"
    )
    assert deleted == f"edge-genre: {music}/b/3.flac: cannot be read (No such file or directory)"
    assert last == f"edge-genre: {out}: tags of 2 files are not restored"
    assert genres(music) == {"1.flac": ("Skiffle",), "2.flac": ("Polka",), "4.flac": ()}
    assert rows_of(out)["3.flac"]["old_tags"] == {"GENRE": []}
    assert run("--undo", out, "--quiet") == 0


def test_a_library_that_may_not_be_written_to(
    music: Path, tmp_path: Path, capfd, monkeypatch
) -> None:
    out = tmp_path / "labels.jsonl"
    assert label(music, out) == 0
    allowed = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: not str(path).startswith(str(music / "b")) and
        allowed(path, mode),
    )  # fmt: skip
    capfd.readouterr()
    before = contents(music)

    assert label(music, out, "--write-tags", *ANY, "--dry-run") == 0
    dry = capfd.readouterr()
    assert [line.partition(": ")[0] for line in dry.out.splitlines()] == [f"{music}/a/1.flac"]
    assert dry.err.endswith("1 would be written, 1 with one already, 2 failed\n")
    assert label(music, out, "--write-tags", *ANY, "--strict", "--quiet") == 1

    assert capfd.readouterr().err.splitlines() == [
        f"edge-genre: {music}/b/3.flac: may not be written to; its tags are left as they are",
        f"edge-genre: {music}/b/4.flac: may not be written to; its tags are left as they are",
        f"edge-genre: {out}: the tags of 2 files could not be written",
    ]
    assert [name for name in before if contents(music)[name] != before[name]] == ["1.flac"]
    assert "may not be written to" in str(rows_of(out)["3.flac"]["tags_error"])
    assert label(music, out, "--write-tags", *ANY, "--quiet") == 0


def test_files_elsewhere_are_one_line(music: Path, tmp_path: Path, capfd) -> None:
    fsspec = pytest.importorskip("fsspec")
    out, memory = tmp_path / "labels.jsonl", fsspec.filesystem("memory")
    songs = [f"memory://edge-genre-tags/{number}.flac" for number in range(3)]
    for song in songs:
        memory.pipe(song, (music / "a" / "1.flac").read_bytes())
    assert label(music, out) == 0
    add_rows(out, [*songs])
    capfd.readouterr()
    before = [memory.cat(song) for song in songs]

    options = (*songs, music, "--out", out, *MODEL, "--write-tags", *ANY)
    assert run(*options, "--quiet") == 0

    assert capfd.readouterr().err == (
        f"edge-genre: {songs[0]}: is not on this machine; its tags are not written, nor those of "
        "any other address\n"
    )
    assert [memory.cat(song) for song in songs] == before
    assert genres(music)["4.flac"] != ()
    assert run(*options, "--strict", "--quiet") == 1
    assert "the tags of 3 files could not be written" in capfd.readouterr().err
    memory.rm("edge-genre-tags", recursive=True)


def test_a_library_full_of_failures_is_no_flood(tmp_path: Path, capfd, monkeypatch) -> None:
    music, out = tmp_path / "music", tmp_path / "labels.jsonl"
    music.mkdir()
    song = write_music(music, "flac", seconds=4)
    for number in range(14):
        shutil.copy(song, music / f"{number}.flac")
    assert label(music, out, "--quiet") == 0
    monkeypatch.setattr(
        os, "access", lambda path, mode: path != song and str(music) not in str(path)
    )
    assert label(music, out, "--write-tags", *ANY, "--quiet") == 0
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 11
    assert lines[-1] == "edge-genre: more files failed; the column tags_error says why"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["demo", "--out", "a.jsonl", "--field", "STYLE"], "--field has no meaning without --wr"),
        (["demo", "--out", "a.jsonl", "--min-confidence", "0"], "without --write-tags"),
        (["demo", "--out", "a.jsonl", "--only-missing"], "without --write-tags"),
        (["demo", "--out", "a.jsonl", "--dry-run"], "without --write-tags or --undo"),
        (["demo", "--out", "a.jsonl", "--write-tags", "--field", "a=b"], "'a=b' is no name for a"),
        (["demo", "--out", "a.jsonl", "--write-tags", "--top", "0"], "from 1 to"),
        (["demo", "--out", "a.jsonl", "--write-tags", "--top", "2"], "add a lower one, such as"),
        (["demo", "--out", "a.jsonl", "--write-tags", "--min-confidence", "1.5"], "1.5"),
        (["demo", "--out", "a.jsonl", "--write-tags", "--map", "none.toml"], "none.toml: cannot"),
        (
            ["demo", "--out", "a.jsonl", "--write-tags", "--only-missing", "--replace"],
            "not allowed",
        ),
        (["demo", "--undo", "a.jsonl"], "PATH has no meaning with --undo"),
        (["--undo", "a.jsonl", "--out", "b.jsonl"], "--out has no meaning with --undo"),
        (["--undo", "a.jsonl", "--channel", "2"], "--channel has no meaning with --undo"),
        (["--undo", "a.jsonl", "--min-confidence", "0"], "--min-confidence has no meaning with"),
        (["--undo", "a.txt"], "--undo a.txt: ends in '.txt'"),
        (["--undo", "."], "--undo .: ends in 'nothing'"),
        (["--write-tags", "--out", "a.jsonl"], "required: PATH"),
    ],
)
def test_a_wrong_option_is_one_line(
    tmp_path: Path, capfd, monkeypatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in complaint(capfd, "label", *arguments, code=2)
    assert list(tmp_path.iterdir()) == []


def test_a_table_that_is_not_there_or_none_is_one_line(tmp_path: Path, capfd) -> None:
    table = tmp_path / "labels.jsonl"
    line = complaint(capfd, "label", "--undo", table, code=3)
    assert line.endswith(f"no such file; make one with edge-genre label FOLDER --out {table}")
    assert list(tmp_path.iterdir()) == []
    table.write_text("not a table\n")
    line = complaint(capfd, "label", "--undo", table, code=3)
    assert f"--undo {table}: holds something else than" in line
    assert table.read_text() == "not a table\n"


@pytest.mark.parametrize("arguments", [("demo", "--write-tags", "--out"), ("--undo",)])
def test_without_mutagen_the_extra_is_named_before_anything_is_done(
    tmp_path: Path, capfd, monkeypatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setitem(sys.modules, "mutagen", None)
    line = complaint(capfd, "label", *arguments, tmp_path / "a.jsonl", code=4)
    assert 'needs the extra "tags": pip install "edge-genre[tags]"' in line
    assert list(tmp_path.iterdir()) == []


def test_without_the_option_no_file_is_touched(music: Path, tmp_path: Path) -> None:
    before = {path: (path.stat(), path.read_bytes()) for path in music.rglob("*.flac")}
    done = edge_genre("label", music, "--out", tmp_path / "labels.csv", *MODEL)
    assert done.returncode == 0
    for path, (stat, content) in before.items():
        assert path.read_bytes() == content
        assert path.stat().st_mtime_ns == stat.st_mtime_ns
        assert path.stat().st_ino == stat.st_ino
    assert file_tags.GENRE not in (tmp_path / "labels.csv").read_text()
