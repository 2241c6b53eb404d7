"""Rows that outlive whatever ends a run, and are never mixed with others."""

import contextlib
import errno
import os
from dataclasses import replace

import pytest

from edge_runtime.cli import main
from edge_runtime.errors import OutputFileError, ParameterError
from edge_runtime.library import store as store_module
from edge_runtime.library.formats import SUFFIXES, parquet
from edge_runtime.library.inputs import InputError, Item, ItemStat
from edge_runtime.library.label import label_library
from edge_runtime.library.labeller import BY_LENGTH
from edge_runtime.library.row import name_of, pending_note
from edge_runtime.library.store import Store, read_rows

from .fakes import COLUMNS, ODD_NAMES, SETTINGS, FakeLabels, made_row

STAT = ItemStat(1000, 1_700_000_000_123_456_789)
NAMES = [f"{number:03}.wav" for number in range(40)]


@pytest.fixture(params=SUFFIXES)
def out(request, tmp_path):
    return tmp_path / f"labels{request.param}"


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(store_module, "ROWS_PER_PART", 7)
    monkeypatch.setattr(os, "fsync", lambda _: None)  # a busy disk takes its time


def fill(out, names, settings=SETTINGS, *, overwrite=False, finish=True, **values):
    store = Store(out, settings, overwrite=overwrite)
    for name in names:
        store.add(made_row(name, settings, **values))
    summary = store.finish() if finish else None
    store.close()
    return summary


def names_in(out):
    return [name_of(row) for row in read_rows(out)]


def test_rows_are_in_the_order_of_their_names_whatever_the_order_of_the_work(out):
    summary = fill(out, [*NAMES[::2], *NAMES[1::2][::-1]])
    assert (summary.files, summary.failed) == (40, 0)
    assert summary.seconds == pytest.approx(40 * 30.013333)
    assert list(read_rows(out)) == [made_row(name) for name in NAMES]
    assert [each.name for each in out.parent.iterdir()] == [out.name]


def test_two_orders_of_work_give_the_same_bytes(out, monkeypatch):
    monkeypatch.setattr(parquet, "_GROUP_ROWS", 15)
    fill(out, NAMES)
    first = out.read_bytes()
    out.unlink()
    fill(out, [*NAMES[::2][::-1], *NAMES[1::2]])
    assert out.read_bytes() == first


def test_the_next_run_takes_up_what_is_safe_and_loses_none(out):
    fill(out, NAMES[:20], finish=False)
    assert not out.exists()
    store = Store(out, SETTINGS)
    safe = list(store.names())
    assert safe == NAMES[:14]  # two parts of seven; six more were not safe yet
    assert all(store.is_current(name, STAT) for name in safe)
    for name in NAMES[14:]:
        store.add(made_row(name))
    store.finish()
    store.close()
    assert names_in(out) == NAMES


def test_what_a_kill_left_half_written_does_no_harm(out):
    fill(out, NAMES[:14], finish=False)
    parts = out.with_name(out.name + ".parts")
    (parts / "tmpabc123").write_bytes(b"half")
    fill(out, NAMES[14:])
    assert names_in(out) == NAMES
    assert not parts.exists()


def test_parts_that_stayed_behind_a_whole_output_are_no_second_rows(out):
    fill(out, NAMES[:14], finish=False)
    parts = out.with_name(out.name + ".parts")
    kept = {part.name: part.read_bytes() for part in parts.iterdir()}
    fill(out, NAMES)
    parts.mkdir()
    for name, content in kept.items():
        (parts / name).write_bytes(content)
    fill(out, [])
    assert names_in(out) == NAMES


def test_a_row_is_current_as_long_as_size_and_time_are(out):
    fill(out, ["a.wav"])
    store = Store(out, SETTINGS)
    assert store.is_current("a.wav", STAT)
    assert not store.is_current("a.wav", replace(STAT, size=1001))
    assert not store.is_current("a.wav", replace(STAT, mtime_ns=1))
    assert not store.is_current("b.wav", STAT)
    store.close()


def test_where_nobody_knows_size_nor_time_a_row_is_never_current(out):
    fill(out, ["http://host/a.wav"], size=None, mtime_ns=None)
    store = Store(out, SETTINGS)
    assert not store.is_current("http://host/a.wav", ItemStat(None, None))
    store.close()


def test_a_failed_file_is_tried_again_and_its_row_replaced(out):
    fill(out, ["a.wav"], error="no such file", seconds=None, posterior=None)
    store = Store(out, SETTINGS)
    assert not store.is_known("a.wav")
    assert not store.is_current("a.wav", STAT)
    store.add(made_row("a.wav"))
    assert store.finish().failed == 0
    store.close()
    assert [row["error"] for row in read_rows(out)] == [None]


def test_an_output_that_needs_no_change_is_not_written_again(out):
    fill(out, NAMES)
    before = out.stat()
    fill(out, [])
    assert (out.stat().st_ino, out.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


OTHER_SETTINGS = [
    (replace(SETTINGS, model_sha256="b" * 64, model_name="b 2"), "the model a 1, .* with b 2"),
    (replace(SETTINGS, model_sha256="b" * 64), "another file of that name and version"),
    (replace(SETTINGS, channel=2), "--channel mix, .* with 2"),
    (replace(SETTINGS, sample="5x6s"), "--sample whole, .* with 5x6s"),
    (replace(SETTINGS, columns=replace(COLUMNS, timeline=True)), "without it, .* --timeline"),
]


def made_with(settings):
    sample = "whole" if settings.sample == BY_LENGTH else settings.sample
    return {"channel": str(settings.channel), "sample": sample}


@pytest.mark.parametrize(("seconds", "sample", "fits"), [
    (30.0, "whole", True), (30.0, "3x10s", False), (200.0, "3x10s", True), (200.0, "whole", False),
    (119.5, "3x10s", True), (120.5, "whole", True), (120.5, "5x6s", False),
])  # fmt: skip
def test_how_much_is_listened_to_may_be_either_where_a_header_is_not_exact(
    out, seconds, sample, fits
):
    fill(out, ["a.wav"], seconds=seconds, sample=sample)
    with contextlib.nullcontext() if fits else pytest.raises(OutputFileError, match="--sample"):
        Store(out, SETTINGS).close()


@pytest.mark.parametrize(("settings", "said"), OTHER_SETTINGS)
def test_rows_of_other_settings_are_never_mixed(out, settings, said):
    fill(out, ["a.wav"])
    before = out.read_bytes()
    with pytest.raises(OutputFileError, match=said) as caught:
        Store(out, settings)
    assert "start anew with --overwrite" in str(caught.value)
    assert out.read_bytes() == before
    fill(out, ["b.wav"], settings, overwrite=True, **made_with(settings))
    assert names_in(out) == ["b.wav"]


@pytest.mark.parametrize(("settings", "said"), OTHER_SETTINGS)
def test_nor_with_those_of_a_run_that_was_interrupted(out, settings, said):
    fill(out, NAMES[:7], finish=False)
    with pytest.raises(OutputFileError, match=said):
        Store(out, settings)
    fill(out, ["b.wav"], settings, overwrite=True, **made_with(settings))
    assert names_in(out) == ["b.wav"]


def test_overwriting_keeps_the_old_output_until_the_new_one_is_whole_and_goes_on(out):
    other = replace(SETTINGS, model_sha256="b" * 64)
    fill(out, ["old.wav"])
    fill(out, NAMES[:7], other, overwrite=True, finish=False)
    assert names_in(out) == ["old.wav"]
    store = Store(out, other, overwrite=True)  # the same command again
    assert list(store.names()) == NAMES[:7]
    store.close()
    fill(out, NAMES[7:], other)  # or without the option
    assert names_in(out) == NAMES


def test_a_second_run_on_one_output_is_refused(out):
    store = Store(out, SETTINGS)
    with pytest.raises(OutputFileError, match="another edge-genre label writes to it"):
        Store(out, SETTINGS)
    store.close()
    Store(out, SETTINGS).close()


def test_a_file_of_another_kind_is_not_written_over(out):
    out.write_text("my thesis")
    with pytest.raises(OutputFileError, match="holds something else than"):
        Store(out, SETTINGS, overwrite=True)
    assert out.read_text() == "my thesis"


def test_a_folder_is_no_output(out):
    out.mkdir()
    with pytest.raises(ParameterError, match="is a folder; name a file"):
        Store(out, SETTINGS)


def test_an_output_by_a_link_stays_one(out):
    real = out.parent / "elsewhere" / f"real{out.suffix}"
    real.parent.mkdir()
    out.symlink_to(real)
    fill(out, NAMES)
    assert out.is_symlink()
    assert names_in(real) == NAMES


def test_a_full_disk_is_one_line_and_what_was_safe_stays(out, monkeypatch):
    fill(out, NAMES[:7], finish=False)
    store = Store(out, SETTINGS)

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OutputFileError, match="No space left on device") as caught:
            for name in NAMES[7:]:
                store.add(made_row(name))
        assert "\n" not in str(caught.value)
        store.close()
    fill(out, NAMES[7:])
    assert names_in(out) == NAMES


def test_so_it_is_when_the_output_itself_does_not_fit(out, monkeypatch):
    store = Store(out, SETTINGS)
    for name in NAMES:
        store.add(made_row(name))
    store.commit()

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OutputFileError, match="make space in"):
            store.finish()
    store.close()
    assert not out.exists()
    fill(out, [])
    assert names_in(out) == NAMES


TAGS = {"old_tags": {"GENRE": ["Rock"]}, "written_tags": {"GENRE": ["Blues"]}, "tags_error": None}


def write_tags(out, names, *, finish=True):
    """As a run does that writes tags: rows are replaced while they are read."""
    store = Store(out, None)
    for number, row in enumerate(store.rows()):
        if name_of(row) in names:
            store.replace({**row, **TAGS})
        if number % 5 == 0:
            store.commit()
    store.commit()
    if finish:
        store.finish()
    store.close()


@pytest.mark.parametrize("finish", [True, False])
def test_rows_of_an_output_are_replaced_and_the_others_stay(out, finish):
    fill(out, NAMES)
    write_tags(out, NAMES[3:30], finish=finish)
    store = Store(out, None)  # goes on where the other was ended
    rows = list(store.rows())
    store.finish()
    store.close()
    none = dict.fromkeys(TAGS)
    assert (
        rows
        == list(read_rows(out))
        == [{**made_row(name), **(TAGS if name in NAMES[3:30] else none)} for name in NAMES]
    )


def test_an_output_that_is_not_there_cannot_be_opened(out):
    with pytest.raises(OutputFileError, match=r"no such file; make one with edge-genre label"):
        Store(out, None)
    assert list(out.parent.iterdir()) == []


@pytest.mark.parametrize("finish", [True, False])
def test_values_of_tags_before_they_were_written_are_not_overwritten(out, finish):
    fill(out, NAMES)
    write_tags(out, NAMES[:3], finish=finish)
    with pytest.raises(OutputFileError, match="which --overwrite would lose; name another file"):
        Store(out, SETTINGS, overwrite=True)
    fill(out, NAMES)
    assert next(read_rows(out))["old_tags"] == TAGS["old_tags"]


def test_values_of_tags_before_they_were_written_stay_when_a_file_is_labelled_again(out):
    fill(out, NAMES)
    write_tags(out, NAMES)
    fill(out, [NAMES[3], "new.wav"], size=5)
    rows = {name_of(row): row for row in read_rows(out)}
    assert len(rows) == len(NAMES) + 1
    assert (rows[NAMES[3]]["size"], rows[NAMES[3]]["old_tags"]) == (5, {"GENRE": ["Rock"]})
    assert rows["new.wav"]["old_tags"] is None


@pytest.mark.parametrize("finish", [True, False])
def test_a_file_whose_tags_were_written_when_a_run_was_killed_is_current(out, finish):
    fill(out, ["a.wav", "b.wav"])
    store = Store(out, None)
    for row in store.rows():
        store.replace({**row, **TAGS, "tags_error": pending_note(STAT.mtime_ns + 7)})
    store.commit()
    if finish:
        store.finish()
    store.close()
    store = Store(out, SETTINGS)
    assert store.is_current("a.wav", STAT)
    assert store.is_current("a.wav", ItemStat(2000, STAT.mtime_ns + 7))
    assert not store.is_current("a.wav", ItemStat(2000, STAT.mtime_ns + 8))
    store.add(made_row("b.wav", size=5, mtime_ns=6))  # labelled again
    store.commit()
    assert store.is_current("b.wav", ItemStat(5, 6))
    store.close()


def test_an_output_whose_tags_were_all_restored_may_be_overwritten(out):
    fill(out, NAMES)
    write_tags(out, NAMES[:3])
    store = Store(out, None)
    for row in store.rows():
        store.replace({**row, **dict.fromkeys(TAGS)})
    store.finish()
    store.close()
    fill(out, NAMES[:2], overwrite=True)
    assert list(read_rows(out)) == [made_row(name) for name in NAMES[:2]]


def counting(seen, stopped=lambda: False):
    labels = FakeLabels()

    def engine(items):
        for item in items:
            if stopped():
                return
            seen.append(item.name)
            yield labels(item)

    return engine


def run(out, items, seen, **options):
    store = Store(out, SETTINGS)
    try:
        return label_library(
            items, store, counting(seen, options.get("stopped", bool)), quiet=True, **options
        )
    finally:
        store.close()


@pytest.fixture
def items(monkeypatch):
    monkeypatch.setattr(Item, "stat", lambda _: STAT)
    return [Item(name) for name in [*NAMES, *ODD_NAMES]]


def test_a_second_run_reads_nothing(out, items):
    seen = []
    assert run(out, items, seen).labelled == len(items)
    assert len(seen) == len(set(seen)) == len(items)
    again = run(out, items, seen)
    assert (again.labelled, again.kept, again.failed) == (0, len(items), 0)
    assert len(seen) == len(items)
    assert sorted(names_in(out)) == sorted(item.name for item in items)


def test_rows_of_files_outside_this_run_stay_unless_pruned_as_missing(out, items, tmp_path):
    there = tmp_path / "there.wav"
    there.touch()
    run(out, [*items, Item(str(there))], [])
    outcome = run(out, items[:3], [])
    assert (outcome.kept, outcome.others) == (3, len(items) - 2)
    assert len(names_in(out)) == len(items) + 1
    outcome = run(out, items[:3], [], prune=True)
    assert outcome.others == 1
    assert sorted(names_in(out)) == sorted([*NAMES[:3], str(there)])


def test_what_tags_were_is_not_pruned_with_a_file_that_is_missing(out, items):
    run(out, items, [])
    write_tags(out, NAMES[3:5])
    outcome = run(out, items[:1], [], prune=True)
    assert outcome.others == 2
    assert sorted(names_in(out)) == sorted([NAMES[0], *NAMES[3:5]])


def test_a_run_that_is_stopped_keeps_what_is_finished(out, items):
    seen = []
    outcome = run(out, items, seen, stopped=lambda: len(seen) >= 10)
    assert outcome.stopped
    assert outcome.summary is None
    assert len(seen) == 10
    assert run(out, items, seen).kept == 10
    assert len(seen) == len(set(seen)) == len(items)
    assert sorted(names_in(out)) == sorted(item.name for item in items)


def test_names_that_stand_for_nothing_are_failures_and_the_rest_goes_on(out, items, capfd):
    error = ParameterError("nowhere: there are no audio files in this folder")
    outcome = run(out, [InputError("nowhere", error), *items], [])
    assert (outcome.failed, outcome.labelled) == (1, len(items))


def test_an_output_in_a_folder_that_is_there_but_cannot_be_written_is_one_line(tmp_path, capfd):
    (tmp_path / "file").touch()
    assert main(["label", "demo", "--out", str(tmp_path / "file" / "labels.jsonl")]) == 3
    assert len(capfd.readouterr().err.splitlines()) == 1
