"""What a terminal would obey is shown instead."""

import json

from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.printable import printable, printable_json, printable_lines

EVIL = "\x1b[2J\x1b]0;title\x07\r\x08\x9b31m\x7f\u202egpj.wav\u2028"


def test_control_characters_are_shown_as_escapes():
    shown = printable(EVIL + "\n")
    assert shown.isprintable()
    assert shown.startswith(r"\x1b[2J\x1b]0;title\x07\r\x08\x9b31m\x7f\u202egpj.wav\u2028")
    assert shown.endswith(r"\n")


def test_all_that_is_no_control_character_stays():
    for text in ("song.wav", "Ärzte – Ω 日本 🎵", "a\\b", " two  blanks ", "\udcff"):
        assert printable(text) == text


@given(st.text())
def test_lines_stay_lines_and_nothing_else_is_obeyed(text):
    lines = printable_lines(text).split("\n")
    assert len(lines) == text.count("\n") + 1
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for line in lines for c in line)


@given(st.text())
def test_json_keeps_its_value(text):
    shown = printable_json(json.dumps(text, ensure_ascii=False))
    assert json.loads(shown) == text
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in shown)
