"""What a table of labels adds up to, and the page that says so."""

import html
import re
import sys
from pathlib import Path
from urllib.parse import unquote_to_bytes

import mutagen
import pytest
import soundfile

from edge_runtime.library.report.dates import year_reader
from edge_runtime.library.report.page import REPORT, page
from edge_runtime.library.report.summary import (
    COLUMNS as READ,
)
from edge_runtime.library.report.summary import (
    HERE,
    MOST_DOUBTFUL,
    MOST_ERRORS,
    Places,
    summed,
)
from tests.command import complaint, succeed

from ..sounds import RATE, noise, write_wav
from .reports import COLUMNS, HOSTILE, row, write_table

NOWHERE = Places(Path("/nowhere"), (Path("/nowhere"),))


def summary_of(rows, places=NOWHERE, year_of=None, labels=COLUMNS.labels):
    return summed(
        [{name: one.get(name) for name in READ} for one in rows],
        labels,
        places,
        has_tags=True,
        year_of=year_of,
    )


def text_of(summary, without_years="why"):
    return page(summary, "labels.parquet", without_years=without_years)


def test_files_and_time_are_added_up_by_genre_tag_and_style():
    summary = summary_of(
        [
            row("a.mp3", "jazz", tags={"happy": 0.5, "80s": 0.49}, styles={"swing": 0.4}),
            row("b.mp3", "jazz", seconds=60.0, silence_share=0.5),
            row("c.mp3", "blues", styles={"swing": 0.9, "soul": 0.3}),
            row("d.mp3", "silence", 0.0),
            row("e.mp3", None),
        ]
    )
    assert (summary.total.files, summary.total.seconds, summary.failed) == (4, 420.0, 1)
    genres = {name: (one.files, one.seconds) for name, one in summary.genres.items()}
    assert genres == {"jazz": (2, 180.0), "blues": (1, 120.0), "silence": (1, 120.0)}
    assert {name: one.files for name, one in summary.tags.items()} == {"happy": 1}
    assert {name: one.files for name, one in summary.styles.items()} == {"swing": 2, "soul": 1}
    assert summary.silent_s == 30.0
    assert summary.errors == [("e.mp3", "e.mp3: the file is empty; copy or record it again")]


def test_confidence_is_counted_in_tenths_and_silence_has_none():
    sure = [0.0, 0.1, 0.49, 0.5, 0.95, 1.0]
    rows = [row(f"{p}.mp3", "jazz", p) for p in sure] + [row("quiet.mp3", "silence", 0.0)]
    summary = summary_of(rows)
    assert summary.confidences == [1, 1, 0, 0, 1, 1, 0, 0, 0, 2]
    assert summary.unsure == 3


def test_the_least_sure_files_come_first_and_there_is_an_end_of_them():
    rows = [row(f"{i:03}.mp3", "jazz", i / 1000) for i in reversed(range(200))]
    doubtful = summary_of(rows).doubtful
    assert [one.name for one in doubtful] == [f"{i:03}.mp3" for i in range(MOST_DOUBTFUL)]
    assert summary_of([row("sure.mp3", "jazz", 0.9)]).doubtful == []


@pytest.mark.parametrize(
    ("names", "root", "folders"),
    [
        (["/m/a/1/x", "/m/a/2/x", "/m/b/x"], "/m", {"a": 2, "b": 1}),
        (["/m/a/x", "/m/y"], "/m", {"a": 1, HERE: 1}),
        (["/m/a/x", "/m/a/y"], "/m/a", {HERE: 2}),
        (["a/x", "b/x"], ".", {"a": 1, "b": 1}),
        (["x"], ".", {HERE: 1}),
    ],
)
def test_folders_are_those_right_below_the_one_that_all_are_in(names, root, folders):
    summary = summary_of([row(name) for name in names])
    assert summary.root == root
    assert {name: one.files for name, one in summary.folders.items()} == folders


def test_files_are_summed_up_by_the_decade_of_their_date(tmp_path):
    for name in ("old.ogg", "new.ogg", "none.ogg", "reissue.flac"):
        soundfile.write(tmp_path / name, noise(RATE), RATE)
    for name, tags in {
        "old.ogg": {"date": "1959-08-17"},
        "new.ogg": {"date": "2004"},
        "reissue.flac": {"date": "2011", "originaldate": "1959"},
    }.items():
        opened = mutagen.File(tmp_path / name)
        opened.update(tags)
        opened.save()
    (tmp_path / "broken.mp3").write_bytes(b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f")
    names = ("old.ogg", "new.ogg", "none.ogg", "reissue.flac", "broken.mp3", "gone.ogg")
    summary = summary_of(
        [row(name) for name in names], Places(tmp_path, (tmp_path,)), year_reader()
    )
    assert {decade: one.files for decade, one in summary.decades.items()} == {1950: 2, 2000: 1}
    assert summary.undated == 3
    text = text_of(summary)
    assert text.index(">1950s<") < text.index(">2000s<")


def test_without_mutagen_the_part_by_decade_says_what_to_install(tmp_path, monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "mutagen", None)
    table = write_table(tmp_path / "labels.jsonl", [row("a.mp3")])
    from edge_runtime.cli import main

    assert main(["report", str(table)]) == 0
    text = html.unescape((tmp_path / "labels.html").read_text())
    assert 'needs the extra "tags": pip install "edge-genre[tags]"' in text


def test_nothing_of_a_name_becomes_markup():
    rows = [row(f"<i>{name}/{name}", "jazz", 0.3) for name in HOSTILE]
    rows += [row(name, None) for name in HOSTILE]
    rows.append(row("x", "<u>genre", 0.2, styles={"<s>style": 0.9}, model="<q>model"))
    text = page(
        summary_of(rows, labels=("<u>genre",)), "<h6>title.parquet", without_years="<del>why"
    )
    text.encode()
    for forbidden in (
        "<script",
        "<img",
        "<i>",
        "<u>",
        "<s>",
        "<q>",
        "<h6>",
        "<del>",
        "</style><b>",
    ):
        assert forbidden not in text, forbidden
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "default-src 'none'" in text
    assert text.count("</style>") == 1


def test_the_page_loads_nothing_from_elsewhere():
    text = text_of(summary_of([row("a.mp3", "jazz", 0.2)]))
    assert not re.search(r"(src|href|url)\s*[=(]", text)
    assert "<script" not in text


def test_players_are_there_for_files_that_are(tmp_path):
    music, pages = tmp_path / "my music", tmp_path / "pages"
    music.mkdir()
    pages.mkdir()
    names = [name for name in HOSTILE if "/" not in name]
    for name in names:
        write_wav(music / name, noise(RATE))
    rows = [row(str(music / name), "jazz", 0.3) for name in [*names, "gone.mp3"]]
    summary = summary_of(rows, Places(pages, (Path(),)))
    text = text_of(summary)
    found = re.findall(r'<audio controls preload="none" src="([^"]*)"></audio>', text)
    assert len(found) == len(names)
    for source in found:
        relative = unquote_to_bytes(html.unescape(source)).decode(errors="surrogateescape")
        assert (pages / relative).is_file()
        assert ":" not in source
    assert text.count("not on this machine") == 1


def test_a_long_table_makes_a_short_page():
    rows = [row(f"/music/{i % 300}/{i}.mp3", "jazz", 0.1) for i in range(2000)]
    rows += [row(f"/music/{i}.mp3", None) for i in range(200)]
    text = text_of(summary_of(rows))
    assert text.count("<li><b>") == MOST_ERRORS
    assert "and 170 more, in the column error of the table" in text
    assert "and 275 more folders" in text
    assert len(text) < 100_000


def test_a_table_without_labels_has_a_page():
    assert "No file in this table has a label" in text_of(summary_of([]))
    assert "the file is empty" in text_of(summary_of([row("a.mp3", None)]))


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".csv"])
def test_the_page_is_the_same_from_every_format(tmp_path, suffix):
    rows = [row("a.mp3", "jazz", 0.25, styles={"swing": 0.5}), row("b.mp3", None)]
    table = write_table(tmp_path / f"labels{suffix}", rows)
    done = succeed("report", table)
    assert done.stderr == f"edge-genre: {tmp_path / 'labels.html'}: 1 file, 1 without a label\n"
    text = (tmp_path / "labels.html").read_text()
    expected = text_of(summary_of(rows, year_of=lambda path: None))
    assert text.replace(table.name, "labels.parquet") == expected
    assert REPORT.begins(text.encode())


def test_bad_input_gets_one_line(tmp_path, capfd):
    table = write_table(tmp_path / "labels.jsonl", [row("a.mp3")])
    assert "make one with edge-genre label" in complaint(
        capfd, "report", tmp_path / "none.parquet", code=3
    )
    assert "is a folder" in complaint(capfd, "report", tmp_path, code=3)
    other = tmp_path / "other.parquet"
    other.write_bytes(b"no table")
    assert "cannot be read as a table of labels" in complaint(capfd, "report", other, code=3)
    (tmp_path / "notes.txt").write_text("x")
    assert "ends in '.txt'" in complaint(capfd, "report", tmp_path / "notes.txt", code=2)
    mine = tmp_path / "labels.html"
    mine.write_text("<!doctype html><p>my own page")
    assert "would be lost" in complaint(capfd, "report", table, code=3)
    assert mine.read_text() == "<!doctype html><p>my own page"
    succeed("report", table, "--out", tmp_path / "report.html")
    succeed("report", table, "--out", tmp_path / "report.html")
