"""How far work is: lines now and then, a bar on a terminal, or nothing."""

import io

import pytest

from edge_runtime import progress
from edge_runtime.progress import progress_of


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when a test says so."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_lines_come_every_ten_seconds_and_at_the_end(clock, capsys):
    with progress_of("label", 40) as shown:
        for done in range(1, 41):
            clock[0] += 1.0
            shown.advance(done, f"{done - 1} failed")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "label: 10 of 40, 9 failed, 0:30 to go"
    assert len(lines) == 5
    assert lines[-1] == "label: 40 in 40.0 s, 39 failed"


def test_quiet_shows_nothing(capsys):
    with progress_of("label", 2, quiet=True) as shown:
        shown.advance(1)
    assert capsys.readouterr().err == ""


class Terminal(io.StringIO):
    """A stderr that is one."""

    def isatty(self):
        """It is."""
        return True


def test_a_terminal_has_a_bar_and_a_dumb_one_lines(monkeypatch):
    for term, is_bar in (("xterm", True), ("dumb", False)):
        terminal = Terminal()
        monkeypatch.setenv("TERM", term)
        monkeypatch.setattr("sys.stderr", terminal)
        with progress_of("label", 3) as shown:
            shown.advance(3, "[red]2 files/s")
        assert ("3/3" in terminal.getvalue()) == is_bar
        assert "[red]2 files/s" in terminal.getvalue()
