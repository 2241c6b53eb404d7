"""Pipes, sockets and devices are known before they are opened."""

import os
import socket

import pytest

from edge_runtime.regular_file import check_regular, is_pipe, special_kind


def test_what_is_no_file_is_called_by_its_name(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        for name, kind in (("pipe", "a pipe"), ("socket", "a socket"), ("/dev/zero", "a device")):
            assert special_kind(tmp_path / name) == kind
            with pytest.raises(OSError, match=f"is {kind}: name a file that holds") as caught:
                check_regular(tmp_path / name)
            assert caught.value.filename == str(tmp_path / name)


def test_a_link_is_what_it_leads_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    assert special_kind(tmp_path / "link") == "a pipe"
    assert is_pipe(tmp_path / "link")


@pytest.mark.parametrize("name", ["file", "folder", "missing", "a\0b", os.devnull])
def test_what_cannot_hang_passes(tmp_path, name):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    check_regular(tmp_path / name)
    assert special_kind(tmp_path / name) is None
    assert not is_pipe(tmp_path / name)


def test_what_the_shell_opened_passes():
    reader, writer = os.pipe()
    for path in (f"/dev/fd/{reader}", f"/proc/self/fd/{reader}"):
        check_regular(path)
        assert is_pipe(path)
    os.close(reader)
    os.close(writer)
