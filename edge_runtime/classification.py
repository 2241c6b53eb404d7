"""What a classifier finds: the label of a file, of its windows, of one window of samples."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .silence import WindowLevel
from .tags import SHOWN_TAGS, first, rounded


@dataclass(frozen=True)
class WindowClassification:
    """The label of one window of a file."""

    start: float
    """Seconds from the start of the file"""
    end: float
    """Seconds from the start of the file"""
    label: str
    """One of the model's labels or ``silence``; ``unknown`` for a genre that the user ignores"""
    posterior: dict[str, float]
    """By label"""
    level_dbfs: float


@dataclass(frozen=True)
class Classification:
    """The label of one file."""

    path: str
    """``samples`` where samples were classified"""
    label: str
    """A genre, ``other`` or ``not music`` where the model has them, ``silence`` or ``unknown``"""
    posterior: dict[str, float]
    """Of all windows that are not silent together, by label; all 0 where all of them are"""
    windows: tuple[WindowClassification, ...]
    seconds: float
    """Duration of the file"""
    warnings: tuple[str, ...]
    """What was odd about the file, though it could be classified"""
    tags: dict[str, float] = field(default_factory=dict)
    """Probability of all of the model's tags, the likeliest first; none in silence"""
    styles: dict[str, float] = field(default_factory=dict)
    """The likeliest styles by their paths (``electronic > techno``): three at most, or none"""
    style: str | None = None
    """The one style or kind of music to show"""
    mood: str | None = None
    """The one mood to show"""
    tag_logits: tuple[float, ...] = ()
    """Of all tags, then of all styles, in the manifest's order: calibrated, the mean over the
    windows that are not silent"""

    @property
    def confidence(self) -> float:
        """Posterior of the likeliest label, ``other`` and ``not music`` included."""
        return max(self.posterior.values())

    @property
    def segments(self) -> tuple[WindowClassification, ...]:
        """The old name of `windows`."""
        warnings.warn("Classification.segments is now .windows", DeprecationWarning, stacklevel=2)
        return self.windows

    def to_dict(self, shown_tags: int = SHOWN_TAGS) -> dict[str, Any]:
        """JSON-ready form, with so many of the tags, the likeliest ones."""
        return {
            "path": self.path,
            "label": self.label,
            "posterior": rounded(self.posterior),
            "tags": rounded(first(self.tags, shown_tags)),
            "styles": rounded(self.styles),
            "style": self.style,
            "mood": self.mood,
            "seconds": round(self.seconds, 3),
            "segments": [
                {
                    "start": round(window.start, 3),
                    "end": round(window.end, 3),
                    "label": window.label,
                    "posterior": rounded(window.posterior),
                    "level_dbfs": round(window.level_dbfs, 1),
                }
                for window in self.windows
            ],
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True)
class WindowResult:
    """Posterior and level of one window of samples."""

    posterior: npt.NDArray[np.float32]
    """(classes,)"""
    level: WindowLevel
    tag_logits: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    """(tags + styles,), calibrated"""

    @property
    def level_dbfs(self) -> float:
        """Root-mean-square level, dB relative to full scale."""
        return self.level.dbfs
