"""The plugin of beets, on real libraries of it."""

from __future__ import annotations

import importlib
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import beets
import beetsplug
import pytest
import soundfile
from beets import ui
from beets.importer import ImportSession
from beets.library import Item, Library

import edge_runtime

from ..library.music import write_music
from ..tagged_models import NO_MUSIC, write_tagged

PLUGINS = Path(edge_runtime.__file__).parent / "plugins"
SURE = (5.0, 4.0, 0.0, 0.0)
"""jazz 72 %, rock 26 %"""

Run = Callable[..., None]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model to which any sound is jazz."""
    return write_tagged(tmp_path_factory.mktemp("model") / "jazz.npz", SURE, tags=(), styles=())


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    return folder


@pytest.fixture
def defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """beets as it is without a configuration of the user."""
    monkeypatch.setenv("BEETSDIR", str(tmp_path))
    beets.config.clear()
    beets.config.read(user=False)
    beets.config["create_backup_before_migrations"].set(False)


@pytest.fixture
def library(music: Path, defaults: None) -> Library:
    return Library(":memory:", str(music))


@pytest.fixture
def run(model: Path, library: Library, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``beet edgegenre ARGUMENT...`` in this process, with settings."""
    monkeypatch.setattr(beetsplug, "__path__", [str(PLUGINS / "beetsplug"), *beetsplug.__path__])
    module = importlib.import_module("beetsplug.edgegenre")

    def edgegenre(*arguments: str, **settings: Any) -> None:
        beets.config["edgegenre"].set(
            {"model": str(model), "force": False, "pretend": False, **settings}
        )
        (command,) = module.EdgeGenrePlugin().commands()
        options, query = command.parse_args([*arguments])
        command.func(library, options, query)

    return edgegenre


def add(library: Library, path: Path, **values: Any) -> Item:
    item = Item.from_path(os.fsencode(path))
    item.update(values)
    library.add(item)
    return item


def genres(item: Item) -> list[str]:
    """As the library has them on disk."""
    item.load()
    found: list[str] = item.get("genres", with_album=False)
    return found


def genres_in(path: Path) -> list[str]:
    """As the file has them."""
    found: list[str] = Item.from_path(os.fsencode(path)).genres
    return found


@pytest.mark.parametrize("kind", ["mp3", "flac", "ogg"])
def test_a_track_gets_its_genre_in_the_library_and_in_its_file(
    library: Library, run: Run, music: Path, kind: str
) -> None:
    path = write_music(music, kind)
    item = add(library, path)
    run()
    assert genres(item) == ["Jazz"]
    assert genres_in(path) == ["Jazz"]


def test_a_track_with_a_genre_keeps_it_unless_forced(
    library: Library, run: Run, music: Path
) -> None:
    item = add(library, write_music(music, "mp3"), genres=["Polka"])
    run()
    assert genres(item) == ["Polka"]
    run("--no-force", force=True)
    assert genres(item) == ["Polka"]
    run("-f")
    assert genres(item) == ["Jazz"]


def test_pretending_shows_genres_and_changes_nothing(
    library: Library, run: Run, music: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_music(music, "mp3")
    item = add(library, path)
    album = library.add_album([item])
    before = path.read_bytes()
    with caplog.at_level(logging.INFO, "beets"):
        run("-p")
    assert genres(item) == []
    album.load()
    assert album.genres == []
    assert path.read_bytes() == before
    assert f"{path}: Jazz (jazz 72%)" in caplog.text
    assert ": Jazz" in caplog.messages[-1].removeprefix("album ")


def test_a_query_limits_the_tracks(library: Library, run: Run, music: Path) -> None:
    one, other = (add(library, write_music(music, "mp3", name=name), title=name) for name in "ab")
    run("title:b")
    assert (genres(one), genres(other)) == ([], ["Jazz"])


def test_files_stay_as_they_are_where_beets_does_not_write(
    library: Library, run: Run, music: Path
) -> None:
    path = write_music(music, "mp3")
    item = add(library, path)
    before = path.read_bytes()
    beets.config["import"]["write"].set(False)
    run()
    assert genres(item) == ["Jazz"]
    assert path.read_bytes() == before


def test_an_unsure_label_is_no_genre(
    library: Library, run: Run, music: Path, caplog: pytest.LogCaptureFixture
) -> None:
    item = add(library, write_music(music, "mp3"), genres=["Polka"])
    with caplog.at_level(logging.INFO, "beets"):
        run("-f", min_confidence=0.9)
    assert genres(item) == ["Polka"]
    assert "no genre (jazz 72%)" in caplog.text


def test_what_is_no_music_gets_no_genre(
    library: Library, run: Run, music: Path, tmp_path: Path
) -> None:
    item = add(library, write_music(music, "mp3"))
    run(model=str(write_tagged(tmp_path / "none.npz", NO_MUSIC, tags=(), styles=())))
    assert genres(item) == []


def test_several_genres_the_likeliest_first_by_the_user_s_names(
    library: Library, run: Run, music: Path
) -> None:
    path = write_music(music, "flac")
    item = add(library, path)
    run(count=2, min_confidence=0.2, names={"jazz": "Swing"})
    assert genres(item) == ["Swing", "Rock"]
    assert genres_in(path) == ["Swing", "Rock"]


def test_a_file_that_cannot_be_read_is_reported_and_the_others_are_labelled(
    library: Library, run: Run, music: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken, missing, right = (
        add(library, write_music(music, "mp3", name=name)) for name in ("broken", "missing", "ok")
    )
    broken.filepath.write_bytes(b"no sound at all" * 100)
    missing.filepath.unlink()
    run()
    assert [genres(item) for item in (broken, missing, right)] == [[], [], ["Jazz"]]
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 2
    assert any(error.startswith(f"{broken.filepath}: ") for error in errors)
    assert f"{missing.filepath}: no such file; check the path" in errors


def test_a_name_that_is_not_utf_8_or_has_two_lines(
    library: Library, run: Run, music: Path, caplog: pytest.LogCaptureFixture
) -> None:
    song = write_music(music, "wav")
    names = os.fsdecode(b"m\xe9tal.wav"), "two\nlines.wav"
    items = [add(library, Path(shutil.copy(song, music / name))) for name in names]
    with caplog.at_level(logging.INFO, "beets"):
        run()
    assert [genres(item) for item in items] == [["Jazz"], ["Jazz"]]
    assert all("\n" not in message for message in caplog.messages)


@pytest.mark.parametrize(
    ("tracks", "expected"),
    [
        ([[], []], ["Jazz"]),
        ([["Polka"], ["Polka"], []], ["Polka"]),
        ([["Polka"], []], []),
        ([["Polka", "Jazz"], ["Jazz"], []], ["Jazz"]),
    ],
)
def test_an_album_gets_the_genre_of_most_of_its_tracks(
    library: Library, run: Run, music: Path, tracks: list[list[str]], expected: list[str]
) -> None:
    items = [
        add(library, write_music(music, "wav", name=f"{i}"), genres=values, album="Album")
        for i, values in enumerate(tracks)
    ]
    album = library.add_album(items)
    album.genres = []
    album.store(inherit=False)
    run()
    album.load()
    assert album.genres == expected
    assert [genres(item) for item in items] == [values or ["Jazz"] for values in tracks]


def test_an_album_with_a_genre_keeps_it_unless_forced(
    library: Library, run: Run, music: Path
) -> None:
    item = add(library, write_music(music, "wav"))
    album = library.add_album([item])
    album.genres = ["Polka"]
    album.store(inherit=False)
    run()
    album.load()
    assert (album.genres, genres(item)) == (["Polka"], ["Jazz"])
    run("-f")
    album.load()
    assert album.genres == ["Jazz"]


def test_a_write_protected_file_is_reported_and_the_library_has_its_genre(
    library: Library, run: Run, music: Path, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    item = add(library, write_music(music, "mp3"))

    def refuse(*_: object, **__: object) -> None:
        raise beets.library.WriteError(item.path, PermissionError(13, "Permission denied"))

    monkeypatch.setattr(Item, "write", refuse)
    run()
    assert genres(item) == ["Jazz"]
    assert "Permission denied" in caplog.text


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"model": "/no/such.tflite"}, "/no/such.tflite: no such model file; check the path"),
        ({"min_confidence": 50}, "edgegenre.min_confidence is 50; it must be from 0 to 1"),
        ({"count": 0}, "edgegenre.count is 0; it must be 1 or more"),
        (
            {"names": {"polka": "Polka"}},
            "edgegenre.names: 'polka' is no label of this model; it has jazz, rock, other, "
            "not music, silence",
        ),
    ],
    ids=["model", "min_confidence", "count", "names"],
)
def test_a_setting_that_makes_no_sense_is_refused_on_one_line(
    library: Library, run: Run, music: Path, settings: dict[str, Any], expected: str
) -> None:
    item = add(library, write_music(music, "wav"))
    with pytest.raises(ui.UserError) as error:
        run(**settings)
    assert str(error.value) == expected
    assert genres(item) == []


@pytest.mark.slow
def test_many_files_are_labelled_by_several_processes(
    library: Library, run: Run, music: Path, caplog: pytest.LogCaptureFixture
) -> None:
    items = [add(library, write_music(music, "flac", name=f"{i:02}")) for i in range(9)]
    items[3].filepath.write_bytes(b"no sound at all" * 100)
    run()
    assert [genres(item) for item in items] == [[] if i == 3 else ["Jazz"] for i in range(9)]
    assert f"{items[3].filepath}: " in caplog.text


@pytest.fixture
def imported(library: Library, run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``beet import FOLDER`` in this process, of files as they are tagged."""

    def imports(folder: Path, **settings: Any) -> None:
        run("title:none", **settings)
        beets.config["import"].set(
            {"autotag": False, "copy": True, "singletons": False, **settings}
        )
        beets.config["threaded"].set(False)
        plugin = importlib.import_module("beetsplug.edgegenre").EdgeGenrePlugin()
        monkeypatch.setattr(beets.plugins, "_instances", [plugin])
        ImportSession(library, None, [os.fsencode(folder)], None).run()

    return imports


def new_album(folder: Path, n: int = 2) -> Path:
    folder.mkdir()
    for i in range(n):
        write_music(folder, "flac", name=f"{i:02}")
    return folder


def test_an_import_labels_what_it_adds(library: Library, imported: Run, tmp_path: Path) -> None:
    folder = new_album(tmp_path / "new")
    imported(folder)
    assert [genres(item) for item in library.items()] == [["Jazz"], ["Jazz"]]
    assert [album.genres for album in library.albums()] == [["Jazz"]]
    assert [genres_in(path) for path in folder.iterdir()] == [[], []]


def test_singletons_are_labelled_at_import_too(
    library: Library, imported: Run, tmp_path: Path
) -> None:
    imported(new_album(tmp_path / "new"), singletons=True)
    assert [genres(item) for item in library.items()] == [["Jazz"], ["Jazz"]]
    assert list(library.albums()) == []


def test_auto_off_leaves_imports_alone(library: Library, imported: Run, tmp_path: Path) -> None:
    imported(new_album(tmp_path / "new"), auto=False)
    assert [genres(item) for item in library.items()] == [[], []]


@pytest.mark.slow
def test_the_command_of_beets_labels_by_the_bundled_model(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    samples, rate = soundfile.read(PLUGINS.parent / "bundled" / "demo.wav")
    soundfile.write(folder / "demo.flac", samples, rate)
    configure(tmp_path, model="missing.tflite")
    refused = beet(tmp_path, "import", "-q", folder)
    assert (refused.returncode, refused.stdout) == (1, "")
    missing = tmp_path / "missing.tflite"
    assert refused.stderr == f"error: {missing}: no such model file; check the path\n"
    configure(tmp_path, min_confidence="high")
    refused = beet(tmp_path, "edgegenre")
    assert refused.returncode == 1
    assert refused.stderr.startswith("configuration error: edgegenre.min_confidence")
    assert len(refused.stderr.splitlines()) == 1
    configure(tmp_path, min_confidence=0.3)
    assert beet(tmp_path, "import", "-q", folder).returncode == 0
    listed = beet(tmp_path, "ls", "-f", "$genres")
    assert listed.stdout == "Jazz\n", listed.stderr


def configure(home: Path, **settings: Any) -> None:
    lines = [
        "plugins: edgegenre",
        f"directory: {home / 'music'}",
        "import: {copy: yes, autotag: no}",
        "create_backup_before_migrations: no",
        "edgegenre:",
        *(f"  {name}: {value}" for name, value in settings.items()),
    ]
    (home / "config.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def beet(home: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    roots = [str(PLUGINS), str(PLUGINS.parents[1]), os.environ.get("PYTHONPATH", "")]
    return subprocess.run(
        [sys.executable, "-m", "beets", *map(str, arguments)],
        env={**os.environ, "BEETSDIR": str(home), "PYTHONPATH": os.pathsep.join(roots)},
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
