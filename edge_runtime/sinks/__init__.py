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
class Describing(Protocol):
    """A sink that tells with what is being listened, too."""

    def describe(self, session: Session) -> None:
        """Another model takes over; the events from now on are its. Returns at once."""
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
        """Tell those who want to know that another model takes over."""
        for sink in self._sinks:
            if isinstance(sink, Describing):
                sink.describe(session)

    def close(self) -> None:
        """Close each, the first one first."""
        with ExitStack() as closing:
            for sink in reversed(self._sinks):
                closing.callback(sink.close)
