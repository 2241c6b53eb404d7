"""The state that the page shows."""

import datetime

from edge_runtime.web import live as live_module
from edge_runtime.web.live import Live
from tests.edge_runtime.sinks.events import event
from tests.edge_runtime.sinks.sessions import tagged_session

from .facts import TODAY, live_after_two_windows, session


def test_the_state_holds_the_newest_event_the_runs_the_day_and_the_health(monkeypatch):
    monkeypatch.setattr(live_module, "cpu_seconds", lambda: 1.2345)
    monkeypatch.setattr(live_module, "rss_bytes", lambda: 4096)
    monkeypatch.setattr(live_module.time, "time", lambda: 1700000000.12345)
    state = live_after_two_windows().to_dict(110.04, TODAY)
    assert state.pop("event")["label"] == "jazz"
    assert state == {
        "schema": 1,
        "unix_time": 1700000000.123,
        "status": "listening",
        "last_window_s": 6.0,
        "for_s": 1.0,
        "runs": [[0.0, 3.0, "blues"], [3.0, 4.0, "jazz"]],
        "today": {"date": "2026-11-23", "seconds": {"blues": 3.0, "jazz": 1.0}},
        "health": {
            "uptime_s": 10.0, "windows": 2, "cpu_percent": None, "cpu_seconds": 1.23,
            "rss_bytes": 4096, "real_time_factor": 0.0012,
            "dropped_samples": 5, "non_finite_samples": 7, "clipped_samples": 9,
        },
    }  # fmt: skip


def test_before_the_first_window_there_is_nothing_to_show():
    state = Live(session(), 100.0).to_dict(101.0, TODAY)
    assert (state["status"], state["event"], state["for_s"], state["runs"]) == (
        "starting", None, None, [],
    )  # fmt: skip
    assert state["health"]["dropped_samples"] == 0
    assert state["health"]["real_time_factor"] is None


def test_a_label_stands_since_its_first_window_not_since_its_last():
    live = Live(session(), 100.0)
    for time in range(3, 8):
        live.take(event("jazz", float(time), new_s=3.0 if time == 3 else 1.0), 100.0 + time, TODAY)
    assert live.to_dict(108.0, TODAY)["for_s"] == 7.0


def test_the_patience_is_ten_seconds_and_three_intervals():
    """Of a model with a window every minute, the next is no sooner than in a minute."""
    seldom = Live(session(interval_s=60.0), 100.0)
    assert (seldom.status(290.0), seldom.status(290.1)) == ("starting", "stalled")
    often = Live(session(interval_s=1.0), 100.0)
    assert (often.status(113.0), often.status(113.1)) == ("starting", "stalled")


def test_a_stream_that_begins_anew_leaves_nothing_of_the_one_before_but_the_totals():
    live = live_after_two_windows()
    live.take(event("jazz", 3.0), 107.0, TODAY)
    state = live.to_dict(108.0, TODAY)
    assert state["runs"] == [[0.0, 3.0, "jazz"]]
    assert state["today"]["seconds"] == {"blues": 3.0, "jazz": 4.0}
    assert state["health"]["windows"] == 3


def test_a_new_day_begins_with_the_first_window_after_midnight():
    live = live_after_two_windows()
    live.take(event("jazz", 5.0, new_s=1.0), 105.0, TODAY + datetime.timedelta(days=1))
    today = live.to_dict(106.0, TODAY + datetime.timedelta(days=1))["today"]
    assert today == {"date": "2026-11-24", "seconds": {"jazz": 1.0}}


def test_what_is_no_genre_has_a_colour_and_tags_have_their_base_rate():
    model = Live(tagged_session(), 100.0).facts_dict()["model"]
    assert model["colours"] == {
        "blues": "#E69F00", "jazz": "#56B4E9", "other": "#7688BE", "not music": "#70644C",
    }  # fmt: skip
    assert model["tags"][3] == {"name": "sad", "kind": "mood", "base_rate": 0.1}
    assert model["styles"][:3] == ["electronic > techno", "electronic", "latin > salsa"]


def test_what_does_not_change_is_the_models():
    facts = Live(session(interval_s=0.74304), 100.0).facts_dict()
    assert (facts["source"], facts["interval_s"]) == ("mic", 0.743)
    model = facts["model"]
    del model["metrics"]
    assert model == {
        "name": "tiny", "version": "1.2", "labels": ["blues", "jazz", "métal"],
        "rejected": ["métal"], "colours": {"blues": "#E69F00", "jazz": "#56B4E9"},
        "tags": [], "styles": [],
        "window_s": 3.0, "sample_rate": 22050, "hears": "130 frames of 13 mfcc coefficients",
        "format": "tflite", "quantization": "none", "bytes": 264, "licence": "CC0-1.0",
        "attribution": "nobody – «nirgends»", "silence_dbfs": -60.0,
    }  # fmt: skip
