"""Signals that end a long piece of work at a good place."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], None]
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class StopSignals:
    """Which signal came; a plain attribute, for a handler must not wait for a lock."""

    number: int | None = None

    def is_set(self) -> bool:
        """Whether it is time to end."""
        return self.number is not None

    @property
    def exit_code(self) -> int:
        """As a shell has it: 130 after Ctrl-C, 143 after SIGTERM."""
        return 0 if self.number is None else 128 + self.number

    def handle(self, number: int, _: FrameType | None) -> None:
        """Remember a signal; a second one ends the command where it is."""
        if self.number is not None:
            raise KeyboardInterrupt
        self.number = number


@contextmanager
def stop_signals() -> Iterator[StopSignals]:
    """Ctrl-C, SIGTERM and a closed terminal are looked for between two steps of the work.

    A signal that is ignored (``nohup``) stays so.
    """
    stop = StopSignals()
    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    handled = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]
    with handled_by(stop.handle, handled):
        yield stop


@contextmanager
def handled_by(handler: Handler, numbers: Iterable[int]) -> Iterator[None]:
    """A handler of these signals, and the earlier ones again afterwards."""
    previous = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, earlier in previous.items():
            signal.signal(number, earlier)
