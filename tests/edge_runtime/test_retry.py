"""Delays between tries, and what is reported of a streak of faults."""

import logging

from edge_runtime.retry import Backoff

LOG = logging.getLogger("edge_runtime.test")


def test_delays_double_from_a_second_to_a_minute_and_begin_anew_after_a_success(caplog):
    backoff = Backoff("broker", LOG)
    assert [backoff.failed("gone") for _ in range(9)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    backoff.recovered()
    assert [backoff.failed("gone") for _ in range(3)] == [1, 2, 4]


def test_the_longest_delay_may_be_another_one():
    backoff = Backoff("mic", LOG, longest_s=5.0)
    assert [backoff.failed("gone") for _ in range(5)] == [1, 2, 4, 5, 5]


def test_a_streak_of_years_does_not_overflow():
    backoff = Backoff("broker", LOG)
    assert {backoff.failed("gone") for _ in range(2000)} == {1, 2, 4, 8, 16, 32, 60}


def test_each_fault_is_reported_once_a_streak_and_again_in_the_next(caplog):
    backoff = Backoff("broker", LOG)
    for message in ("refused", "refused", "timed out", "refused"):
        backoff.failed(message)
    assert backoff.failing
    backoff.recovered("back")
    assert not backoff.failing
    backoff.failed("refused", "not tried again")
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "broker: refused; trying again"),
        ("WARNING", "broker: timed out; trying again"),
        ("WARNING", "broker: back"),
        ("WARNING", "broker: refused; not tried again"),
    ]
