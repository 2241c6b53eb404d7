"""Events as a live panel on a terminal, drawn by rich."""

from __future__ import annotations

from collections import deque

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ...decoder import SILENCE, UNKNOWN
from ...printable import printable
from ...stream.event import Event
from ...stream.session import Session
from . import Tally, bar, clock, kind_of, likeliest_tags
from .colours import colour_of

_QUIET = "bright_black"
_WIDEST = 78
_ROWS = 5
_LEVEL_RANGE_DB = 60.0


class LivePanel:
    """The genre, its confidence, style, mood and tags, the runners-up, and the labels so far."""

    def __init__(self, session: Session, tags: int = 0) -> None:
        self._session, self._tally, self._tags = session, Tally(), tags
        self._console = Console()
        self._width = min(_WIDEST, self._console.width)
        self._history: deque[str] = deque(maxlen=max(8, self._width - 14))
        self._live = Live(self._waiting(), console=self._console, auto_refresh=False)
        self._live.start(refresh=True)

    def show(self, event: Event) -> None:
        """Redraw the panel."""
        self._tally.add(event)
        self._history.append(event.label)
        named = self._session.names_style or self._session.names_mood
        body = Group(
            self._label(event),
            *([self._words(kind_of(event))] if named else []),
            *([self._words(likeliest_tags(event, self._tags))] if self._tags else []),
            Text(),
            self._bars(event),
            Text(),
            self._strip(),
            self._health(event),
        )
        self._live.update(self._panel(body, event.end), refresh=True)

    def describe(self, session: Session) -> None:
        """Colours are those of another model's labels from now on."""
        self._session = session

    def close(self) -> None:
        """Leave the last picture standing, with a summary below."""
        self._live.stop()
        if self._tally.seconds:
            self._console.print(printable(str(self._tally)), style=_QUIET, highlight=False)

    def _waiting(self) -> Panel:
        return self._panel(Text("listening ...", style=_QUIET), 0.0)

    def _panel(self, body: Group | Text, seconds: float) -> Panel:
        total = self._session.seconds
        time = clock(seconds) if total is None else f"{clock(seconds)} / {clock(total)}"
        source = Text(
            f"{printable(self._session.source)}  {time}",
            style="default",
            overflow="ellipsis",
            no_wrap=True,
        )
        return Panel(
            body,
            title=Text("edge-genre", style="bold"),
            title_align="left",
            subtitle=source,
            subtitle_align="right",
            border_style=_QUIET,
            padding=(1, 2),
            width=self._width,
        )

    def _label(self, event: Event) -> Text:
        text = Text(printable(event.label.upper()), style=f"bold {self._colour(event.label)}")
        if event.label not in (SILENCE, UNKNOWN):
            text.append(f"   {event.confidence:.0%} sure", style="default not bold")
        return text

    def _words(self, words: str) -> Text:
        return Text(printable(words), overflow="ellipsis", no_wrap=True)

    def _bars(self, event: Event) -> Table:
        names = max(map(len, self._session.manifest.labels))
        width = max(4, self._width - 6 - names - 8)  # frame and padding; percent and gaps
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(width=names)
        table.add_column(width=width)
        table.add_column(justify="right", width=4)
        ranked = sorted(event.posterior.items(), key=lambda item: -item[1])
        for label, share in ranked[:_ROWS]:
            style = self._colour(label) if label == event.label else _QUIET
            table.add_row(
                Text(printable(label), style="bold" if label == event.label else "default"),
                Text(bar(share, width).rstrip("·"), style=style),
                f"{share:.0%}",
            )
        return table

    def _strip(self) -> Text:
        strip = Text("heard   ", style=_QUIET)
        for label in self._history:
            strip.append("▁" if label == SILENCE else "▆", style=self._colour(label))
        return strip

    def _health(self, event: Event) -> Text:
        share = 1.0 + max(event.level_dbfs, -_LEVEL_RANGE_DB) / _LEVEL_RANGE_DB
        text = Text("level   ", style=_QUIET)
        text.append(bar(share, 12).rstrip("·").ljust(12), style="default")
        text.append(f" {event.level_dbfs:.0f} dBFS", style=_QUIET)
        text.append(f"   {event.front_end_ms + event.inference_ms:.1f} ms a window", style=_QUIET)
        if event.clipped_samples:
            text.append(f"   {event.clipped_samples} clipped", style="yellow")
        if event.dropped_samples:
            text.append(f"   {event.dropped_samples} dropped", style="red")
        return text

    def _colour(self, label: str) -> str:
        return colour_of(label, self._session.manifest.labels) or _QUIET
