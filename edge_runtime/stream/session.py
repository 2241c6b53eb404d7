"""What a listener listens to, and with what: told to whoever shows its answers."""

from __future__ import annotations

from dataclasses import dataclass

from ..model.manifest import Manifest


@dataclass(frozen=True, kw_only=True)
class Listening:
    """What stays the same while one source is heard with one model."""

    source: str
    """What to call it on the screen"""
    manifest: Manifest
    """Of the model"""
    interval_s: float
    """Time between answers, seconds"""
    seconds: float | None = None
    """How long the source lasts; None where nobody knows"""
