"""Seconds per label of a day, and which label stood when."""

import datetime

from edge_runtime.web.tally import DayTally, Runs

MONDAY, TUESDAY = datetime.date(2026, 11, 23), datetime.date(2026, 11, 24)


def test_a_day_has_the_seconds_of_each_label_with_one_digit():
    tally = DayTally()
    for label, seconds in (("jazz", 1.25), ("rock", 0.04), ("jazz", 0.5)):
        tally.add(label, seconds, MONDAY)
    assert tally.to_dict() == {"date": "2026-11-23", "seconds": {"jazz": 1.8, "rock": 0.0}}
    tally.add("rock", 2.0, TUESDAY)
    assert tally.to_dict() == {"date": "2026-11-24", "seconds": {"rock": 2.0}}


def test_neighbouring_windows_of_one_label_are_one_run_and_a_gap_begins_another():
    runs = Runs(120.0)
    assert runs.since is None
    for begin, end, label in ((0, 3, "jazz"), (3, 4, "jazz"), (5, 6, "jazz"), (6, 7, "rock")):
        runs.add(begin, end, label)
    assert runs.to_list() == [[0, 4, "jazz"], [5, 6, "jazz"], [6, 7, "rock"]]
    assert runs.since == 6
    runs.clear()
    assert runs.to_list() == []


def test_runs_that_reach_beyond_a_moment_are_whole():
    runs = Runs(120.0)
    runs.add(0.0, 4.0, "jazz")
    runs.add(4.0, 6.00049, "rock")
    assert runs.to_list(after=3.9) == [[0.0, 4.0, "jazz"], [4.0, 6.0, "rock"]]
    assert runs.to_list(after=4.0) == [[4.0, 6.0, "rock"]]


def test_a_run_is_kept_while_a_part_of_it_is_not_too_old():
    runs = Runs(120.0)
    runs.add(0.0, 10.0, "jazz")
    runs.add(10.0, 130.0, "rock")
    assert [run[2] for run in runs.to_list()] == ["jazz", "rock"]
    runs.add(130.0, 130.1, "jazz")
    assert [run[2] for run in runs.to_list()] == ["rock", "jazz"]


def test_labels_that_flicker_take_no_more_than_their_room():
    runs = Runs(1e9)
    for second in range(1000):
        runs.add(second, second + 1, "jazz" if second % 2 else "rock")
    assert len(runs.to_list()) == 500
    assert runs.to_list()[-1] == [999, 1000, "jazz"]
