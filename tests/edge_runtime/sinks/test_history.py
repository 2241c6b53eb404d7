"""``--history`` and ``edge-genre history``."""

import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_runtime.cli.history import parse_since
from edge_runtime.errors import OutputFileError, ParameterError
from edge_runtime.sinks.history import History, Stretches
from edge_runtime.sinks.history_database import HistoryFile, Stretch, Total, read_totals
from tests.command import refused, succeed

from .events import PATIENCE_S, event

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()


def at(seconds, label="jazz", *, wall=None, **values):
    """An event `seconds` after noon, by every clock."""
    utc = datetime.fromtimestamp(NOON + (seconds if wall is None else wall), UTC).isoformat()
    return event(label, seconds, **{"utc": utc, **values})


def rows(path):
    connection = sqlite3.connect(path)
    try:
        return connection.execute(
            "SELECT source, label, began, ended, seconds, confidence FROM stretches ORDER BY id"
        ).fetchall()
    finally:
        connection.close()


def saved(stretches, events):
    """What would be in the database: the last state of each stretch."""
    written = {}
    for one in events:
        for stretch in stretches.add(one):
            written[stretch.number] = stretch
    written[stretches.current.number] = stretches.current
    return [
        (s.label, s.began - NOON, s.ended - NOON, s.seconds, s.confidence) for s in written.values()
    ]


def test_events_of_one_label_become_one_stretch():
    events = [
        at(3.0, confidence=0.6), at(4.0, confidence=1.0, new_s=1.0), at(5.0, "rock", new_s=1.0),
        at(9.0, "jazz", new_s=3.0),
    ]  # fmt: skip
    assert saved(Stretches(), events) == [
        ("jazz", 0.0, 4.0, 4.0, pytest.approx(0.7)),
        ("rock", 4.0, 5.0, 1.0, 0.75),
        ("jazz", 6.0, 9.0, 3.0, 0.75),  # what sounded before its window is unknown
    ]


def test_a_stretch_that_goes_on_is_saved_every_ten_seconds():
    stretches = Stretches()
    due = [bool(stretches.add(at(3.0 + n / 2, new_s=0.5))) for n in range(60)]
    assert [n / 2 for n, is_due in enumerate(due) if is_due] == [0.0, 10.0, 20.0]


def test_a_gap_in_the_sound_ends_a_stretch():
    events = [at(3.0), at(4.0, new_s=1.0), at(3604.0, new_s=1.0)]
    assert saved(Stretches(), events) == [
        ("jazz", 0.0, 4.0, 4.0, 0.75),
        ("jazz", 3603.0, 3604.0, 1.0, 0.75),
    ]


def test_windows_that_are_far_apart_leave_no_gap_where_all_between_is_their_sound():
    events = [at(60.0, new_s=60.0), at(120.0, new_s=60.0)]
    assert saved(Stretches(), events) == [("jazz", 0.0, 120.0, 120.0, 0.75)]


def test_a_clock_that_is_set_ends_a_stretch():
    """A Pi has no clock of its own: it learns the time minutes after it began to listen."""
    events = [
        at(3.0, wall=-86400.0), at(4.0, wall=-86399.0, new_s=1.0), at(5.0, new_s=1.0),
        at(6.0, new_s=1.0),
    ]  # fmt: skip
    assert saved(Stretches(), events) == [
        ("jazz", -86403.0, -86399.0, 4.0, 0.75),
        ("jazz", 4.0, 6.0, 2.0, 0.75),
    ]


def test_a_stream_that_begins_anew_counts_from_its_beginning():
    events = [at(3.0), at(4.0, new_s=1.0), at(8.0, new_s=3.0), at(9.0, new_s=1.0)]
    assert saved(Stretches(), events) == [("jazz", 0.0, 9.0, 8.0, 0.75)]


def test_a_history_is_written_and_summed_up(tmp_path, reported):
    path = tmp_path / "genre.db"
    history = History(path, source="mic")
    for seconds in range(3, 63):
        history.show(
            at(seconds, "jazz" if seconds <= 42 else "rock", new_s=3.0 if seconds == 3 else 1.0)
        )
    history.close()
    assert rows(path) == [
        ("mic", "jazz", NOON, NOON + 42.0, 42.0, 0.75),
        ("mic", "rock", NOON + 42.0, NOON + 62.0, 20.0, 0.75),
    ]
    assert read_totals(path, 0.0) == [Total("jazz", 42.0), Total("rock", 20.0)]
    assert read_totals(path, NOON + 21.0) == [Total("jazz", 21.0), Total("rock", 20.0)]
    assert read_totals(path, NOON + 99.0) == []
    assert reported.lines == []


def kinds(stretches, events):
    """Style, mood, begin, end and confidence of what would be in the database."""
    written = {}
    for one in events:
        for stretch in stretches.add(one):
            written[stretch.number] = stretch
    written[stretches.current.number] = stretches.current
    assert sum(s.seconds for s in written.values()) == sum(one.new_s for one in events)
    return [
        (s.style, s.mood, s.began - NOON, s.ended - NOON, round(s.confidence, 6))
        for s in written.values()
    ]


def named(begin, end, style, mood="mellow", **values):
    """Events of a second each."""
    return [
        at(float(n), "other", new_s=1.0, style=style, mood=mood, **values)
        for n in range(begin + 1, end + 1)
    ]


def test_another_style_that_stays_begins_a_stretch_from_when_it_came():
    events = [
        *named(0, 60, "electronic > techno", confidence=0.9),
        *named(60, 90, "latin > salsa", confidence=0.5),
    ]
    techno = ("electronic > techno", "mellow", 0.0, 60.0, 0.9)
    assert kinds(Stretches(), events) == [techno, ("latin > salsa", "mellow", 60.0, 90.0, 0.5)]
    almost = Stretches()
    (one,) = kinds(almost, events[:-1])
    assert one[:4] == ("electronic > techno", "mellow", 0.0, 89.0)


def test_another_mood_that_stays_begins_a_stretch_and_none_is_one():
    events = [*named(0, 60, None, "mellow"), *named(60, 100, None, None)]
    assert [kind[:4] for kind in kinds(Stretches(), events)] == [
        (None, "mellow", 0.0, 60.0), (None, None, 60.0, 100.0),
    ]  # fmt: skip


def test_a_style_that_comes_back_within_half_a_minute_was_never_away():
    events = [
        *named(0, 40, "latin > salsa"), *named(40, 69, "rock"), *named(69, 70, "latin > salsa"),
        *named(70, 99, "rock"), *named(99, 120, "latin > salsa"),
    ]  # fmt: skip
    assert [kind[:4] for kind in kinds(Stretches(), events)] == [
        ("latin > salsa", "mellow", 0.0, 120.0)
    ]


def test_another_label_begins_a_stretch_whatever_its_style_was_about_to_become():
    events = [
        *named(0, 1, "latin > salsa"), *named(1, 20, "rock"), at(23.0, new_s=3.0),
        *(at(float(n), new_s=1.0, style="bebop") for n in range(24, 53)),
    ]  # fmt: skip
    assert [kind[:4] for kind in kinds(Stretches(), events)] == [
        ("latin > salsa", "mellow", 0.0, 20.0), (None, None, 20.0, 52.0),
    ]  # fmt: skip


def test_a_history_keeps_style_and_mood_and_sums_them_up(tmp_path, reported):
    path = tmp_path / "genre.db"
    history = History(path, source="mic")
    for one in (
        *named(0, 60, "électro", "mellow"), *named(60, 100, "électro", None),
        at(101.0, "not music", new_s=1.0), at(104.0, "jazz", new_s=3.0, style="bebop"),
    ):  # fmt: skip
        history.show(one)
    history.close()
    assert read_totals(path, 0.0) == [
        Total("other", 100.0), Total("jazz", 3.0), Total("not music", 1.0),
    ]  # fmt: skip
    assert read_totals(path, 0.0, "style") == [
        Total("électro", 100.0), Total("bebop", 3.0), Total(None, 1.0),
    ]  # fmt: skip
    assert read_totals(path, 0.0, "mood") == [Total("mellow", 60.0), Total(None, 44.0)]
    assert reported.lines == []


def old_history(path):
    """As edge-genre 0.1 wrote it."""
    connection = sqlite3.connect(path)
    connection.executescript(
        """
        PRAGMA journal_mode = WAL;
        CREATE TABLE stretches (
            id INTEGER PRIMARY KEY, source TEXT NOT NULL, label TEXT NOT NULL,
            began REAL NOT NULL, ended REAL NOT NULL, seconds REAL NOT NULL,
            confidence REAL NOT NULL
        );
        CREATE INDEX stretches_ended ON stretches (ended);
        PRAGMA application_id = 1164199781;
        PRAGMA user_version = 1;
        INSERT INTO stretches VALUES (1, 'mic', 'jazz', 0.0, 60.0, 60.0, 0.5);
        """
    )
    connection.close()


def test_a_history_of_an_older_version_can_be_read_and_is_left_as_it_is(tmp_path):
    path = tmp_path / "genre.db"
    old_history(path)
    before = path.read_bytes()
    assert read_totals(path, -1.0) == [Total("jazz", 60.0)]
    assert read_totals(path, -1.0, "style") == [Total(None, 60.0)]
    assert path.read_bytes() == before


def test_a_history_of_an_older_version_gets_its_new_columns_and_keeps_its_rows(tmp_path):
    path, fresh = tmp_path / "genre.db", tmp_path / "fresh.db"
    old_history(path)
    for number in (1, 2):  # the second time there is nothing to be done
        file = HistoryFile(path, "mic")
        file.save(Stretch(1, "other", 60.0, 90.0, 30.0, 0.5, "techno", "mellow"))
        file.close()
        assert read_totals(path, -1.0) == [Total("jazz", 60.0), Total("other", 30.0 * number)]
    assert read_totals(path, -1.0, "style") == [Total(None, 60.0), Total("techno", 60.0)]
    HistoryFile(fresh, "mic").close()

    def columns(of):
        connection = sqlite3.connect(of)
        try:
            return connection.execute(
                "SELECT name, type, \"notnull\" FROM pragma_table_info('stretches')"
            ).fetchall()
        finally:
            connection.close()

    assert columns(path) == columns(fresh)


def test_a_history_that_cannot_be_changed_for_now_gets_its_columns_later(
    tmp_path, reported, monkeypatch
):
    monkeypatch.setattr("edge_runtime.retry.FIRST_DELAY_SECONDS", 0.01)
    monkeypatch.setattr("edge_runtime.sinks.history_database._BUSY_SECONDS", 0.01)
    path = tmp_path / "genre.db"
    old_history(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    history = History(path, source="mic")
    history.show(at(3.0, style="techno"))
    assert "database is locked" in reported.next()
    other.execute("COMMIT")
    other.close()
    assert "works again" in reported.next()
    history.close()
    assert read_totals(path, 1.0, "style") == [Total(None, 59.0), Total("techno", 3.0)]


def test_a_second_run_adds_to_the_first(tmp_path, reported):
    path = tmp_path / "genre.db"
    for begin in (0.0, 100.0):
        history = History(path, source="mic")
        history.show(at(begin + 3.0))
        history.close()
    assert [row[2:4] for row in rows(path)] == [(NOON, NOON + 3.0), (NOON + 100.0, NOON + 103.0)]


def test_several_processes_may_write_one_history(tmp_path):
    path = tmp_path / "genre.db"
    code = (
        "import sys; from pathlib import Path\n"
        "from edge_runtime.sinks.history_database import HistoryFile, Stretch\n"
        "name = sys.argv[2]; file = HistoryFile(Path(sys.argv[1]), name)\n"
        "for n in range(1, 41):\n"
        "    for seconds in (1.0, 2.0):\n"
        "        file.save(Stretch(n, name, 0.0, seconds, seconds, 0.5))\n"
        "file.close()"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in ("jazz", "rock")
    ]
    assert [writer.wait(PATIENCE_S) for writer in writers] == [0, 0]
    assert read_totals(path, -1.0) == [Total("jazz", 80.0), Total("rock", 80.0)]


def test_what_was_saved_survives_a_process_that_is_killed(tmp_path):
    path = tmp_path / "genre.db"
    code = (
        "import sys, time; from pathlib import Path\n"
        "from edge_runtime.sinks.history_database import HistoryFile, Stretch\n"
        "file = HistoryFile(Path(sys.argv[1]), 'mic')\n"
        "file.save(Stretch(1, 'jazz', 0.0, 5.0, 5.0, 0.5)); print('saved', flush=True)\n"
        "time.sleep(1000)"
    )
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "saved\n"
        process.send_signal(signal.SIGKILL)
    file = HistoryFile(path, "mic")
    file.save(Stretch(1, "rock", 5.0, 6.0, 1.0, 0.5))
    file.close()
    assert read_totals(path, -1.0) == [Total("jazz", 5.0), Total("rock", 1.0)]


def test_a_history_that_is_locked_for_long_waits_and_loses_nothing(tmp_path, reported, monkeypatch):
    monkeypatch.setattr("edge_runtime.retry.FIRST_DELAY_SECONDS", 0.01)
    monkeypatch.setattr("edge_runtime.sinks.history_database._BUSY_SECONDS", 0.01)
    path = tmp_path / "genre.db"
    history = History(path, source="mic")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    events = [at(3.0), at(4.0, new_s=1.0), at(14.0, new_s=3.0)]
    shown = threading.Thread(target=lambda: [history.show(one) for one in events])
    shown.start()
    shown.join(PATIENCE_S)
    assert not shown.is_alive()
    assert "database is locked" in reported.next()
    other.execute("COMMIT")
    other.close()
    assert "works again" in reported.next()
    history.close()
    assert [row[4] for row in rows(path)] == [7.0]


def test_a_history_that_cannot_be_written_for_now_is_opened_later(tmp_path, reported, monkeypatch):
    monkeypatch.setattr("edge_runtime.retry.FIRST_DELAY_SECONDS", 0.01)
    monkeypatch.setattr("edge_runtime.sinks.history_database._BUSY_SECONDS", 0.01)
    path = tmp_path / "genre.db"
    HistoryFile(path, "mic").close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    history = History(path, source="mic")
    history.show(at(3.0))
    assert "database is locked" in reported.next()
    other.execute("COMMIT")
    other.close()
    assert "works again" in reported.next()
    history.close()
    assert [row[4] for row in rows(path)] == [3.0]


def test_who_reads_a_history_does_not_hold_up_who_writes_it(tmp_path, monkeypatch):
    monkeypatch.setattr("edge_runtime.sinks.history_database._BUSY_SECONDS", 0.01)
    path = tmp_path / "genre.db"
    file = HistoryFile(path, "mic")
    file.save(Stretch(1, "jazz", 0.0, 5.0, 5.0, 0.5))
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT seconds FROM stretches").fetchall() == [(5.0,)]
    file.save(Stretch(1, "jazz", 0.0, 6.0, 6.0, 0.5))
    assert reader.execute("SELECT seconds FROM stretches").fetchall() == [(5.0,)]
    reader.close()
    file.close()
    assert [row[4] for row in rows(path)] == [6.0]


@pytest.mark.parametrize(
    ("code", "passes"),
    [
        (sqlite3.SQLITE_BUSY, True), (sqlite3.SQLITE_LOCKED, True), (sqlite3.SQLITE_FULL, True),
        (sqlite3.SQLITE_IOERR_WRITE, True), (sqlite3.SQLITE_CANTOPEN, False),
        (sqlite3.SQLITE_NOTADB, False),
    ],
)  # fmt: skip
def test_a_fault_that_may_pass_is_no_reason_to_refuse_the_file(tmp_path, monkeypatch, code, passes):
    error = sqlite3.OperationalError("fault")
    error.sqlite_errorcode = code

    def connect(*_, **__):
        raise error

    monkeypatch.setattr("edge_runtime.sinks.history_database.sqlite3.connect", connect)
    if passes:
        HistoryFile(tmp_path / "genre.db", "mic").close()
    else:
        with pytest.raises(OutputFileError, match="fault"):
            HistoryFile(tmp_path / "genre.db", "mic")


def test_a_history_that_was_deleted_is_begun_anew(tmp_path):
    path = tmp_path / "genre.db"
    file = HistoryFile(path, "mic")
    file.save(Stretch(1, "jazz", 0.0, 5.0, 5.0, 0.5))
    path.unlink()
    file.save(Stretch(1, "jazz", 0.0, 6.0, 6.0, 0.5))
    file.close()
    assert [row[4] for row in rows(path)] == [6.0]


def foreign(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE contacts (name)")
    connection.commit()
    connection.close()


def newer(path):
    HistoryFile(path, "mic").close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.write_text("dear diary " * 100), "is not a SQLite database"),
        (foreign, "is the database of another program"),
        (newer, "written by a newer edge-genre"),
        (lambda path: path.mkdir(), "is a folder"),
    ],
)
def test_a_file_that_is_something_else_is_refused_and_left_as_it_is(tmp_path, make, message):
    path = tmp_path / "genre.db"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    for use in (lambda: HistoryFile(path, "mic"), lambda: read_totals(path, 0.0)):
        with pytest.raises(OutputFileError, match=message):
            use()
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_history_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(OutputFileError, match=r"there is no folder .*missing"):
        HistoryFile(tmp_path / "missing" / "genre.db", "mic")
    with pytest.raises(OutputFileError, match=r"/proc/genre.db: unable to open"):
        HistoryFile(Path("/proc/genre.db"), "mic")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90m", NOON - 5400),
        ("2h", NOON - 7200),
        ("1.5d", NOON - 129600),
        ("1w", NOON - 604800),
        ("2026-11-20T18:00Z", datetime(2026, 11, 20, 18, tzinfo=UTC).timestamp()),
        ("2026-11-20", datetime(2026, 11, 20).astimezone().timestamp()),
    ],
)
def test_a_time_is_given_in_usual_words(text, expected):
    assert parse_since(text, NOON) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2", "-1d", "1y", "2026-13-01", "9999h9"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ParameterError, match="is no time"):
        parse_since(text, NOON)


@pytest.fixture
def lately(tmp_path):
    """A history of an hour of jazz that ended now, and twenty minutes of rock a week ago."""
    path, now = tmp_path / "genre.db", time.time()
    file = HistoryFile(path, "mic")
    file.save(Stretch(1, "rock", now - 604800.0, now - 603600.0, 1200.0, 0.5))
    file.save(Stretch(2, "jazz", now - 3600.0, now, 3600.0, 0.5))
    file.close()
    return path


def test_the_command_shows_minutes_bars_and_shares(lately):
    out = succeed("history", "--db", lately).stdout.splitlines()
    assert out == [
        f"{lately}: 80.0 min of sound",
        "jazz       60.0 min  ██████████████████······  75%",
        "rock       20.0 min  ██████··················  25%",
    ]


def test_the_command_shows_what_was_heard_lately_as_json(lately):
    shown = json.loads(succeed("history", "--db", lately, "--since", "1d", "--json").stdout)
    assert shown["minutes"] == 60.0
    assert shown["genres"] == [{"label": "jazz", "minutes": 60.0, "share": 1.0}]
    assert datetime.fromisoformat(shown["since"]).tzinfo is not None


def test_the_command_shows_styles_and_moods_and_what_had_none(tmp_path):
    path = tmp_path / "genre.db"
    file = HistoryFile(path, "mic")
    file.save(Stretch(1, "other", NOON, NOON + 3600.0, 3600.0, 0.5, "techno"))
    file.save(Stretch(2, "silence", NOON + 3600.0, NOON + 4800.0, 1200.0, 0.0))
    file.close()
    assert succeed("history", "--db", path).stdout.splitlines()[1:] == [
        "other         60.0 min  ██████████████████······  75%",
        "silence       20.0 min  ██████··················  25%",
    ]
    assert succeed("history", "--db", path, "--by", "style").stdout.splitlines() == [
        f"{path}: 80.0 min of sound",
        "techno             60.0 min  ██████████████████······  75%",
        "(none named)       20.0 min  ██████··················  25%",
    ]
    shown = json.loads(succeed("history", "--db", path, "--by", "mood", "--json").stdout)
    assert shown["moods"] == [{"label": None, "minutes": 80.0, "share": 1.0}]
    assert "invalid choice: 'artist'" in refused("history", "--by", "artist", code=2)


def test_the_command_reports_an_empty_history(tmp_path):
    path = tmp_path / "genre.db"
    HistoryFile(path, "mic").close()
    assert succeed("history", "--db", path).stdout == f"{path}: nothing was recorded\n"


def test_the_command_refuses_what_is_no_history(tmp_path):
    assert "no such file" in refused("history", "--db", tmp_path / "none.db", code=3)
    assert not list(tmp_path.iterdir())
    assert "is no time" in refused("history", "--since", "soon", code=2)
    assert "is before the first year" in refused("history", "--since", "9999999w", code=2)


def test_a_file_that_is_named_like_an_address_of_sqlite_is_that_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = Path("file:genre.db")
    HistoryFile(path, "mic").save(Stretch(1, "jazz", NOON, NOON + 3.0, 3.0, 0.9))
    assert "file:genre.db" in [found.name for found in tmp_path.iterdir()]
    assert read_totals(path, 0.0) == [Total("jazz", 3.0)]
