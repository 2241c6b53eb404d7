"""What the page shows, in the text format of Prometheus, version 0.0.4."""

from __future__ import annotations

import math

from ..decoder import SILENCE, UNKNOWN
from ..sinks.process_cost import cpu_seconds, rss_bytes
from ..version import __version__
from .live import Live

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def metrics_text(live: Live, now: float, *, streams: int, requests: int) -> str:
    """All metrics.

    Parameters
    ----------
    live : Live
    now : float
        Of the monotonic clock, seconds.
    streams, requests : int
        Of the web server: pages that are open, requests so far.
    """
    page = _Page()
    manifest, event = live.session.manifest, live.event
    page.add(
        "edge_genre_build_info", "gauge", "Version of the program and its model.", 1.0,
        version=__version__, model=manifest.name, model_version=manifest.version,
    )  # fmt: skip
    page.add(
        "edge_genre_uptime_seconds", "gauge", "Since the start of the program.", now - live.started
    )
    stalled = live.status(now) == "stalled"
    page.add(
        "edge_genre_up", "gauge", "Whether windows of sound arrive.", float(not stalled)
    )  # fmt: skip
    page.add(
        "edge_genre_last_window_age_seconds", "gauge", "Since the latest window.",
        now - live.last_window_at,
    )  # fmt: skip
    if event is not None and not stalled:  # what was heard long ago is no present label
        for label in (*manifest.labels, SILENCE, UNKNOWN):
            page.add(
                "edge_genre_genre", "gauge", "1 for the present label, 0 for the others.",
                float(label == event.label), genre=label,
            )  # fmt: skip
        for label, posterior in event.posterior.items():
            page.add("edge_genre_posterior", "gauge", "Smoothed posterior.", posterior, label=label)
        page.add(
            "edge_genre_confidence", "gauge", "Posterior of the likeliest label; 0 in silence.",
            event.confidence,
        )  # fmt: skip
        page.add("edge_genre_level_dbfs", "gauge", "Level of the latest window.", event.level_dbfs)
    for label, seconds in live.seconds.items():
        page.add(
            "edge_genre_heard_seconds_total", "counter", "Sound so far, by label.", seconds,
            genre=label,
        )  # fmt: skip
    page.add("edge_genre_windows_total", "counter", "Windows classified.", live.windows)
    for name, meaning in (
        ("dropped", "Samples lost because this machine was too slow."),
        ("non_finite", "Samples that were NaN or infinite."),
        ("clipped", "Samples at full scale."),
    ):
        value = getattr(event, f"{name}_samples") if event is not None else 0
        page.add(f"edge_genre_{name}_samples_total", "counter", meaning, value)
    page.add(
        "edge_genre_front_end_seconds_total", "counter", "Time the front end took.",
        live.front_end_seconds,
    )  # fmt: skip
    page.add(
        "edge_genre_inference_seconds_total", "counter", "Time the network took.",
        live.inference_seconds,
    )  # fmt: skip
    page.add("edge_genre_http_streams", "gauge", "Pages that are open.", streams)
    page.add("edge_genre_http_requests_total", "counter", "Requests answered.", requests)
    page.add("process_cpu_seconds_total", "counter", "CPU time of this process.", cpu_seconds())
    page.add("process_resident_memory_bytes", "gauge", "Memory of this process.", rss_bytes())
    return str(page)


class _Page:
    """Samples in the order they came; each name is explained once."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._explained: set[str] = set()

    def add(self, name: str, kind: str, meaning: str, value: float, **labels: str) -> None:
        if name not in self._explained:
            self._explained.add(name)
            self._lines += [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"]
        named = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        self._lines.append(
            f"{name}{{{named}}} {_number(value)}" if named else f"{name} {_number(value)}"
        )

    def __str__(self) -> str:
        return "\n".join(self._lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("+Inf" if value > 0.0 else "-Inf")
    return str(value) if isinstance(value, int) else f"{value:.10g}"
