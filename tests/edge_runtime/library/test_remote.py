"""Files of object storage and of the web, through fsspec: here a memory and a real server."""

import functools
import os
import sys
import threading
from datetime import UTC, datetime
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pytest

from edge_runtime.errors import AudioFormatError, MissingDependencyError, MissingExtraError
from edge_runtime.library.inputs import InputError, Item, find_items


@pytest.fixture
def bucket():
    """A storage in memory with three files of music."""
    memory = fsspec.filesystem("memory")
    for name in ("rock/1.mp3", "rock/cover.jpg", "rock/.hidden/x.mp3", "2 é.ogg", "a[1].wav"):
        memory.pipe(f"/bucket/{name}", name.encode())
    yield memory
    memory.rm("/bucket", recursive=True)


@pytest.fixture
def web(tmp_path):
    """Address of a web server over the test's folder."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=os.fspath(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def names(*named: str) -> list[str]:
    found = list(find_items(named))
    assert all(isinstance(one, Item) for one in found), found
    return [one.name for one in found]


def error_of(name: str) -> str:
    (found,) = find_items([name])
    assert isinstance(found, InputError)
    assert found.name == name
    assert "\n" not in str(found.error)
    return str(found.error)


ALL = ["memory:///bucket/2 é.ogg", "memory:///bucket/a[1].wav", "memory:///bucket/rock/1.mp3"]


def test_a_folder_of_a_storage_is_searched_as_one_of_the_disk_is(bucket):
    assert names("memory://bucket") == ALL
    assert names("memory://bucket/") == ALL


def test_patterns_and_names_with_brackets(bucket):
    assert names("memory://bucket/**/*.mp3") == ["memory:///bucket/rock/1.mp3"]
    assert names("memory://bucket/a[1].wav") == ["memory://bucket/a[1].wav"]


def test_a_folder_without_music_and_a_missing_file_are_errors(bucket):
    bucket.pipe("/bucket/doc/a.txt", b"")
    assert error_of("memory://bucket/doc").startswith(
        "memory://bucket/doc: there are no audio files there"
    )
    with pytest.raises(AudioFormatError, match=r"^memory://bucket/no.mp3: no such file; check"):
        Item("memory://bucket/no.mp3").stat()
    with (
        pytest.raises(AudioFormatError, match=r"^memory://bucket/no.mp3: no such file; check"),
        Item("memory://bucket/no.mp3").local(),
    ):
        pass
    with pytest.raises(AudioFormatError, match="is a folder"):
        Item("memory://bucket/rock").stat()


def test_a_copy_lives_as_long_as_it_is_needed(bucket):
    item = Item("memory://bucket/rock/1.mp3")
    assert item.is_remote
    stat = item.stat()
    assert stat.size == len("rock/1.mp3")
    assert stat.mtime_ns is not None
    with item.local() as path:
        assert path.read_bytes() == b"rock/1.mp3"
        assert path.suffix == ".mp3"
    assert not path.exists()


def test_an_error_about_the_copy_names_the_file(bucket):
    item = Item("memory://bucket/rock/1.mp3")
    with pytest.raises(AudioFormatError, match=r"^memory://bucket/rock/1.mp3: is damaged$"):  # noqa: SIM117
        with item.local() as path:
            raise AudioFormatError(f"{path}: is damaged")
    assert not path.exists()


def test_a_list_in_a_storage_is_relative_to_itself(bucket):
    bucket.pipe("/bucket/list.csv", b"path\nrock/1.mp3\nmemory://other/a.mp3\n")
    assert names("memory://bucket/list.csv") == [
        "memory://bucket/rock/1.mp3",
        "memory://other/a.mp3",
    ]
    bucket.pipe("/bucket/odd.csv", b'path\n"a" b\n')
    assert error_of("memory://bucket/odd.csv").startswith("memory://bucket/odd.csv: is no CSV")


def test_files_in_an_archive_have_addresses_too(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("m/1.mp3", b"one")
        archive.writestr("m/2.txt", b"two")
    (name,) = names(f"zip://*/*.mp3::file://{tmp_path}/a.zip")
    assert name == f"zip://m/1.mp3::file://{tmp_path}/a.zip"
    with Item(name).local() as path:
        assert path.read_bytes() == b"one"


# --- the web


def test_files_of_a_web_server(web, tmp_path):
    (tmp_path / "a b.mp3").write_bytes(b"sound")
    os.utime(tmp_path / "a b.mp3", (1_000_000_000, 1_000_000_000))
    item = Item(names(f"{web}/a%20b.mp3?key=1")[0])
    assert item.name == f"{web}/a%20b.mp3?key=1"
    stat = item.stat()
    assert (stat.size, stat.mtime_ns) == (5, 10**18)
    with item.local() as path:
        assert path.read_bytes() == b"sound"
        assert path.suffix == ".mp3"


def test_a_folder_that_a_web_server_lists(web, tmp_path):
    (tmp_path / "rock").mkdir()
    for name in ("1.mp3", "2.ogg", "cover.jpg"):
        (tmp_path / "rock" / name).write_bytes(b"sound")
    assert names(f"{web}/rock/") == [f"{web}/rock/1.mp3", f"{web}/rock/2.ogg"]


def test_a_file_that_a_web_server_does_not_have(web):
    with pytest.raises(AudioFormatError, match=r"no.mp3: no such file; check the address$"):
        Item(f"{web}/no.mp3").stat()


def test_a_server_that_does_not_answer():
    with pytest.raises(AudioFormatError, match=r"^http://127.0.0.1:9/a.mp3: cannot be read \("):
        Item("http://127.0.0.1:9/a.mp3").stat()


# --- libraries that are missing


def test_without_fsspec_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingExtraError, match=r'pip install "edge-genre\[library\]"'):
        Item("s3://bucket/a.mp3").stat()


@pytest.mark.parametrize(
    ("module", "address"),
    [("gcsfs", "gs://bucket/a.mp3"), ("paramiko", "sftp://host/a.mp3"),
     ("aiohttp", "https://host/a.mp3"), ("smbprotocol", "smb://host/a.mp3")],
)  # fmt: skip
def test_scheme_without_its_library_names_the_extra_to_install(monkeypatch, module, address):
    monkeypatch.setattr(sys.modules["fsspec.registry"], "_registry", {})
    implementations = {
        "https": "fsspec.implementations.http", "sftp": "fsspec.implementations.sftp",
        "smb": "fsspec.implementations.smb",
    }  # fmt: skip
    monkeypatch.delitem(sys.modules, implementations.get(address.split(":")[0], ""), raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=rf"pip install .*{module}") as raised:
        Item(address).stat()
    assert str(raised.value).startswith(f"{address}: reading ")
    assert "\n" not in str(raised.value)


def test_an_unknown_scheme_is_one_line():
    assert "there is no scheme gopher://" in error_of("gopher://host/a.mp3")


def test_what_looks_like_a_scheme_and_is_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a::b.mp3").write_bytes(b"x")
    assert not Item("a::b.mp3").is_remote
    assert Item("a::b.mp3").stat().size == 1


def test_the_times_that_storages_give(monkeypatch):
    from edge_runtime.library import remote

    wanted = 1_700_000_000 * 10**9
    for value in (
        1_700_000_000.0,
        datetime.fromtimestamp(1_700_000_000, UTC),
        "2023-11-14T22:13:20Z",
        "Tue, 14 Nov 2023 22:13:20 GMT",
    ):
        assert remote._mtime_ns({"LastModified": value}) == wanted
    assert remote._mtime_ns({"LastModified": "once"}) is None
    assert remote._mtime_ns({}) is None
