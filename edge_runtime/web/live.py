"""What the page and the metrics show; belongs to the thread of the server."""

from __future__ import annotations

import datetime
import json
import time
from collections import defaultdict
from typing import Any

from ..decoder import NOT_MUSIC, OTHER
from ..model.manifest import Manifest
from ..sinks.process_cost import CpuShare, cpu_seconds, rss_bytes
from ..sinks.terminal.colours import colour_of
from ..stream.event import Event
from ..stream.session import Session
from .tally import DayTally, Runs

STATE_SCHEMA_VERSION = 1
SHOWN_SECONDS = 120.0
"""How far back the page looks"""
_SMOOTHING = 0.1


class Live:
    """The newest event, totals and health; bounded, however long it runs.

    Parameters
    ----------
    session : Session
    now : float
        Of the monotonic clock, seconds.
    """

    def __init__(self, session: Session, now: float) -> None:
        self.session = session
        self.event: Event | None = None
        """The latest; None before the first"""
        self.windows = 0
        """Since the start"""
        self.seconds: dict[str, float] = defaultdict(float)
        """Of sound since the start, by label"""
        self.front_end_seconds = 0.0
        self.inference_seconds = 0.0
        """CPU that the windows took since the start"""
        self.started = now
        self.last_window_at = now
        """When the latest window came, or the program started; monotonic clock, seconds"""
        self.runs = Runs(SHOWN_SECONDS)
        self._today = DayTally()
        self._cpu = CpuShare()
        self._load: float | None = None

    def describe(self, session: Session) -> None:
        """Another source or model: what was shown of the stream before is over."""
        self.session = session
        self._restart()

    def take(self, event: Event, now: float, today: datetime.date) -> None:
        """Take an event in."""
        if self.event is not None and event.end < self.event.end:
            self._restart()  # the stream began anew
        new_s = event.new_s
        self.runs.add(event.end - new_s, event.end, event.label)
        self._today.add(event.label, new_s, today)
        self.seconds[event.label] += new_s
        self.windows += 1
        self.front_end_seconds += 1e-3 * event.front_end_ms
        self.inference_seconds += 1e-3 * event.inference_ms
        if new_s > 0.0:
            load = 1e-3 * (event.front_end_ms + event.inference_ms) / new_s
            self._load = (
                load if self._load is None else self._load + _SMOOTHING * (load - self._load)
            )
        self.event, self.last_window_at = event, now

    def _restart(self) -> None:
        self.event = None
        self.runs.clear()

    def status(self, now: float) -> str:
        """``"starting"``, ``"listening"``, or ``"stalled"`` where no window came for too long."""
        if now - self.last_window_at > self.session.patience_s:
            return "stalled"
        return "starting" if self.event is None else "listening"

    def to_dict(self, now: float, today: datetime.date, *, after: float = -1.0) -> dict[str, Any]:
        """JSON-ready form of what changes; the runs that end after a moment of the stream."""
        self._today.turn(today)
        event = self.event
        since = self.runs.since
        return {
            "schema": STATE_SCHEMA_VERSION,
            "unix_time": round(time.time(), 3),
            "status": self.status(now),
            "last_window_s": round(now - self.last_window_at, 1),
            "for_s": round(event.end - since, 1) if event and since is not None else None,
            "event": None if event is None else json.loads(event.to_json()),
            "runs": self.runs.to_list(after),
            "today": self._today.to_dict(),
            "health": self._health(now),
        }

    def facts_dict(self) -> dict[str, Any]:
        """JSON-ready form of what does not change."""
        manifest = self.session.manifest
        params, weights = manifest.front_end, manifest.weights
        return {
            "source": self.session.source,
            "interval_s": round(self.session.interval_s, 3),
            "model": {
                "name": manifest.name,
                "version": manifest.version,
                "labels": list(manifest.labels),
                "rejected": list(manifest.rejected),
                "colours": _colours(manifest),
                "tags": [
                    {"name": tag.path, "kind": tag.kind, "base_rate": tag.base_rate}
                    for tag in manifest.tags
                ],
                "styles": [style.path for style in manifest.styles],
                "window_s": round(params.window_seconds, 3),
                "sample_rate": params.sample_rate,
                "hears": params.summary,
                "format": weights.format,
                "quantization": weights.quantization,
                "bytes": weights.bytes,
                "licence": manifest.licence,
                "attribution": manifest.attribution,
                "metrics": manifest.metrics,
                "silence_dbfs": manifest.decoder.silence_dbfs,
            },
        }

    def _health(self, now: float) -> dict[str, Any]:
        event = self.event
        return {
            "uptime_s": round(now - self.started, 1),
            "windows": self.windows,
            "cpu_percent": self._cpu.percent(now),
            "cpu_seconds": round(cpu_seconds(), 2),
            "rss_bytes": rss_bytes(),
            "real_time_factor": None if self._load is None else round(self._load, 5),
            **{
                field: getattr(event, field) if event else 0
                for field in ("dropped_samples", "non_finite_samples", "clipped_samples")
            },
        }


def _colours(manifest: Manifest) -> dict[str, str | None]:
    """Of the genres, and of what is no genre but has a colour all the same."""
    shown = [*manifest.genres, *({OTHER, NOT_MUSIC} & set(manifest.rejected))]
    return {label: colour_of(label, manifest.labels) for label in manifest.labels if label in shown}
