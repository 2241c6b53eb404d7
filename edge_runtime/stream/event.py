"""What a stream gives: one event per window."""

from __future__ import annotations

import dataclasses
import json
import time
from dataclasses import dataclass, field

from ..unicode_text import escaped

EVENT_SCHEMA_VERSION = 1
"""A new version changes or removes a field; fields may be added without one."""


def utc_now() -> str:
    """Wall-clock time, ISO 8601 in UTC with milliseconds: ``2026-11-23T11:38:05.042Z``."""
    seconds, milliseconds = divmod(time.time_ns() // 1_000_000, 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{milliseconds:03}Z"


@dataclass(frozen=True, kw_only=True)
class Event:
    """The label at one window of a stream. A JSON line holds exactly these fields."""

    schema: int = EVENT_SCHEMA_VERSION
    time: float
    """When the window was classified, seconds of the machine's monotonic clock"""
    start: float
    """Start of the window in the stream, seconds"""
    end: float
    """End of the window in the stream, seconds"""
    new_s: float
    """Sound of the window that no event before had, seconds: the windows overlap. Their sum counts
    each moment of the stream once, and nothing of the time for which the source was away"""
    label: str
    """A genre, ``silence`` or ``unknown``"""
    confidence: float
    """Smoothed posterior of the genre; of the likeliest label in ``unknown``; 0 in silence"""
    posterior: dict[str, float]
    """Smoothed over the stream, by label"""
    raw_posterior: dict[str, float]
    """Of this window alone, by label"""
    level_dbfs: float
    """Root-mean-square level of the window, dB relative to full scale"""
    front_end_ms: float
    inference_ms: float
    padded: bool = False
    """Whether the stream was shorter than a window, and was repeated to fill one"""
    dropped_samples: int = 0
    """Samples lost so far because they were not read in time; zeros stand in their place"""
    missing_s: float = 0.0
    """Time so far for which the source was away, seconds; no windows are made of it"""
    non_finite_samples: int = 0
    """NaN or infinite samples so far; zeros stand in their place"""
    clipped_samples: int = 0
    """Samples at full scale so far"""
    utc: str = field(default_factory=utc_now)
    """When the window was classified, wall clock, ISO 8601; it jumps when the clock is set"""

    def to_json(self) -> str:
        """One line of JSON, without the line end; always valid UTF-8."""
        values = dataclasses.asdict(self)
        for name, digits in _DIGITS.items():
            values[name] = round(values[name], digits)
        for name in ("posterior", "raw_posterior"):
            values[name] = {label: round(value, 4) for label, value in values[name].items()}
        return escaped(json.dumps(values, ensure_ascii=False))


_DIGITS = {
    "time": 3,
    "start": 3,
    "end": 3,
    "new_s": 3,
    "confidence": 4,
    "level_dbfs": 1,
    "missing_s": 3,
    "front_end_ms": 3,
    "inference_ms": 3,
}
