"""A thread for what may be slow or fail, so that the stream never waits for it."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from ..retry import Backoff

CLOSE_SECONDS = 1.2
"""How long a sink may go on writing when the program ends."""
CAPACITY = 1000
"""Items that wait while a sink is slow or away; a quarter of an hour of events."""

_Item = TypeVar("_Item")


class Background(Generic[_Item]):
    """Writes items in a thread of its own, in order, behind a bounded queue.

    Parameters
    ----------
    name : str
        Of the sink, for messages.
    write : callable
        Writes one item; may block, may raise anything.
    logger : logging.Logger
        Of the sink.
    items : str
        What the items are, for messages.
    capacity : int
        Items that may wait; when it is full the oldest one is dropped, and counted.
    retry : bool
        Whether an item that could not be written is tried again, with growing delays, until it
        can; otherwise it is given up.
    finish : callable, optional
        Called in the thread after the last item.
    """

    def __init__(
        self,
        name: str,
        write: Callable[[_Item], None],
        *,
        logger: logging.Logger,
        items: str = "events",
        capacity: int = CAPACITY,
        retry: bool = True,
        finish: Callable[[], None] | None = None,
    ) -> None:
        self._write, self._retry, self._finish, self._items = write, retry, finish, items
        self._backoff = Backoff(name, logger)
        self._queue: deque[_Item] = deque(maxlen=capacity)
        self._wake = threading.Condition()
        self._closing = False
        self.dropped = 0
        """Items that were never written"""
        self._reported_dropped = 0
        # A daemon: one that hangs in its driver must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, item: _Item) -> None:
        """Queue an item; never waits for the writer."""
        with self._wake:
            if len(self._queue) == self._queue.maxlen:
                self.dropped += 1
            self._queue.append(item)
            self._wake.notify()

    def close(self) -> bool:
        """Write what waits, for `CLOSE_SECONDS` at most; returns whether the thread ended."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(CLOSE_SECONDS)
        with self._wake:
            self.dropped += len(self._queue)
            self._queue.clear()
        if losses := self._new_losses():
            self._backoff.report(losses)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while (item := self._next()) is not None:
                self._deliver(item)
        finally:
            if self._finish:
                with contextlib.suppress(Exception):
                    self._finish()

    def _next(self) -> _Item | None:
        with self._wake:
            self._wake.wait_for(lambda: self._queue or self._closing)
            return self._queue.popleft() if self._queue else None

    def _deliver(self, item: _Item) -> None:
        while True:
            try:
                self._write(item)
            except Exception as error:  # whatever it is, the stream goes on
                delay = self._failed(error)
                with self._wake:
                    if not self._retry:
                        return
                    if self._closing:  # the others would fail alike
                        self.dropped += 1 + len(self._queue)
                        self._queue.clear()
                        return
                    self._wake.wait_for(lambda: self._closing, delay)
            else:
                if self._backoff.failing:
                    losses = self._new_losses()
                    self._backoff.recovered(f"works again; {losses}" if losses else "works again")
                return

    def _failed(self, error: Exception) -> float:
        message = getattr(error, "strerror", None) or str(error) or type(error).__name__
        if not self._retry:
            return self._backoff.failed(message, "not reported again until it works")
        waiting = f"the newest {self._queue.maxlen} {self._items} are kept"
        return self._backoff.failed(message, f"trying again, {waiting}")

    def _new_losses(self) -> str:
        with self._wake:
            new = self.dropped - self._reported_dropped
            self._reported_dropped = self.dropped
        return f"{new} {self._items} were lost" if new else ""
