"""What this process costs the machine."""

import os
import time

import pytest

from edge_runtime.sinks import process_cost
from edge_runtime.sinks.process_cost import CpuShare, cpu_seconds, rss_bytes


@pytest.fixture
def used(monkeypatch):
    """CPU time that the test gives the process."""
    seconds = [0.0]
    monkeypatch.setattr(process_cost, "cpu_seconds", lambda: seconds[0])
    monkeypatch.setattr(process_cost.time, "monotonic", lambda: 100.0)
    return seconds


def test_the_share_is_of_one_core_over_the_last_five_seconds_or_more(used):
    share = CpuShare()
    assert share.percent(100.9) is None
    used[0] = 0.02501
    assert share.percent(101.0) == 2.5
    used[0] = 3.0
    assert share.percent(105.9) == 2.5, "it is measured anew after 5 s"
    assert share.percent(106.0) == pytest.approx(59.5)
    used[0] = 13.0
    assert share.percent(126.0) == 50.0


def test_cpu_time_is_that_of_all_threads():
    before = time.process_time()
    assert cpu_seconds() == pytest.approx(before, abs=0.1)


def test_memory_is_what_is_resident_now_or_else_the_most_it_was(monkeypatch, tmp_path):
    now = rss_bytes()
    assert 2**24 < now < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    monkeypatch.setattr(process_cost, "_STATM", tmp_path / "none")
    assert now * 0.9 < rss_bytes() < now * 20
