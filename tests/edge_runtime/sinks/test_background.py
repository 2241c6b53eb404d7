"""The thread between the stream and a sink that may be slow or fail."""

import io
import logging
import threading

import pytest

from edge_runtime.cli.log_handler import log_to_stderr
from edge_runtime.retry import Backoff
from edge_runtime.sinks import Several, background
from edge_runtime.sinks.background import Background

from .events import PATIENCE_S, event

LOGGER = logging.getLogger("edge_runtime.sinks.test")


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr("edge_runtime.retry.FIRST_DELAY_SECONDS", 0.01)
    monkeypatch.setattr("edge_runtime.retry.LONGEST_DELAY_SECONDS", 0.02)


class Gate:
    """A writer that takes an item when the test lets it."""

    def __init__(self):
        self.written, self.entered, self.opened = [], threading.Semaphore(0), threading.Event()

    def __call__(self, item):
        self.entered.release()
        assert self.opened.wait(PATIENCE_S)
        self.written.append(item)


def test_items_are_written_in_order_and_the_rest_at_the_end(reported):
    written = []
    worker = Background("log", written.append, logger=LOGGER)
    for item in range(100):
        worker.put(item)
    assert worker.close()
    assert written == list(range(100))
    assert reported.lines == []


def test_a_writer_that_hangs_never_blocks_and_costs_the_oldest_items(reported):
    gate = Gate()
    worker = Background("log", gate, logger=LOGGER, capacity=3)
    worker.put(0)
    assert gate.entered.acquire(timeout=PATIENCE_S)
    for item in range(1, 11):
        worker.put(item)  # a writer holds item 0; were this to block, the test would not end
    gate.opened.set()
    assert worker.close()
    assert gate.written == [0, 8, 9, 10]
    assert worker.dropped == 7
    assert reported.lines == ["log: 7 events were lost"]


def test_a_fault_is_reported_once_and_the_item_is_tried_until_it_is_written(reported):
    written, failures = [], iter([OSError(28, "No space left on device")] * 5)

    def write(item):
        for failure in failures:
            raise failure
        written.append(item)

    worker = Background("log", write, logger=LOGGER, capacity=7)
    worker.put("a")
    worker.put("b")
    assert reported.next() == (
        "log: No space left on device; trying again, the newest 7 events are kept"
    )
    assert reported.next() == "log: works again"
    assert worker.close()
    assert written == ["a", "b"]
    assert len(reported.lines) == 2


def test_what_was_lost_in_an_outage_is_reported_at_its_end(reported):
    broken, failed = threading.Event(), threading.Semaphore(0)
    broken.set()
    written = []

    def write(item):
        if broken.is_set():
            failed.release()
            raise OSError(5, "Input/output error")
        written.append(item)

    worker = Background("log", write, logger=LOGGER, capacity=2)
    worker.put(0)
    assert failed.acquire(timeout=PATIENCE_S)
    for item in range(1, 6):
        worker.put(item)
    broken.clear()
    reported.next()
    assert reported.next() == "log: works again; 3 events were lost"
    worker.close()
    assert written == [0, 4, 5]


def test_a_new_kind_of_fault_within_a_streak_is_reported_too_but_once(reported):
    backoff = Backoff("broker", LOGGER)
    for message in ("refused", "refused", "no such host", "refused", "no such host"):
        backoff.failed(message)
    assert reported.lines == ["broker: refused; trying again", "broker: no such host; trying again"]
    backoff.recovered()
    backoff.failed("refused")
    assert reported.lines[2:] == ["broker: works again", "broker: refused; trying again"]


def test_delays_grow_up_to_a_limit_and_begin_anew_after_a_success(reported, monkeypatch):
    monkeypatch.setattr("edge_runtime.retry.FIRST_DELAY_SECONDS", 1.0)
    monkeypatch.setattr("edge_runtime.retry.LONGEST_DELAY_SECONDS", 60.0)
    backoff = Backoff("broker", LOGGER)
    delays = [backoff.failed("refused") for _ in range(2000)]
    assert delays[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert delays[-1] == 60
    backoff.recovered()
    assert backoff.failed("refused") == 1


def test_closing_gives_up_a_writer_that_fails(reported):
    def write(item):
        raise OSError(5, "Input/output error")

    worker = Background("log", write, logger=LOGGER)
    worker.put(1)
    worker.put(2)
    assert worker.close()
    assert reported.lines[-1] == "log: 2 events were lost"


def test_closing_does_not_wait_for_a_writer_that_hangs(reported, monkeypatch):
    monkeypatch.setattr(background, "CLOSE_SECONDS", 0.05)
    gate = Gate()
    worker = Background("log", gate, logger=LOGGER)
    worker.put(1)
    worker.put(2)
    assert gate.entered.acquire(timeout=PATIENCE_S)
    assert not worker.close()
    assert reported.lines == ["log: 1 events were lost"]
    gate.opened.set()


def test_a_closed_stderr_stops_no_writer(monkeypatch):
    failures, done = iter([OSError(5, "Input/output error")]), threading.Event()

    def write(item):
        for failure in failures:
            raise failure
        done.set()

    with log_to_stderr(), io.StringIO() as stderr:
        monkeypatch.setattr("sys.stderr", stderr)
        stderr.close()
        worker = Background("log", write, logger=LOGGER)
        worker.put(1)
        assert done.wait(PATIENCE_S)
        assert worker.close()


def test_every_sink_is_closed_whatever_the_others_do():
    class Sink:
        shown, closed = 0, False

        def show(self, event):
            self.shown += 1

        def close(self):
            self.closed = True

    class Broken(Sink):
        def close(self):
            raise BrokenPipeError

    sinks = [Sink(), Broken(), Sink()]
    several = Several(sinks)
    several.show(event())
    with pytest.raises(BrokenPipeError):
        several.close()
    assert [sink.shown for sink in sinks] == [1, 1, 1]
    assert sinks[0].closed
    assert sinks[2].closed


def test_what_was_reported_as_lost_is_not_reported_again_at_the_end(reported):
    broken, failed = threading.Event(), threading.Semaphore(0)
    broken.set()

    def write(item):
        if broken.is_set():
            failed.release()
            raise OSError(5, "Input/output error")

    worker = Background("log", write, logger=LOGGER, capacity=1)
    for item in range(3):
        worker.put(item)
        if item == 0:
            assert failed.acquire(timeout=PATIENCE_S)
    broken.clear()
    reported.next()
    assert reported.next() == "log: works again; 1 events were lost"
    assert worker.close()
    assert (worker.dropped, len(reported.lines)) == (1, 2)


def test_slow_sinks_are_closed_at_the_same_time_and_after_the_others():
    meeting, closed = threading.Barrier(3, timeout=PATIENCE_S), []

    class Slow:
        def close(self):
            meeting.wait()  # for the other two
            closed.append("slow")

    class Quick:
        def close(self):
            closed.append("quick")

    Several([Quick(), Quick()], slow=[Slow(), Slow(), Slow()]).close()
    assert closed == ["quick"] * 2 + ["slow"] * 3


def test_an_error_of_a_slow_sink_is_raised_after_all_were_closed():
    closed = []

    class Bad:
        def close(self):
            raise OSError("disk")

    class Good:
        def close(self):
            closed.append(1)

    with pytest.raises(OSError, match="disk"):
        Several([], slow=[Bad(), Good()]).close()
    assert closed == [1]
