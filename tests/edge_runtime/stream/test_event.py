"""One event as a line of JSON, and its wall clock."""

import json

import pytest

from edge_runtime.stream import event as event_module
from edge_runtime.stream.event import Event, utc_now


@pytest.fixture
def wall_clock(monkeypatch):
    """Nanoseconds since 1970, in a list that the test changes; the machine lives in Auckland."""
    now = [0]
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    event_module.time.tzset()
    monkeypatch.setattr(event_module.time, "time_ns", lambda: now[0])
    yield now
    monkeypatch.undo()
    event_module.time.tzset()


def test_the_wall_clock_is_utc_with_three_digits_of_a_second(wall_clock):
    wall_clock[0] = 1_795_433_885_042_999_999
    assert utc_now() == "2026-11-23T11:38:05.042Z"
    wall_clock[0] = 1_795_433_885_000_000_000
    assert utc_now() == "2026-11-23T11:38:05.000Z"


def test_numbers_are_rounded_to_what_they_mean():
    long = 1.23456789
    event = Event(
        time=long, start=long, end=long, new_s=long, label="métal", confidence=long,
        posterior={"métal": long}, raw_posterior={"métal": long}, level_dbfs=-long,
        front_end_ms=long, inference_ms=long, missing_s=long, dropped_samples=3,
        tags={"sad": long, "fast": long / 2.0, "loud": 0.1}, styles={"rock > punk": long},
        style="rock > punk", mood="sad", shown_tags=2,
        utc="2026-11-23T11:38:05.042Z",
    )  # fmt: skip
    text = event.to_json()
    assert "métal" in text
    assert json.loads(text) == {
        "schema": 1, "time": 1.235, "start": 1.235, "end": 1.235, "new_s": 1.235, "label": "métal",
        "confidence": 1.2346, "posterior": {"métal": 1.2346}, "raw_posterior": {"métal": 1.2346},
        "tags": {"sad": 1.2346, "fast": 0.6173}, "styles": {"rock > punk": 1.2346},
        "style": "rock > punk", "mood": "sad", "level_dbfs": -1.2,
        "front_end_ms": 1.235, "inference_ms": 1.235, "padded": False,
        "dropped_samples": 3, "missing_s": 1.235, "non_finite_samples": 0, "clipped_samples": 0,
        "utc": "2026-11-23T11:38:05.042Z",
    }  # fmt: skip
