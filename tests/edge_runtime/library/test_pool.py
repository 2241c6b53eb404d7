"""Files on several processes: each gets one row, whatever becomes of a process."""

import os
import signal
from pathlib import Path

import pytest

from edge_runtime.errors import EdgeGenreError
from edge_runtime.library import pool
from edge_runtime.library.inputs import Item
from edge_runtime.library.pool import PoolError, label_items
from edge_runtime.library.row import name_of

from .fakes import ODD_NAMES, DiesAtOnce, FakeLabels, Unloadable

NAMES = [f"{number:02}.wav" for number in range(60)]


def items(names):
    return map(Item, names)


def labelled(labeller, names, jobs=2, **options):
    return list(label_items(labeller, items(names), jobs, **options))


@pytest.mark.parametrize("many", [2_000, pytest.param(50_000, marks=pytest.mark.slow)])
def test_many_files_have_a_row_each(many):
    names = (f"{number}.wav" for number in range(many))
    rows = [row["path"] for row in label_items(FakeLabels(), items(names), 2)]
    assert len(rows) == len(set(rows)) == many


def test_files_are_taken_as_they_are_needed():
    taken = []

    def endless():
        while True:
            taken.append(None)
            yield Item("a.wav")

    rows = label_items(FakeLabels(), endless(), 2)
    for _ in range(100):
        next(rows)
    rows.close()
    assert len(taken) < 150


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_every_file_has_its_row_whatever_the_number_of_processes(jobs):
    rows = labelled(FakeLabels(), [*NAMES, *ODD_NAMES], jobs)
    expected = [FakeLabels()(Item(name)) for name in sorted([*NAMES, *ODD_NAMES])]
    assert sorted(rows, key=name_of) == expected


def test_no_files_need_no_process(monkeypatch):
    monkeypatch.setattr(pool.Pool, "_started", None)
    assert labelled(FakeLabels(), []) == []


def test_file_of_a_killed_worker_is_retried(tmp_path, caplog):
    rows = labelled(FakeLabels(once=["07.wav", "31.wav"], marks=tmp_path), NAMES)
    assert sorted(map(name_of, rows)) == NAMES
    assert [row["error"] for row in rows] == [None] * len(NAMES)
    assert "07.wav: its process ended (SIGKILL, out of memory?); it is tried again" in caplog.text


@pytest.mark.parametrize("jobs", [1, 2])
def test_file_that_crashes_two_workers_gets_an_error_row_and_no_other_file_does(jobs):
    # Neighbours, too: a folder of damaged files kills one process after the other.
    deadly = ["00.wav", *(f"{number}.wav" for number in range(30, 37)), "59.wav"]
    rows = labelled(FakeLabels(deadly), NAMES, jobs)
    assert sorted(map(name_of, rows)) == NAMES
    errors = {name_of(row): row["error"] for row in rows if row["error"]}
    assert errors == dict.fromkeys(
        deadly, "the process that read it ended, twice (SIGSEGV); check the file"
    )


def test_processes_that_are_killed_again_and_again_end_the_run():
    with pytest.raises(PoolError, match=r"again and again \(SIGKILL, out of memory\?\)"):
        labelled(DiesAtOnce(), NAMES)


def test_a_model_that_cannot_be_loaded_ends_the_run_as_it_does_elsewhere():
    with pytest.raises(EdgeGenreError, match=r"a\.tflite: no such model file") as caught:
        labelled(Unloadable(), NAMES)
    assert caught.value.exit_code == 3


def test_a_run_that_is_stopped_gives_what_is_finished_and_leaves_no_process():
    rows = []
    for row in label_items(FakeLabels(), items(NAMES), 2, lambda: len(rows) >= 5):
        rows.append(row)
    assert 5 <= len(rows) < 20
    assert len({name_of(row) for row in rows}) == len(rows)
    assert not children()


def test_a_consumer_that_fails_leaves_no_process():
    rows = label_items(FakeLabels(), items(NAMES), 2)
    next(rows)
    assert len(children()) >= 1
    rows.close()
    assert not children()


def test_where_no_process_can_be_started_one_does_all(monkeypatch):
    monkeypatch.setattr(pool, "can_start_processes", lambda: False)
    seen = []
    for row in label_items(FakeLabels(), items(NAMES), 2, lambda: len(seen) == 7):
        seen.append(name_of(row))
    assert seen == NAMES[:7]


def test_a_limit_on_processes_is_one_line(monkeypatch):
    def limited(_):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("multiprocessing.context.SpawnProcess.start", limited)
    with pytest.raises(PoolError, match=r"cannot be started \(Resource .*use fewer --jobs"):
        labelled(FakeLabels(), NAMES)


def children() -> list[int]:
    """Processes of pools that this one has started."""
    if not Path("/proc/self/task").exists():
        pytest.skip("finds processes in /proc")
    found = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [
        int(child)
        for child in found
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def test_signals_have_names_and_codes_have_numbers():
    assert pool._ending(-signal.SIGSEGV) == "SIGSEGV"
    assert pool._ending(3) == "exit code 3"
