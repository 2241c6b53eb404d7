"""Events as lines of text: for pipes, logs, and terminals without rich."""

from __future__ import annotations

from typing import TextIO

from ...decoder import SILENCE, UNKNOWN
from ...printable import printable
from ...stream.event import Event
from ...stream.session import Session
from . import Tally, bar, clock, kind_of, likeliest_tags

_RUNNERS_UP = 2


class PlainLines:
    """One line per event, and a summary."""

    def __init__(self, file: TextIO, session: Session, tags: int = 0) -> None:
        self._file, self._tally, self._tags = file, Tally(), tags
        self._width = _width(session)
        seconds, name = session.seconds, session.manifest.name
        length = "" if seconds is None else f" ({clock(seconds)})"
        self._print(f"listening to {session.source}{length} with {name}; Ctrl-C ends")

    def show(self, event: Event) -> None:
        """Print time, genre, confidence, the runners-up, style, mood and tags."""
        self._tally.add(event)
        ranked = sorted(event.posterior.items(), key=lambda item: -item[1])
        confidence = ""
        if event.label != SILENCE:
            others = "  ".join(f"{label} {p:.0%}" for label, p in ranked[1 : 1 + _RUNNERS_UP])
            # "unknown" is no label of the posterior; name the likeliest that is.
            named = f" {ranked[0][0]}," if event.label == UNKNOWN else "  "
            beside = filter(None, (kind_of(event), likeliest_tags(event, self._tags)))
            kind = "".join(f"; {words}" for words in beside)
            confidence = f"{bar(event.confidence)} {event.confidence:>4.0%}{named} {others}{kind}"
        line = f"{clock(event.end):>7}  {event.label:<{self._width}}  {confidence}"
        self._print(line.rstrip())

    def describe(self, session: Session) -> None:
        """Print which model takes over."""
        self._width = _width(session)
        self._print(f"now with {session.manifest.name}")

    def close(self) -> None:
        """Print the summary, if there was any sound."""
        if self._tally.seconds:
            self._print(str(self._tally))

    def _print(self, line: str) -> None:
        print(printable(line), file=self._file, flush=True)


def _width(session: Session) -> int:
    return max(map(len, (*session.manifest.labels, SILENCE)))


class Changes:
    """A line for each change of the label."""

    def __init__(self, file: TextIO, session: Session) -> None:
        self._file = file
        self._label: str | None = None
        self.describe(session)

    def show(self, event: Event) -> None:
        """Print the label if it is another one."""
        if event.label != self._label:
            self._label = event.label
            confidence = f" {event.confidence:.0%}" if event.label not in (SILENCE, UNKNOWN) else ""
            kind = f"; {found}" if (found := kind_of(event)) else ""
            self._print(f"{event.label}{confidence}{kind}")

    def describe(self, session: Session) -> None:
        """Print the source and the model."""
        self._print(f"listening to {session.source} with {session.manifest.name}")

    def close(self) -> None:
        """Nothing is pending."""

    def _print(self, line: str) -> None:
        print(printable(line), file=self._file, flush=True)


class JsonLines:
    """One JSON object per line, flushed at once."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def show(self, event: Event) -> None:
        """Write the event."""
        self._file.write(event.to_json() + "\n")
        self._file.flush()

    def close(self) -> None:
        """Nothing is pending: every line was flushed."""
