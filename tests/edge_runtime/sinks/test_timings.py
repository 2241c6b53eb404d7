"""What the windows cost, in the log."""

import logging

import pytest

from edge_runtime.sinks import timings
from edge_runtime.sinks.timings import Timings

from .events import event


@pytest.fixture
def clock(monkeypatch):
    """Seconds, in a list that the test changes."""
    now = [100.0]
    monkeypatch.setattr(timings.time, "monotonic", lambda: now[0])
    return now


def test_the_mean_of_the_windows_is_logged_once_a_minute_and_at_the_end(clock, caplog):
    caplog.set_level(logging.DEBUG, "edge_runtime")
    sink = Timings()
    for second, front_end_ms in ((30.0, 1.0), (59.9, 2.0), (60.0, 6.0), (61.0, 4.0)):
        clock[0] = 100.0 + second
        sink.show(event(front_end_ms=front_end_ms, inference_ms=2 * front_end_ms))
    sink.close()
    sink.close()
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("DEBUG", "3 windows in 60 s: 3.00 ms front end, 6.00 ms inference each"),
        ("DEBUG", "1 windows in 1 s: 4.00 ms front end, 8.00 ms inference each"),
    ]
