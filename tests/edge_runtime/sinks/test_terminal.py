"""How events look."""

import dataclasses
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from edge_runtime import Classifier
from edge_runtime.sinks.terminal import Tally, bar, choose_display, clock
from edge_runtime.sinks.terminal.colours import colour_of
from edge_runtime.sinks.terminal.lines import Changes, JsonLines, PlainLines
from edge_runtime.sinks.terminal.panel import LivePanel
from edge_runtime.stream.event import Event
from edge_runtime.stream.session import Session

from .sessions import tagged_session

LABELS = ("blues", "classical", "jazz")
MANIFEST = Classifier("seed-cnn").manifest


def session(source, model="tiny", seconds=None):
    output = dataclasses.replace(MANIFEST.output, shape=(1, len(LABELS)))
    manifest = dataclasses.replace(MANIFEST, name=model, labels=LABELS, output=output)
    return Session(source=source, manifest=manifest, interval_s=0.7, seconds=seconds)


HEADING = session("song.ogg", seconds=65.0)


def event(end=3.0, label="jazz", **values):
    fields = {
        "time": 1.5,
        "start": max(0.0, end - 3.0),
        "end": end,
        "new_s": min(3.0, end),
        "label": label,
        "confidence": 0.0 if label == "silence" else 0.75,
        "posterior": {"blues": 0.2, "classical": 0.05, "jazz": 0.75},
        "raw_posterior": {"blues": 0.25, "classical": 0.25, "jazz": 0.5},
        "level_dbfs": -20.0,
        "front_end_ms": 2.0,
        "inference_ms": 1.0,
        "utc": "2026-11-23T11:38:05.042Z",
    }
    return Event(**{**fields, **values})


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.0, "··········"),
        (1.0, "██████████"),
        (0.5, "█████·····"),
        (0.0125, "▏·········"),
        (0.9875, "█████████▉"),
        (-1.0, "··········"),
        (2.0, "██████████"),
    ],
)
def test_a_bar_fills_in_steps_of_an_eighth(share, expected):
    assert bar(share) == expected


@given(st.floats(-2.0, 2.0), st.integers(1, 100))
def test_a_bar_always_has_its_width(share, width):
    assert len(bar(share, width)) == width


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, "0:00"),
        (7.9, "0:07"),
        (59.99, "0:59"),
        (60.0, "1:00"),
        (3599.0, "59:59"),
        (3723.0, "1:02:03"),
        (90_000.0, "25:00:00"),
    ],
)
def test_the_clock_is_written_as_on_a_clock(seconds, expected):
    assert clock(seconds) == expected


def test_the_tally_counts_the_sound_that_is_new():
    tally = Tally()
    assert tally.seconds == 0.0
    for label, new_s in (("jazz", 3.0), ("blues", 1.0), ("blues", 1.0), ("silence", 62.0)):
        tally.add(event(label=label, new_s=new_s))
    assert str(tally) == "heard 1:07: silence 1:02, jazz 0:03, blues 0:02"
    assert tally.seconds == 67.0


def test_plain_lines_show_time_label_confidence_and_runners_up():
    file = io.StringIO()
    lines = PlainLines(file, HEADING)
    lines.show(event(3.0))
    lines.show(event(63.0, "silence", new_s=60.0))
    lines.show(event(3700.0, "unknown", confidence=0.4, new_s=3637.0))
    lines.close()
    assert file.getvalue().splitlines() == [
        "listening to song.ogg (1:05) with tiny; Ctrl-C ends",
        "   0:03  jazz       ███████▌··  75%   blues 20%  classical 5%",
        "   1:03  silence",
        "1:01:40  unknown    ████······  40% jazz, blues 20%  classical 5%",
        "heard 1:01:40: unknown 1:00:37, silence 1:00, jazz 0:03",
    ]


OTHER = {
    "label": "other",
    "style": "electronic > techno",
    "mood": "mellow",
    "posterior": {"other": 0.75, "jazz": 0.2, "blues": 0.04, "not music": 0.01},
}
NOT_MUSIC = {
    "label": "not music",
    "confidence": 0.9,
    "posterior": {"other": 0.05, "jazz": 0.03, "blues": 0.02, "not music": 0.9},
}


def test_plain_lines_show_style_and_mood_and_what_is_no_genre_by_its_name():
    file = io.StringIO()
    lines = PlainLines(file, tagged_session())
    lines.show(event(3.0, **OTHER))
    lines.show(event(4.0, **NOT_MUSIC, new_s=1.0))
    lines.show(event(5.0, **{**OTHER, "style": None}, new_s=1.0))
    lines.close()
    assert file.getvalue().splitlines()[1:] == [
        "   0:03  other      ███████▌··  75%   jazz 20%  blues 4%; electronic > techno, mellow",
        "   0:04  not music  █████████·  90%   other 5%  jazz 3%",
        "   0:05  other      ███████▌··  75%   jazz 20%  blues 4%; mellow",
        "heard 0:05: other 0:04, not music 0:01",
    ]


TAGS = {"electronic": 0.8, "dance": 0.61, "sad": 0.1}


def test_plain_lines_show_as_many_tags_as_are_wanted():
    file = io.StringIO()
    lines = PlainLines(file, tagged_session(), 2)
    lines.show(event(3.0, **OTHER, tags=TAGS))
    lines.show(event(4.0, "silence", tags={}))
    shown_lines = file.getvalue().splitlines()[1:]
    assert shown_lines[0].endswith("; electronic > techno, mellow; electronic 80%, dance 61%")
    assert shown_lines[1].endswith("silence")


def test_the_journal_gets_style_and_mood_with_a_change():
    file = io.StringIO()
    changes = Changes(file, tagged_session())
    for number, values in enumerate((OTHER, {**OTHER, "mood": "sad"}, NOT_MUSIC)):
        changes.show(event(3.0 + number, **values))
    assert file.getvalue().splitlines()[1:] == [
        "other 75%; electronic > techno, mellow", "not music 90%",
    ]  # fmt: skip


def test_plain_lines_make_up_neither_a_length_nor_a_summary():
    file = io.StringIO()
    PlainLines(file, session("stdin")).close()
    assert file.getvalue() == "listening to stdin with tiny; Ctrl-C ends\n"


def test_a_json_line_holds_exactly_the_fields_of_the_event():
    file = io.StringIO()
    lines = JsonLines(file)
    lines.show(event(3.0, time=1.23456, level_dbfs=-20.04, label="jazz"))
    lines.close()
    assert file.getvalue().endswith("}\n")
    assert json.loads(file.getvalue()) == {
        "schema": 1,
        "time": 1.235,
        "start": 0.0,
        "end": 3.0,
        "new_s": 3.0,
        "label": "jazz",
        "confidence": 0.75,
        "posterior": {"blues": 0.2, "classical": 0.05, "jazz": 0.75},
        "raw_posterior": {"blues": 0.25, "classical": 0.25, "jazz": 0.5},
        "tags": {},
        "styles": {},
        "style": None,
        "mood": None,
        "level_dbfs": -20.0,
        "front_end_ms": 2.0,
        "inference_ms": 1.0,
        "padded": False,
        "dropped_samples": 0,
        "missing_s": 0.0,
        "non_finite_samples": 0,
        "clipped_samples": 0,
        "utc": "2026-11-23T11:38:05.042Z",
    }


@pytest.fixture
def terminal(monkeypatch):
    """Make rich draw for a terminal of a given width, whatever stdout is."""

    def set_width(width):
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("LINES", "30")
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setenv("FORCE_COLOR", "1")

    return set_width


def shown(text):
    """Lines of a terminal's output, without control sequences."""
    return re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text))


HEADINGS = {
    "plain": HEADING,
    "endless": session("stdin"),
    "long names": session("a very long file name " * 6 + ".ogg", "tiny " * 20, 7200.0),
    "wide characters": session("ジャズ喫茶の長い曲名" * 4, seconds=60.0),
    "markup": session("[bold]no[/nothing] [red.ogg", "[/]", 60.0),
}


@pytest.mark.parametrize("name", HEADINGS)
@pytest.mark.parametrize("width", [80, 40])
def test_the_live_panel_stays_within_the_terminal(terminal, capsys, width, name):
    terminal(width)
    panel = LivePanel(HEADINGS[name])
    for end in range(3, 84):
        label = ("jazz", "silence", "unknown", "classical")[end // 20 % 4]
        panel.show(event(float(end), label, level_dbfs=-120.0 if label == "silence" else -20.0))
    panel.show(
        event(
            8000.0, new_s=7757.0, clipped_samples=10**9, dropped_samples=10**9, front_end_ms=12345.6
        )
    )
    panel.close()
    lines = shown(capsys.readouterr().out)
    assert max(map(cell_len, lines)) <= width
    text = "\n".join(lines)
    for expected in ("listening ...", "JAZZ   75% sure", "SILENCE", "UNKNOWN", "heard 2:13:20:"):
        assert expected in text


def test_the_live_panel_has_a_line_for_style_and_mood_where_the_model_names_them(terminal, capsys):
    heights = []
    for values in (OTHER, NOT_MUSIC):
        terminal(40)
        panel = LivePanel(tagged_session())
        panel.show(event(3.0, **values))
        panel.close()
        drawn = shown(capsys.readouterr().out)
        heights.append(len(drawn))
        assert max(map(cell_len, drawn)) <= 40
        if values is OTHER:
            line = next(number for number, text in enumerate(drawn) if "OTHER   75% sure" in text)
            assert "electronic > techno, mellow" in drawn[line + 1]
    assert heights[0] == heights[1], "what is named or not moves nothing"


def test_the_live_panel_has_a_line_of_tags_where_they_are_wanted(terminal, capsys):
    terminal(60)
    panel = LivePanel(tagged_session(), 2)
    panel.show(event(3.0, **OTHER, tags=TAGS))
    panel.close()
    drawn = shown(capsys.readouterr().out)
    line = next(number for number, text in enumerate(drawn) if "OTHER   75% sure" in text)
    assert "electronic 80%, dance 61%" in drawn[line + 2]
    assert not any("sad" in text for text in drawn)


@pytest.mark.parametrize(
    ("label", "colour"),
    [("blues", "#E69F00"), ("jazz", "#56B4E9"), ("silence", None), ("unknown", None),
     ("other", "#7688BE"), ("not music", "#70644C")],
)  # fmt: skip
def test_what_is_no_genre_has_a_colour_that_no_genre_has(label, colour):
    assert colour_of(label, tagged_session().manifest.labels) == colour
    assert colour_of("other", LABELS) is None


@pytest.mark.parametrize("width", [30, 20])
def test_the_live_panel_of_a_tiny_terminal_still_shows_the_label(terminal, capsys, width):
    terminal(width)
    panel = LivePanel(HEADING)
    panel.show(event(3.0))
    panel.close()
    lines = shown(capsys.readouterr().out)
    assert max(map(cell_len, lines)) <= width
    assert any("JAZZ" in line for line in lines)


def test_the_live_panel_shows_what_was_lost_only_where_something_was(terminal, capsys):
    terminal(80)
    panel = LivePanel(HEADING)
    panel.show(event(3.0))
    assert "clipped" not in capsys.readouterr().out
    panel.show(event(4.0, clipped_samples=7, dropped_samples=9))
    panel.close()
    text = "\n".join(shown(capsys.readouterr().out))
    assert "7 clipped" in text
    assert "9 dropped" in text


def test_a_panel_without_sound_closes_without_a_summary(terminal, capsys):
    terminal(80)
    LivePanel(HEADING).close()
    text = capsys.readouterr().out
    assert "listening ..." in text
    assert "heard" not in text


def test_what_is_no_terminal_gets_lines(capsys):
    assert isinstance(choose_display(HEADING, json_lines=False), PlainLines)
    assert isinstance(choose_display(HEADING, json_lines=True), JsonLines)
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize(
    "make", [lambda f: PlainLines(f, HEADING), lambda f: Changes(f, HEADING), JsonLines]
)
def test_a_line_is_there_for_who_reads_the_file_as_soon_as_its_event_was(tmp_path, make):
    path = tmp_path / "out"
    with path.open("w", encoding="utf-8") as file:
        display = make(file)
        display.show(event(3.0))
        assert "jazz" in path.read_text(encoding="utf-8").splitlines()[-1]


@pytest.mark.parametrize(
    ("level", "drawn"),
    [(-30.0, "██████      "), (0.0, "████████████"), (-60.0, " " * 12), (-120.0, " " * 12)],
)
def test_the_live_panel_shows_the_level_and_what_a_window_takes(terminal, capsys, level, drawn):
    terminal(80)
    panel = LivePanel(HEADING)
    panel.show(event(3.0, level_dbfs=level, front_end_ms=2.25, inference_ms=1.5))
    panel.close()
    text = "\n".join(shown(capsys.readouterr().out))
    assert f"level   {drawn} {level:.0f} dBFS   3.8 ms a window" in text


@pytest.mark.parametrize("name", ["dumb", "unknown", "DUMB"])
def test_a_terminal_that_knows_no_escapes_gets_plain_lines(name, monkeypatch):
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("TERM", name)
    display = choose_display(HEADING, json_lines=False)
    assert isinstance(display, PlainLines)
    display.show(event())
    display.close()
    assert "\x1b" not in screen.getvalue()
    monkeypatch.setenv("TERM", "xterm")
    panel = choose_display(HEADING, json_lines=False)
    panel.close()
    assert isinstance(panel, LivePanel)


EVIL = "song\x1b[2J\x9b1m\r.wav"


@pytest.mark.parametrize("make", [PlainLines, Changes])
def test_what_a_terminal_would_obey_is_shown_in_lines(make):
    screen = io.StringIO()
    display = make(screen, session(EVIL, model="tiny\x07"))
    display.show(event(label="ja\x1bzz"))
    display.close()
    assert r"song\x1b[2J\x9b1m\r.wav" in screen.getvalue()
    assert not set("\x1b\x9b\r\x07") & set(screen.getvalue())


def test_what_a_terminal_would_obey_is_shown_in_the_panel(monkeypatch):
    screen = io.StringIO()  # no terminal, so that what is drawn has no escapes of its own
    monkeypatch.setattr("sys.stdout", screen)
    display = LivePanel(session(EVIL))
    display.show(event(label="ja\x9bzz"))
    display.close()
    assert r"song\x1b[2J\x9b1m\r.wav" in screen.getvalue()
    assert not set("\x1b\x9b\r") & set(screen.getvalue())
