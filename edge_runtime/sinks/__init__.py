"""Where events go besides the screen: files, a broker, a command, a database."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:  # `classify` prints with a sink's bars, and has no stream
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
    """Several sinks as one; each is closed, whatever the others do.

    Parameters
    ----------
    sinks : sequence of Sink
        Closed one after the other.
    slow : sequence of Sink
        Closed after them, all at the same time: they take as long as the slowest.
    """

    def __init__(self, sinks: Sequence[Sink], *, slow: Sequence[Sink] = ()) -> None:
        self._first, self._slow = tuple(sinks), tuple(slow)

    def show(self, event: Event) -> None:
        """Hand the event to each."""
        for sink in (*self._first, *self._slow):
            sink.show(event)

    def describe(self, session: Session) -> None:
        """Hand the new session to each that shows it."""
        for sink in (*self._first, *self._slow):
            if isinstance(sink, SessionSink):
                sink.describe(session)

    def close(self) -> None:
        """Close each, the first one first."""
        with ExitStack() as closing:
            closing.callback(self._close_slow)
            for sink in reversed(self._first):
                closing.callback(sink.close)

    def _close_slow(self) -> None:
        errors: list[BaseException] = []

        def close(sink: Sink) -> None:
            try:
                sink.close()
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=close, args=(sink,)) for sink in self._slow]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]
