"""Every metric, as Prometheus reads it."""

import math

import pytest

from edge_runtime.web import metrics
from edge_runtime.web.live import Live
from edge_runtime.web.metrics import metrics_text

from .facts import live_after_two_windows, session

AFTER_TWO_WINDOWS = r"""# HELP edge_genre_build_info Version of the program and its model.
# TYPE edge_genre_build_info gauge
edge_genre_build_info{version="9.8",model="a \"b\"\\\n",model_version="1.2"} 1
# HELP edge_genre_uptime_seconds Since the start of the program.
# TYPE edge_genre_uptime_seconds gauge
edge_genre_uptime_seconds 10
# HELP edge_genre_up Whether windows of sound arrive.
# TYPE edge_genre_up gauge
edge_genre_up 1
# HELP edge_genre_last_window_age_seconds Since the latest window.
# TYPE edge_genre_last_window_age_seconds gauge
edge_genre_last_window_age_seconds 6
# HELP edge_genre_genre 1 for the present label, 0 for the others.
# TYPE edge_genre_genre gauge
edge_genre_genre{genre="blues"} 0
edge_genre_genre{genre="jazz"} 1
edge_genre_genre{genre="métal"} 0
edge_genre_genre{genre="silence"} 0
edge_genre_genre{genre="unknown"} 0
# HELP edge_genre_posterior Smoothed posterior.
# TYPE edge_genre_posterior gauge
edge_genre_posterior{label="blues"} 0.25
edge_genre_posterior{label="jazz"} 0.75
# HELP edge_genre_confidence Posterior of the likeliest label; 0 in silence.
# TYPE edge_genre_confidence gauge
edge_genre_confidence 0.75
# HELP edge_genre_level_dbfs Level of the latest window.
# TYPE edge_genre_level_dbfs gauge
edge_genre_level_dbfs -20.04
# HELP edge_genre_heard_seconds_total Sound so far, by label.
# TYPE edge_genre_heard_seconds_total counter
edge_genre_heard_seconds_total{genre="blues"} 3
edge_genre_heard_seconds_total{genre="jazz"} 1
# HELP edge_genre_windows_total Windows classified.
# TYPE edge_genre_windows_total counter
edge_genre_windows_total 2
# HELP edge_genre_dropped_samples_total Samples lost because this machine was too slow.
# TYPE edge_genre_dropped_samples_total counter
edge_genre_dropped_samples_total 5
# HELP edge_genre_non_finite_samples_total Samples that were NaN or infinite.
# TYPE edge_genre_non_finite_samples_total counter
edge_genre_non_finite_samples_total 7
# HELP edge_genre_clipped_samples_total Samples at full scale.
# TYPE edge_genre_clipped_samples_total counter
edge_genre_clipped_samples_total 9
# HELP edge_genre_front_end_seconds_total Time the front end took.
# TYPE edge_genre_front_end_seconds_total counter
edge_genre_front_end_seconds_total 0.0045
# HELP edge_genre_inference_seconds_total Time the network took.
# TYPE edge_genre_inference_seconds_total counter
edge_genre_inference_seconds_total 0.0015
# HELP edge_genre_http_streams Pages that are open.
# TYPE edge_genre_http_streams gauge
edge_genre_http_streams 2
# HELP edge_genre_http_requests_total Requests answered.
# TYPE edge_genre_http_requests_total counter
edge_genre_http_requests_total 11
# HELP process_cpu_seconds_total CPU time of this process.
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 1.25
# HELP process_resident_memory_bytes Memory of this process.
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 4096
"""


@pytest.fixture(autouse=True)
def process(monkeypatch):
    """What the process costs, and its version."""
    monkeypatch.setattr(metrics, "cpu_seconds", lambda: 1.25)
    monkeypatch.setattr(metrics, "rss_bytes", lambda: 4096)
    monkeypatch.setattr(metrics, "__version__", "9.8")


def test_every_metric_has_its_name_its_type_and_its_value():
    live = live_after_two_windows(name='a "b"\\\n')
    assert metrics_text(live, 110.0, streams=2, requests=11) == AFTER_TWO_WINDOWS


def test_what_was_heard_before_a_stall_is_no_present_label():
    live = live_after_two_windows(name="tiny")
    text = metrics_text(live, 200.0, streams=0, requests=1)
    assert "edge_genre_up 0\n" in text
    assert "edge_genre_windows_total 2\n" in text
    for name in ("genre", "posterior", "confidence", "level_dbfs"):
        assert f"edge_genre_{name}" not in text


def test_before_the_first_window_there_is_no_label_and_the_counters_are_zero():
    lines = metrics_text(Live(session(), 100.0), 101.5, streams=0, requests=1).splitlines()
    samples = [line for line in lines if not line.startswith("#")]
    assert samples == [
        'edge_genre_build_info{version="9.8",model="tiny",model_version="1.2"} 1',
        "edge_genre_uptime_seconds 1.5",
        "edge_genre_up 1",
        "edge_genre_last_window_age_seconds 1.5",
        "edge_genre_windows_total 0",
        "edge_genre_dropped_samples_total 0",
        "edge_genre_non_finite_samples_total 0",
        "edge_genre_clipped_samples_total 0",
        "edge_genre_front_end_seconds_total 0",
        "edge_genre_inference_seconds_total 0",
        "edge_genre_http_streams 0",
        "edge_genre_http_requests_total 1",
        "process_cpu_seconds_total 1.25",
        "process_resident_memory_bytes 4096",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [(math.nan, "NaN"), (math.inf, "+Inf"), (-math.inf, "-Inf"), (1e-5, "1e-05"), (3, "3")],
)
def test_a_number_is_written_as_prometheus_writes_it(value, text):
    assert metrics._number(value) == text
