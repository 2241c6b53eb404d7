"""``--log``."""

import errno
import json
import os
from pathlib import Path

import pytest

from edge_runtime.errors import OutputFileError
from edge_runtime.sinks import jsonl
from edge_runtime.sinks.jsonl import JsonlLog, RotatedFile

from .events import event


def lines(path):
    return path.read_text().splitlines()


def test_each_event_is_a_line_of_json(tmp_path, reported):
    path = tmp_path / "log.jsonl"
    log = JsonlLog(path, max_bytes=10**6, keep=1)
    events = [event("métal", time) for time in (3.0, 4.0, 5.0)]
    for one in events:
        log.show(one)
    log.close()
    assert lines(path) == [one.to_json() for one in events]
    assert reported.lines == []


def test_a_log_is_continued_after_a_restart(tmp_path, reported):
    path = tmp_path / "log.jsonl"
    for time in (3.0, 4.0):
        log = JsonlLog(path, max_bytes=10**6, keep=1)
        log.show(event(time=time))
        log.close()
    assert [json.loads(line)["end"] for line in lines(path)] == [3.0, 4.0]


FOREIGN = {
    "a recording": b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(200),
    "text": b"what I heard on Monday\n",
    "JSON": b'{\n  "name": "a document"\n}\n',
    "JSON in one line": b'{"type": "FeatureCollection", "features": []}',
    "a list": b"[1, 2]\n",
    "zeros": bytes(500),
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("name", ["log", "log.1", "log.3"])
def test_a_file_that_is_no_log_is_refused_and_stays_as_it_is(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(OutputFileError, match=rf"--log .*{name}: holds something else than JSON"):
        JsonlLog(tmp_path / "log", max_bytes=100, keep=3)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(name, content)]


def test_a_file_beside_the_log_that_rotation_does_not_reach_is_no_matter(tmp_path):
    (tmp_path / "log.4").write_bytes(b"mine")
    JsonlLog(tmp_path / "log", max_bytes=100, keep=3).close()


@pytest.mark.parametrize(
    "content",
    [
        b"", b'{"schema": 1, "time": 3.0}\n', b'{"schema": 1, "ti', b"{",
        b'{"of": "another"}\n{"ha',
        b'\xef\xbb\xbf{"schema": 1}\r\n',
    ],
)  # fmt: skip
def test_what_begins_as_json_lines_is_continued(tmp_path, content):
    path = tmp_path / "log"
    path.write_bytes(content)
    log = JsonlLog(path, max_bytes=10**6, keep=3)
    log.show(event(time=3.0))
    log.close()
    assert path.read_bytes().startswith(content)
    assert json.loads(lines(path)[-1])["end"] == 3.0


@pytest.mark.parametrize("name", ["log", "log.1"])
def test_a_file_that_comes_to_lie_there_later_is_not_touched_either(
    tmp_path, reported, monkeypatch, name
):
    monkeypatch.setattr("edge_runtime.retry.FIRST_DELAY_SECONDS", 0.01)
    log = JsonlLog(tmp_path / "log", max_bytes=1, keep=1)
    log.show(event(time=3.0))
    log.close()
    log = JsonlLog(tmp_path / "log", max_bytes=1, keep=1)
    (tmp_path / "new").write_bytes(b"RIFF")
    (tmp_path / "new").replace(tmp_path / name)
    log.show(event(time=4.0))
    assert f"{name}: holds something else than JSON lines" in reported.next()
    assert (tmp_path / name).read_bytes() == b"RIFF"
    (tmp_path / name).unlink()
    assert "works again" in reported.next()
    log.close()
    assert json.loads(lines(tmp_path / "log")[-1])["end"] == 4.0


def test_others_may_read_a_log_and_not_write_it(tmp_path):
    before = os.umask(0)
    try:
        RotatedFile(tmp_path / "log", 1000, 1).write_line(b"one")
    finally:
        os.umask(before)
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o644


def test_half_a_line_that_a_power_cut_left_does_not_spoil_the_next(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text('{"whole": 1}\n{"hal')
    file = RotatedFile(path, 1000, 1)
    file.write_line(b'{"new": 2}')
    assert lines(path) == ['{"whole": 1}', '{"hal', '{"new": 2}']


def test_a_log_is_rotated_by_size_and_the_oldest_is_dropped(tmp_path):
    path = tmp_path / "log"
    file = RotatedFile(path, 10, 2)
    for number in range(9):
        file.write_line(b"%04d" % number)  # two lines a file
    assert lines(path) == ["0008"]
    assert lines(tmp_path / "log.1") == ["0006", "0007"]
    assert lines(tmp_path / "log.2") == ["0004", "0005"]
    assert not (tmp_path / "log.3").exists()


def test_no_old_log_is_kept_where_none_is_wanted(tmp_path):
    path = tmp_path / "log"
    file = RotatedFile(path, 10, 0)
    for number in range(3):
        file.write_line(b"%04d" % number)
    assert [(p.name, lines(p)) for p in tmp_path.iterdir()] == [("log", ["0002"])]


def test_a_line_longer_than_a_file_may_be_is_still_written(tmp_path):
    file = RotatedFile(tmp_path / "log", 10, 1)
    for _ in range(2):
        file.write_line(b"x" * 50)
    assert lines(tmp_path / "log") == lines(tmp_path / "log.1") == ["x" * 50]


def test_a_log_that_another_program_rotated_is_opened_anew(tmp_path):
    path = tmp_path / "log"
    file = RotatedFile(path, 1000, 1)
    file.write_line(b"one")
    path.rename(tmp_path / "log.old")
    file.write_line(b"two")
    path.unlink()
    file.write_line(b"three")
    assert lines(tmp_path / "log.old") == ["one"]
    assert lines(path) == ["three"]


def test_a_full_disk_is_reported_once_and_the_log_goes_on_when_there_is_space(
    tmp_path, reported, monkeypatch
):
    monkeypatch.setattr("edge_runtime.retry.FIRST_DELAY_SECONDS", 0.01)
    path = tmp_path / "log"
    path.symlink_to("/dev/full")
    log = JsonlLog(path, max_bytes=1000, keep=1)
    log.show(event(time=3.0))
    log.show(event(time=4.0))
    line = reported.next()
    assert str(path) in line
    assert "No space left on device" in line
    path.unlink()
    assert "works again" in reported.next()
    log.close()
    assert [json.loads(line)["end"] for line in lines(path)] == [3.0, 4.0]
    assert len(reported.lines) == 2


def test_a_program_that_embeds_a_sink_may_route_what_it_logs(tmp_path, caplog):
    path = tmp_path / "log"
    path.symlink_to("/dev/full")
    log = JsonlLog(path, max_bytes=1000, keep=1)
    log.show(event())
    log.close()
    assert {(r.name, r.levelname) for r in caplog.records} == {
        ("edge_runtime.sinks.jsonl", "WARNING")
    }
    assert "No space left on device" in caplog.messages[0]


@pytest.mark.parametrize("name", ["missing/log", "."])
def test_a_file_that_can_never_be_written_is_refused_at_the_start(tmp_path, reported, name):
    with pytest.raises(OutputFileError, match="--log"):
        JsonlLog(tmp_path / name, max_bytes=1000, keep=1)


@pytest.mark.parametrize("name", [".", "/"])
def test_a_folder_without_a_name_is_refused_as_any_other(name):
    with pytest.raises(OutputFileError, match=f"--log {name}: is a folder; name a file"):
        JsonlLog(Path(name), max_bytes=1000, keep=1)


@pytest.mark.parametrize(
    ("code", "passes"), [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EACCES, False)]
)
def test_a_disk_or_a_quota_that_is_full_is_no_reason_to_refuse_the_file(
    tmp_path, monkeypatch, reported, code, passes
):
    opened = RotatedFile.open
    faults = iter([OSError(code, os.strerror(code))])

    def full_at_first(self):
        for fault in faults:
            raise fault
        return opened(self)

    monkeypatch.setattr(RotatedFile, "open", full_at_first)
    path = tmp_path / "log"
    if not passes:
        with pytest.raises(OutputFileError, match="Permission denied; name a file that can be"):
            JsonlLog(path, max_bytes=1000, keep=1)
        return
    log = JsonlLog(path, max_bytes=1000, keep=1)
    log.show(event(time=3.0))
    log.close()
    assert [json.loads(line)["end"] for line in lines(path)] == [3.0]


def test_a_line_for_which_there_was_half_the_room_is_taken_back(tmp_path, monkeypatch):
    path = tmp_path / "log"
    file = RotatedFile(path, 1000, 1)
    file.write_line(b"one")
    written = os.write
    monkeypatch.setattr(jsonl.os, "write", lambda descriptor, data: written(descriptor, data[:2]))
    with pytest.raises(OSError, match="No space left on device"):
        file.write_line(b"two")
    assert path.read_bytes() == b"one\n"
    monkeypatch.undo()
    file.write_line(b"two")
    assert lines(path) == ["one", "two"]
