"""What a stream gives: one event per window."""

from __future__ import annotations

import dataclasses
import json
import time
from dataclasses import dataclass, field

from ..tags import SHOWN_TAGS, first, rounded
from ..unicode_text import escaped

EVENT_SCHEMA_VERSION = 1
"""A new version changes or removes a field; fields may be added without one."""


def utc_now() -> str:
    """Wall-clock time, ISO 8601 in UTC with milliseconds: ``2026-11-23T11:38:05.042Z``."""
    seconds, milliseconds = divmod(time.time_ns() // 1_000_000, 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{milliseconds:03}Z"


@dataclass(frozen=True, kw_only=True)
class Event:
    """The label at one window of a stream. A JSON line holds these fields."""

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
    """A genre, ``other`` or ``not music`` where the model has them, ``silence`` or ``unknown``"""
    confidence: float
    """Smoothed posterior of the label; of the likeliest one in ``unknown``; 0 in silence"""
    posterior: dict[str, float]
    """Smoothed over the stream, by label"""
    raw_posterior: dict[str, float]
    """Of this window alone, by label"""
    tags: dict[str, float] = field(default_factory=dict)
    """Probability of all of the model's tags, smoothed over the stream, the likeliest first; none
    in silence. Of these, a JSON line holds the `shown_tags` likeliest"""
    styles: dict[str, float] = field(default_factory=dict)
    """The likeliest styles, smoothed over the stream, by their paths (``electronic > techno``):
    three at most, or none"""
    style: str | None = None
    """The one style or kind of music to show"""
    mood: str | None = None
    """The one mood to show"""
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
    shown_tags: int = SHOWN_TAGS
    """How many of `tags` a JSON line holds, which does not hold this number"""

    @property
    def likeliest_tags(self) -> dict[str, float]:
        """The first `shown_tags` of `tags`."""
        return first(self.tags, self.shown_tags)

    def to_json(self) -> str:
        """One line of JSON, without the line end; always valid UTF-8."""
        values = dataclasses.asdict(self)
        del values["shown_tags"]
        for name, digits in _DIGITS.items():
            values[name] = round(values[name], digits)
        values["tags"] = self.likeliest_tags
        for name in ("posterior", "raw_posterior", "tags", "styles"):
            values[name] = rounded(values[name])
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
