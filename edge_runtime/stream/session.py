"""What is listened to and with which model: handed to whatever shows or saves events."""

from __future__ import annotations

from dataclasses import dataclass

from ..model.manifest import Manifest

PATIENCE_SECONDS, PATIENCE_INTERVALS = 10.0, 3.0


@dataclass(frozen=True, kw_only=True)
class Session:
    """What stays the same while one source is classified by one model."""

    source: str
    """What to call it on the screen"""
    manifest: Manifest
    """Of the model"""
    interval_s: float
    """Time between two windows, seconds"""
    seconds: float | None = None
    """How long the source lasts; None where nobody knows"""

    @property
    def names_style(self) -> bool:
        """Whether the model can name a style of the music."""
        manifest = self.manifest
        return bool(manifest.styles) or any(tag.kind == "genre" for tag in manifest.tags)

    @property
    def names_mood(self) -> bool:
        """Whether the model can name a mood of the music."""
        return any(tag.kind == "mood" for tag in self.manifest.tags)

    @property
    def patience_s(self) -> float:
        """Without an event for longer, nothing is heard any more; seconds."""
        return PATIENCE_SECONDS + PATIENCE_INTERVALS * self.interval_s
