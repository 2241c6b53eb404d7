"""Rows are the same whatever file they come from."""

import base64
import csv
import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from edge_runtime.errors import OutputFileError, ParameterError
from edge_runtime.library.formats import SUFFIXES, format_of
from edge_runtime.library.row import Columns, clean, name_of, path_values, single
from edge_runtime.library.store import read_rows

from .fakes import COLUMNS, ODD_NAMES, SETTINGS, made_row

TIMELINE = replace(SETTINGS, columns=replace(COLUMNS, timeline=True))
ROWS = [
    *(made_row(name, TIMELINE) for name in ODD_NAMES),
    made_row("silence.wav", TIMELINE, tags=None, styles={}, style=None, confidence=0.0,
             posterior={"blues": 0.0, "not music": 0.0}, genre="silence"),
    made_row("warned.wav", TIMELINE, warnings=["is short"], timeline=[]),
    TIMELINE.columns.row(**path_values("bad.wav"), model="a 1", model_sha256="a" * 64,
                         error='no such "file"; check\nthe path'),
]  # fmt: skip


def write(path, rows, columns=TIMELINE.columns):
    with path.open("wb") as file, format_of(path, "--out").writer(file, columns) as writer:
        writer.add(rows)
    return path


@pytest.fixture(params=SUFFIXES)
def suffix(request):
    return request.param


def test_what_is_written_is_read_again(tmp_path, suffix):
    path = write(tmp_path / f"labels{suffix}", ROWS)
    assert list(read_rows(path)) == ROWS
    assert [name_of(row) for row in read_rows(path)][: len(ODD_NAMES)] == list(ODD_NAMES)
    assert format_of(path, "--out").open(path).columns == TIMELINE.columns


def test_some_columns_are_read_alone(tmp_path, suffix):
    path = write(tmp_path / f"labels{suffix}", ROWS)
    assert list(read_rows(path, ["path", "genre"])) == [
        {"path": row["path"], "genre": row["genre"]} for row in ROWS
    ]


def test_rows_that_are_copied_stay_as_they_are(tmp_path, suffix):
    path = write(tmp_path / f"labels{suffix}", ROWS)
    form = format_of(path, "--out")
    source = form.open(path)
    heads = list(source.heads())
    assert [head.name for head in heads] == [name_of(row) for row in ROWS]
    assert [head.failed for head in heads] == [row["error"] is not None for row in ROWS]
    numbers = [5, 1, 2, 3, 0, len(ROWS) - 1]
    with (
        (tmp_path / f"copy{suffix}").open("wb") as file,
        form.writer(file, TIMELINE.columns) as writer,
    ):
        writer.copy(source, numbers)
    assert list(read_rows(tmp_path / f"copy{suffix}")) == [ROWS[number] for number in numbers]


def test_tags_that_were_written_get_columns_of_their_own(tmp_path, suffix):
    path = write(tmp_path / f"labels{suffix}", ROWS)
    old = {"GENRE": ["Rock; Pop", "ünï, \n"], "MOOD": []}
    values = {"old_tags": old, "written_tags": {"GENRE": ["Blues"]}, "tags_error": None}
    rows = [{**row, **values} for row in read_rows(path)]
    write(path, rows, TIMELINE.columns.with_written())
    found = list(read_rows(path))
    assert found == [{**row, **values} for row in ROWS]
    assert format_of(path, "--out").open(path).columns == TIMELINE.columns.with_written()
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_parquet_has_types_that_others_know(tmp_path):
    schema = pq.read_schema(write(tmp_path / "labels.parquet", ROWS))
    assert {name: str(schema.field(name).type) for name in schema.names} == {
        "path": "string", "path_bytes": "binary", "size": "int64", "mtime_ns": "int64",
        "sound_sha256": "string", "seconds": "double", "genre": "string", "confidence": "float",
        "posterior": "struct<blues: float, not music: float>",
        "tags": "struct<happy: float, 80s: float>",
        "styles": "map<string, float ('styles')>", "style": "string", "mood": "string",
        "silence_share": "float", "not_music_share": "float", "other_share": "float",
        "sample": "string", "channel": "string",
        "timeline": "list<element: struct<start: double, end: double, label: string, "
        "confidence: float>>",
        "warnings": "list<element: string>", "model": "string", "model_sha256": "string",
        "error": "string",
    }  # fmt: skip


def test_a_model_without_tags_has_no_such_column(tmp_path, suffix):
    columns = Columns(("blues",))
    row = columns.row(**path_values("a.wav"), posterior={"blues": 1.0}, warnings=[])
    path = write(tmp_path / f"labels{suffix}", [row], columns)
    assert list(read_rows(path)) == [row]
    assert "tags" not in row


def test_json_and_csv_are_what_every_program_reads(tmp_path):
    lines = write(tmp_path / "labels.jsonl", ROWS).read_text(encoding="utf-8").split("\n")
    assert len(lines) == len(ROWS) + 1
    by_path = {row["path"]: row for row in map(json.loads, lines[:-1])}
    assert by_path["m\\xe9tal.wav"]["path_bytes"] == base64.b64encode(b"m\xe9tal.wav").decode()
    with write(tmp_path / "labels.csv", ROWS).open(newline="", encoding="utf-8") as file:
        cells = list(csv.DictReader(file))
    assert [row["path"] for row in cells] == [row["path"] for row in ROWS]
    assert cells[0]["posterior.not music"] == "0.12345679"
    assert cells[-1]["posterior.blues"] == cells[-1]["genre"] == ""


def test_single_precision_has_its_shortest_decimals():
    assert single(0.1) == 0.1
    assert single(1 / 3) == 0.33333334
    assert single(1e-12) == 1e-12


def test_text_without_utf8_has_its_bytes_as_escapes():
    assert clean("m\udce9tal \ud800") == "m\\xe9tal \\ud800"
    assert path_values("métal") == {"path": "métal", "path_bytes": None}


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(ParameterError, match=r"--out .*labels\.txt: ends in '\.txt'; name a file"):
        format_of(tmp_path / "labels.txt", "--out")


@pytest.mark.parametrize("content", [b"PAR1 no", b'{"path": 3}\n', b"path,path_bytes,size,mtime\n"])
def test_a_file_that_is_damaged_or_anothers_is_one_line(tmp_path, suffix, content):
    path = tmp_path / f"labels{suffix}"
    path.write_bytes(content)
    with pytest.raises(OutputFileError, match="cannot be read as a table of labels") as caught:
        list(read_rows(path))
    assert "\n" not in str(caught.value)
