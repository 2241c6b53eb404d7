"""Where events go besides the screen: files, a broker, a command, a database."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Protocol, runtime_checkable

from ..stream.event import Event
from ..stream.session import Session


class Sink(Protocol):
    """Somewhere that events go to. A display is one.

    The stream waits for `show`, so what may be slow or fail belongs into the background
    (`edge_runtime.sinks.background`).
    """

    def show(self, event: Event) -> None:
        """Take one event; returns at once."""
        ...

    def close(self) -> None:
        """Write what is still to be written, for a short time; called once, whatever happened."""
        ...


@runtime_checkable
class SessionSink(Protocol):
    """A sink that shows the session, too."""

    def describe(self, session: Session) -> None:
        """Another model takes over: the events from now on are of this session. Returns at once."""
        ...


class Several:
    """Several sinks as one; each is closed, whatever the others do."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = tuple(sinks)

    def show(self, event: Event) -> None:
        """Hand the event to each."""
        for sink in self._sinks:
            sink.show(event)

    def describe(self, session: Session) -> None:
        """Hand the new session to each that shows it."""
        for sink in self._sinks:
            if isinstance(sink, SessionSink):
                sink.describe(session)

    def close(self) -> None:
        """Close each, the first one first."""
        with ExitStack() as closing:
            for sink in reversed(self._sinks):
                closing.callback(sink.close)
