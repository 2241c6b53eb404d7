"""The forms of a timeline, read as their readers read them."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

from edge_runtime import Classifier
from edge_runtime.errors import ParameterError
from edge_runtime.library.segment import Segment, Timeline
from edge_runtime.library.timeline_formats import FORMATS, format_for, timeline_text

SEGMENTS = (
    Segment(0.0, 61.5, "jazz", 0.912345),
    Segment(61.5, 70.25, "silence", 0.0),
    Segment(70.25, 36_000.004, "not music", 0.5),
)
TIMELINE = Timeline(SEGMENTS, 36_000.004, 0.743, ("a warning",))
AUDIO = Path('My "best" set.flac')


@pytest.fixture(scope="module")
def text_of():
    manifest = Classifier("seed-cnn").manifest

    def text(form, timeline=TIMELINE, audio=AUDIO):
        return timeline_text(timeline, audio, manifest, FORMATS[form])

    return text


def test_json_holds_all_of_it(text_of):
    value = json.loads(text_of("json"))
    assert value["segments"][0] == {
        "start": 0.0, "end": 61.5, "label": "jazz", "confidence": 0.9123,
    }  # fmt: skip
    assert (value["seconds"], value["warnings"]) == (36_000.004, ["a warning"])
    assert set(value["model"]) == {"name", "sha256"}


def test_csv_has_a_line_a_segment(text_of):
    rows = list(csv.DictReader(io.StringIO(text_of("csv"))))
    assert [row["label"] for row in rows] == ["jazz", "silence", "not music"]
    assert float(rows[2]["end"]) == 36_000.004


def test_a_label_track_has_two_times_and_a_text_between_tabs(text_of):
    lines = [line.split("\t") for line in text_of("audacity").splitlines()]
    assert [(float(start), float(end), text) for start, end, text in lines] == [
        (segment.start, segment.end, segment.label) for segment in SEGMENTS
    ]


SRT = re.compile(
    r"(\d+)\n(\d{2,}):([0-5]\d):([0-5]\d),(\d{3}) --> "
    r"(\d{2,}):([0-5]\d):([0-5]\d),(\d{3})\n(.+)\n\n"
)


def test_subtitles_are_blocks_of_subrip(text_of):
    text = text_of("srt")
    blocks = SRT.findall(text)
    assert SRT.sub("", text) == ""
    assert [int(block[0]) for block in blocks] == [1, 2, 3]
    assert [block[-1] for block in blocks] == ["jazz (91%)", "silence", "not music (50%)"]
    assert blocks[2][1:9] == ("00", "01", "10", "250", "10", "00", "00", "004")


CUE_TRACK = re.compile(
    r'  TRACK (\d\d) AUDIO\n    TITLE "([^"\n]*)"\n    INDEX 01 (\d{2,}):([0-5]\d):(\d\d)\n'
)


def read_cue(text):
    """Start and title of each track of a CUE sheet, and its file."""
    comment, file, tracks = text.split("\n", 2)
    assert comment.startswith("REM ")
    name = re.fullmatch(r'FILE "([^"]*)" (WAVE|MP3|AIFF)', file)
    assert name
    assert CUE_TRACK.sub("", tracks) == ""
    found = CUE_TRACK.findall(tracks)
    assert [int(track[0]) for track in found] == list(range(1, len(found) + 1))
    assert all(int(track[4]) < 75 for track in found)
    starts = [int(m) * 60 + int(s) + int(f) / 75 for _, _, m, s, f in found]
    return name[1], name[2], list(zip(starts, (track[1] for track in found), strict=True))


def test_a_cue_sheet_has_a_track_a_segment_in_frames_of_a_75th(text_of):
    name, kind, tracks = read_cue(text_of("cue"))
    assert (name, kind) == ("My 'best' set.flac", "WAVE")
    assert [title for _, title in tracks] == ["jazz", "silence", "not music"]
    for (start, _), segment in zip(tracks, SEGMENTS, strict=True):
        assert start == pytest.approx(segment.start, abs=0.5 / 75 + 1e-9)
    assert read_cue(text_of("cue", audio=Path("set.MP3")))[1] == "MP3"


def test_a_cue_sheet_holds_no_hundred_tracks(text_of):
    segments = tuple(Segment(i, i + 1.0, "jazz", 1.0) for i in range(100))
    with pytest.raises(ParameterError, match="has 100 segments, and a CUE sheet holds 99 tracks"):
        text_of("cue", Timeline(segments, 100.0, 0.743))
    assert len(read_cue(text_of("cue", Timeline(segments[:99], 99.0, 0.743)))[2]) == 99


@pytest.mark.parametrize("form", FORMATS)
def test_a_label_or_name_of_several_lines_breaks_no_form(text_of, form):
    odd = Timeline((Segment(0.0, 5.0, 'a\n"b"\t\x1b[2J', 0.5),), 5.0, 0.743)
    text = text_of(form, odd, Path("x\ny\udce9.wav"))
    text.encode()
    assert "\x1b" not in text
    plain = text_of(form, Timeline((Segment(0.0, 5.0, "a", 0.5),), 5.0, 0.743), Path("x.wav"))
    assert text.count("\n") == plain.count("\n")


@pytest.mark.parametrize(
    ("out", "named", "form"),
    [
        (None, None, "json"), ("a.CUE", None, "cue"), ("a.txt", None, "audacity"),
        ("a.srt", "csv", "csv"), ("a.xyz", None, "json"), (None, "srt", "srt"),
    ],
)  # fmt: skip
def test_format_is_an_option_or_follows_the_suffix(out, named, form):
    assert format_for(None if out is None else Path(out), named) is FORMATS[form]


@pytest.mark.parametrize("form", FORMATS)
def test_each_form_knows_its_own_files_and_no_others(text_of, form):
    head = text_of(form).encode()
    assert [name for name, other in FORMATS.items() if other.kind.begins(head)] == [form]
    for foreign in (b"[project]\nname = 1\n", b"# Title\n", b"RIFF1234WAVE", b"0.5\n"):
        assert not FORMATS[form].kind.begins(foreign)
