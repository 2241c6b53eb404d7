"""A file that is written whole or not at all."""

import os
from pathlib import Path

import pytest

from edge_runtime.atomic_write import write_atomically
from edge_runtime.errors import ModelFileError


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


def test_what_a_pipe_behind_a_descriptor_gets_is_written_into_it():
    reader, writer = os.pipe()
    try:
        # As /dev/stdout, where the output is a pipe.
        write_atomically(Path(f"/proc/self/fd/{writer}"), b"whole")
        assert os.read(reader, 100) == b"whole"
    finally:
        os.close(reader)
        os.close(writer)
