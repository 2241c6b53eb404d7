"""Ctrl-C while the command is still being imported: it ends, without a traceback."""

from __future__ import annotations

import os
import signal
from types import FrameType, TracebackType

from . import INTERRUPTED


class EndAtOnce:
    """Inside, Ctrl-C ends the process where it is; there is nothing to close yet.

    A KeyboardInterrupt would not do: Python's import system calls back in places from where no
    exception gets out, and the command would go on.
    """

    _replaced = False

    def __enter__(self) -> None:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            try:
                signal.signal(signal.SIGINT, _end)
            except ValueError:  # not the main thread, which gets the signals
                return
            self._replaced = True

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        if self._replaced:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(_: int, __: FrameType | None) -> None:
    os._exit(INTERRUPTED)
