"""A file that is written whole or not at all."""

import os
import shutil
from pathlib import Path

import pytest

from edge_runtime.atomic_write import check_writable, write_atomically
from edge_runtime.errors import ModelFileError, OutputFileError


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_file_has_the_mode_that_the_users_umask_gives_it(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_atomically(tmp_path / "model", b"whole")
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert (tmp_path / "model").stat().st_mode & 0o777 == mode


def test_folders_are_made_and_nothing_but_the_file_is_left(tmp_path):
    path = tmp_path / "a" / "b" / "model"
    write_atomically(path, b"one")
    write_atomically(path, b"another")
    assert path.read_bytes() == b"another"
    assert list(path.parent.iterdir()) == [path]


def test_where_it_cannot_be_written_the_old_file_stays_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "model"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ModelFileError, match=r"model: cannot be written \(No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


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
