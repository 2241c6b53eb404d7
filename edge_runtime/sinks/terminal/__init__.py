"""How events look on a screen: a live panel, plain lines, or JSON lines."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from typing import TYPE_CHECKING, Protocol

from ...stderr import is_journal
from ...tags import first
from .. import Sink

if TYPE_CHECKING:
    from ...stream.event import Event
    from ...stream.session import Session

_EIGHTHS = " ▏▎▍▌▋▊▉█"


class Display(Sink, Protocol):
    """A sink for a user to look at."""


def choose_display(session: Session, *, json_lines: bool, tags: int = 0) -> Display:
    """JSON lines if asked for, a live panel on a terminal that has rich, else plain lines.

    The journal, which keeps all for months, gets changes alone.

    Parameters
    ----------
    session : Session
    json_lines : bool
    tags : int
        How many tags are shown beside each label; JSON lines have what their events say.
    """
    if json_lines:
        from .lines import JsonLines

        return JsonLines(sys.stdout)
    if sys.stdout.isatty() and not is_dumb():
        try:
            from .panel import LivePanel
        except ImportError:
            pass
        else:
            return LivePanel(session, tags)
    from .lines import Changes, PlainLines

    if _to_journal():
        return Changes(sys.stdout, session)
    return PlainLines(sys.stdout, session, tags)


def is_dumb() -> bool:
    """Whether the terminal knows no escape sequences: it has no cursor to move, no colours."""
    return os.environ.get("TERM", "").lower() in ("dumb", "unknown")


def _to_journal() -> bool:
    try:
        return is_journal(sys.stdout.fileno())
    except (OSError, ValueError):  # no file
        return False


def bar(share: float, width: int = 10) -> str:
    """A bar of `width` characters, filled to `share` (0 to 1) in steps of an eighth."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(width, "·")


def clock(seconds: float) -> str:
    """A duration as on a clock: ``0:07``, ``1:02:03``."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def kind_of(event: Event) -> str:
    """Style and mood of the music, ``electronic > techno, mellow``; empty where none is named."""
    return ", ".join(filter(None, (event.style, event.mood)))


def likeliest_tags(event: Event, tags: int) -> str:
    """The likeliest tags with their probabilities: ``electronic 80%, dance 61%``."""
    return ", ".join(f"{tag} {p:.0%}" for tag, p in first(event.tags, tags).items())


class Tally:
    """Seconds per label, for the summary at the end."""

    def __init__(self) -> None:
        self._by_label: dict[str, float] = defaultdict(float)

    def add(self, event: Event) -> None:
        """Count the sound that is new in this event."""
        self._by_label[event.label] += event.new_s

    @property
    def seconds(self) -> float:
        """Sound so far."""
        return sum(self._by_label.values())

    def __str__(self) -> str:
        ranked = sorted(self._by_label.items(), key=lambda item: -item[1])
        parts = ", ".join(f"{label} {clock(round(seconds))}" for label, seconds in ranked)
        return f"heard {clock(round(self.seconds))}: {parts}"
