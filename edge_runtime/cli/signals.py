"""The signals of ``listen``: which end it, which one has its model loaded again."""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from types import FrameType

from ..service.notify import ServiceManager
from . import INTERRUPTED
from .stop_signals import handled_by

GRACE_SECONDS = 1.8
"""After a signal that ends the program; what still hangs then is left behind."""
_HANGUP = getattr(signal, "SIGHUP", None)
_TERMINAL = "/dev/tty"


class Signals:
    """Which signals came; a stop flag for sources.

    Plain attributes, not a `threading.Event`: the handler runs between any two instructions of
    the main thread, and would wait for ever for a lock that the main thread holds.

    Parameters
    ----------
    ends : set of int
        Signals that end the loop; any other has the model loaded again.
    """

    ending: int | None = None
    """The signal that ends the loop"""
    _hung_up = False

    def __init__(self, ends: frozenset[int]) -> None:
        self.manager = ServiceManager()
        self._ends = ends
        self._on_terminal = [descriptor for descriptor in (1, 2) if os.isatty(descriptor)]

    def is_set(self) -> bool:
        """Whether it is time to end.

        Sources ask several times a second, also while they wait for a microphone: the loop is
        alive then, and the service manager is notified.
        """
        self.manager.alive()
        return self.ending is not None

    def hung_up(self) -> bool:
        """Whether SIGHUP came since the last call: the model is to be loaded again."""
        if not self._hung_up:
            return False
        self._hung_up = False
        return True

    @property
    def exit_code(self) -> int:
        """Of a program that ends now: 130 after Ctrl-C, else 0."""
        return exit_code(self.ending)

    def handle(self, number: int, _: FrameType | None) -> None:
        """Remember a signal."""
        if number in self._ends:
            self.ending = number
            if number == _HANGUP:
                self._leave_terminal()
        else:
            self._hung_up = True

    def _leave_terminal(self) -> None:
        """Write to nowhere what would go to a terminal that is closed: the other sinks go on."""
        null = os.open(os.devnull, os.O_WRONLY)
        for descriptor in self._on_terminal:
            os.dup2(null, descriptor)
        os.close(null)


def exit_code(ending: int | None) -> int:
    """Of a program that this signal ended."""
    return INTERRUPTED if ending == signal.SIGINT else 0


@contextmanager
def handled_signals() -> Iterator[Signals]:
    """Ctrl-C and SIGTERM end the loop between two chunks, never in the middle of a line.

    So does SIGHUP where it means that the terminal was closed. ``nohup`` has it ignored, and it
    stays so. Whatever the main thread waits for, the process ends after `GRACE_SECONDS`.
    """
    ends, handled = {signal.SIGINT, signal.SIGTERM}, {signal.SIGINT, signal.SIGTERM}
    if _HANGUP is not None and signal.getsignal(_HANGUP) != signal.SIG_IGN:
        handled.add(_HANGUP)
        if not hangup_reloads(os.environ):
            ends.add(_HANGUP)
    signals = Signals(frozenset(ends))
    with closing(_Backstop(frozenset(ends))), handled_by(signals.handle, handled):
        yield signals


def hangup_reloads(environment: Mapping[str, str]) -> bool:
    """Whether SIGHUP is a service manager's or an administrator's request to load things again.

    On a terminal it is what a shell sends when the connection is lost or the window is closed.

    Parameters
    ----------
    environment : mapping
        ``NOTIFY_SOCKET``, ``INVOCATION_ID`` and ``SYSTEMD_EXEC_PID``, as systemd sets them.
    """
    if "NOTIFY_SOCKET" in environment:
        return True
    # A terminal that is a service of the desktop hands the identity of its own to its shells.
    service = environment.get("SYSTEMD_EXEC_PID", str(os.getpid())) == str(os.getpid())
    return ("INVOCATION_ID" in environment and service) or not _has_terminal()


def _has_terminal() -> bool:
    """Whether this process has a controlling terminal."""
    try:
        os.close(os.open(_TERMINAL, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


class _Backstop:
    """Ends the process where the main thread does not, a while after a signal.

    It may wait for a name server, for a file on a network that is gone, for a terminal that was
    stopped by Ctrl-S: in there Python's handlers never run. Signals also arrive in a pipe, though.
    """

    _OVER = b"\0"  # no signal has this number

    def __init__(self, ends: frozenset[int]) -> None:
        self._ends = ends
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._before = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._wait, name="signals", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """The main thread did end."""
        signal.set_wakeup_fd(self._before)
        os.write(self._writer, self._OVER)
        self._thread.join()
        os.close(self._reader)
        os.close(self._writer)

    def _wait(self) -> None:
        ending, deadline = None, 0.0
        while True:
            rest = None if ending is None else max(0.0, deadline - time.monotonic())
            if not select.select([self._reader], [], [], rest)[0]:
                os._exit(exit_code(ending))
            numbers = os.read(self._reader, 64)
            if self._OVER in numbers:
                return
            if ending is None and (found := self._ends.intersection(numbers)):
                ending, deadline = min(found), time.monotonic() + GRACE_SECONDS
