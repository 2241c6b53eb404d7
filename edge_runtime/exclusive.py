"""What one thread at a time may use: the second one is refused, and nothing is mixed up."""

from __future__ import annotations

import threading
from types import TracebackType

from .errors import StreamUseError


class Exclusive:
    """A context that one user at a time may be in; another one is refused, not kept waiting.

    Waiting would be no help: chunks of a stream that come from two threads have no order.

    Parameters
    ----------
    what : str
        What is used, as the message names it.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise StreamUseError(
                f"this {self._what} was called while it was at work, by another thread or from its "
                "own callback; give each thread its own, or put a lock around one"
            )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.release()
