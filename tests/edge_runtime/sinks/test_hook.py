"""``--on-change``."""

import json
import os
import time
from pathlib import Path

from edge_runtime.sinks import background
from edge_runtime.sinks.hook import Hook

from .events import PATIENCE_S, event


def wait_for(path):
    """Until the command has written this file."""
    deadline = time.monotonic() + PATIENCE_S
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_command_gets_each_change_and_of_nothing_else(tmp_path, reported):
    out = tmp_path / "out"
    hook = Hook(f"cat >> {out}; echo $EDGE_GENRE_LABEL $EDGE_GENRE_CONFIDENCE >> {out}.env",
                timeout_s=60)  # fmt: skip
    for number, label in enumerate(["jazz", "jazz", "silence", "silence", "métal"]):
        shown = event(label, float(number))
        hook.show(shown)
        if number in (0, 2):  # the next one would wait, and give way to a newer one
            wait_for(tmp_path / "out.env")
            lines = 1 + number // 2
            while (tmp_path / "out.env").read_text().count("\n") < lines:
                time.sleep(0.01)
    hook.close()
    assert [json.loads(line)["label"] for line in out.read_text().splitlines()] == [
        "jazz", "silence", "métal",
    ]  # fmt: skip
    assert (tmp_path / "out.env").read_text() == "jazz 0.7500\nsilence 0.0000\nmétal 0.7500\n"
    assert reported.lines == []


def test_a_command_gets_style_and_mood_and_none_of_an_earlier_program(
    tmp_path, reported, monkeypatch
):
    monkeypatch.setenv("EDGE_GENRE_STYLE", "of somebody else")
    out = tmp_path / "out"
    hook = Hook(f'echo "$EDGE_GENRE_STYLE|$EDGE_GENRE_MOOD" >> {out}', timeout_s=60)
    hook.show(event("other", style="electronic > techno", mood="mellow"))
    wait_for(out)
    hook.show(event("silence"))
    hook.close()
    assert out.read_text() == "electronic > techno|mellow\n|\n"
    assert reported.lines == []


def test_two_never_run_at_once_and_the_newest_change_waits(tmp_path, reported):
    out, gate = tmp_path / "out", tmp_path / "gate"
    hook = Hook(
        f"echo begin $EDGE_GENRE_LABEL >> {out}; while [ ! -e {gate} ]; do sleep 0.02; done; "
        f"echo end $EDGE_GENRE_LABEL >> {out}",
        timeout_s=60,
    )  # fmt: skip
    hook.show(event("jazz"))
    wait_for(out)
    for label in ("blues", "rock", "disco"):
        hook.show(event(label))
    gate.touch()
    hook.close()
    assert out.read_text().splitlines() == ["begin jazz", "end jazz", "begin disco", "end disco"]
    assert reported.lines[-1].endswith(": 2 changes were lost")


def test_a_command_that_hangs_is_killed_with_its_children(tmp_path, reported):
    pids = tmp_path / "pids"
    hook = Hook(f"sleep 1000 & echo $$ $! > {pids}; wait", timeout_s=0.5)
    hook.show(event())
    line = reported.next()
    assert "took longer than 0.5 s and was killed" in line
    for pid in map(int, pids.read_text().split()):
        deadline = time.monotonic() + PATIENCE_S
        while not _ended(pid):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    hook.close()


def _ended(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # Nobody may be there to reap an orphan.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_command_that_fails_is_reported_once_a_streak(tmp_path, reported):
    hook = Hook('[ "$EDGE_GENRE_LABEL" = jazz ]', timeout_s=60)
    hook.show(event("rock"))
    assert reported.next().endswith("ended with exit code 1; not reported again until it works")
    hook.show(event("disco"))
    hook.show(event("blues"))
    hook.show(event("jazz"))
    assert "works again" in reported.next()
    hook.show(event("rock"))
    assert "exit code 1" in reported.next()
    hook.close()


def test_a_command_that_does_not_exist_is_reported(reported):
    hook = Hook("no-such-command-anywhere 2>/dev/null", timeout_s=60)
    hook.show(event())
    assert "exit code 127" in reported.next()
    hook.close()


def test_a_command_that_never_reads_its_input_is_no_fault(tmp_path, reported):
    hook = Hook(f"exec <&-; touch {tmp_path / 'done'}", timeout_s=60)
    hook.show(event(posterior={f"genre {n}": 0.0 for n in range(20_000)}))  # more than a pipe holds
    wait_for(tmp_path / "done")
    hook.close()
    assert reported.lines == []


def test_close_waits_a_short_time_for_the_command_then_kills_it(tmp_path, reported, monkeypatch):
    monkeypatch.setattr(background, "CLOSE_SECONDS", 0.1)
    pid = tmp_path / "pid"
    hook = Hook(f"echo $$ > {pid}.new; mv {pid}.new {pid}; sleep 1000", timeout_s=600)
    hook.show(event())
    wait_for(pid)
    hook.close()
    deadline = time.monotonic() + PATIENCE_S
    while not _ended(int(pid.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_the_command_prints_does_not_go_to_stdout(capfd, reported):
    hook = Hook("echo loud", timeout_s=60)
    hook.show(event())
    hook.close()
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "loud\n")
