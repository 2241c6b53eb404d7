"""What a page shows, made up: two genres and one label that is no genre."""

from __future__ import annotations

import datetime
from typing import Any

from edge_runtime.stream.session import Session
from edge_runtime.web.live import Live
from tests.edge_runtime.manifests import FAKE_TFLITE, manifest_for
from tests.edge_runtime.sinks.events import event

TODAY = datetime.date(2026, 11, 23)


def session(interval_s: float = 1.0, **manifest: Any) -> Session:
    """Of a model with the genres blues and jazz."""
    facts = manifest_for(FAKE_TFLITE, **{"rejected": ("métal",), **manifest})
    return Session(source="mic", manifest=facts, interval_s=interval_s)


def live_after_two_windows(**manifest: Any) -> Live:
    """Started at 100 s; 3 s of blues came at 102 s, one more second, of jazz, at 104 s."""
    live = Live(session(**manifest), 100.0)
    live.take(event("blues", time=3.0, front_end_ms=2.0, inference_ms=1.0), 102.0, TODAY)
    live.take(
        event(
            "jazz", time=4.0, new_s=1.0, front_end_ms=2.5, inference_ms=0.5,
            dropped_samples=5, non_finite_samples=7, clipped_samples=9,
        ),
        104.0, TODAY,
    )  # fmt: skip
    return live
