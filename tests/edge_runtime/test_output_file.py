"""Files that a user names for output."""

import json
import os
import shutil
from pathlib import Path

import pytest

from edge_runtime.errors import OutputFileError, ParameterError
from edge_runtime.output_file import JSON, NPZ, PNG, check_output, check_writable, write_json


@pytest.mark.parametrize("kind", [JSON, NPZ, PNG], ids=lambda kind: kind.name)
def test_a_file_of_another_kind_is_refused(tmp_path, kind):
    path = tmp_path / "song.wav"
    path.write_bytes(b"RIFF\x00\x00\x00\x00WAVE")
    with pytest.raises(OutputFileError, match=r"--out .*song.wav: holds something else") as raised:
        check_output(path, kind, "--out")
    assert kind.name in str(raised.value)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (JSON, b' \n{"a": 1}'), (JSON, b"\xef\xbb\xbf[1]"), (JSON, b""), (PNG, b"\x89PNG\r\n"),
        (NPZ, b"PK\x03\x04"),
    ],
)  # fmt: skip
def test_a_file_of_the_same_kind_or_an_empty_one_is_replaced(tmp_path, kind, content):
    path = tmp_path / "out"
    path.write_bytes(content)
    check_output(path, kind, "--out")


@pytest.mark.parametrize("name", ["missing", "missing/too", "/dev/null"])
def test_what_is_not_there_or_has_no_content_is_of_every_kind(tmp_path, name):
    check_output(tmp_path / name, JSON, "--out")


def test_a_folder_is_refused_and_no_option_is_no_file(tmp_path):
    with pytest.raises(ParameterError, match=r"--json .*: is a folder; name a file"):
        check_output(tmp_path, JSON, "--json")
    check_output(None, JSON, "--json")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_cannot_be_looked_into_is_refused(tmp_path):
    path = tmp_path / "secret"
    path.write_text("{}")
    path.chmod(0o200)
    with pytest.raises(OutputFileError, match="secret: cannot be read"):
        check_output(path, JSON, "--json")


def test_json_of_a_name_that_is_not_utf8_is_valid(tmp_path):
    name = os.fsdecode(b"m\xe9tal")
    write_json(tmp_path / "new" / "out.json", {"file": name})
    content = (tmp_path / "new" / "out.json").read_bytes()
    assert json.loads(content.decode("utf-8")) == {"file": name}


def test_json_is_written_through_a_link_and_into_a_device(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "out.json")
    write_json(tmp_path / "link", [1])
    assert (tmp_path / "link").is_symlink()
    assert json.loads((tmp_path / "out.json").read_text()) == [1]
    write_json(tmp_path / "link", [2])
    assert json.loads((tmp_path / "out.json").read_text()) == [2]


def test_a_full_disk_is_reported_with_the_path_and_the_remedy(tmp_path):
    (tmp_path / "out.json").symlink_to("/dev/full")
    with pytest.raises(OutputFileError, match=r"out.json: cannot be written \(No space left"):
        write_json(tmp_path / "out.json", [1])


def test_a_place_that_can_be_written_to_is_left_as_it_was(tmp_path):
    check_writable(tmp_path / "a" / "b" / "model")
    check_writable(tmp_path / "a" / "run", folder=True)
    check_writable(tmp_path, folder=True)
    check_writable(Path(os.devnull))
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_refused(tmp_path):
    (tmp_path / "file").touch()
    for path, folder, why in (
        (tmp_path / "file", True, "file: is a file; name a folder"),
        (tmp_path, False, "is a folder; name a file"),
        (tmp_path / "file" / "model", False, "model: cannot be written"),
        (tmp_path / "file" / "a" / "run", True, "run: cannot be written"),
        (Path("/proc/nowhere/model"), False, "model: cannot be written"),
    ):
        with pytest.raises(OutputFileError, match=why):
            check_writable(path, folder=folder)


def test_a_disk_without_space_is_refused(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    check_writable(tmp_path / "run", folder=True, n_bytes=1_000_000)
    with pytest.raises(OutputFileError, match=r"1\.0 MB are free there, and about 2\.0 MB"):
        check_writable(tmp_path / "run", folder=True, n_bytes=2_000_000)
