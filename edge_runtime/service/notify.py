"""The state of ``listen`` for systemd: ready, its label, that it lives (sd_notify)."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Mapping

from ..stream.event import Event

_READY_SECONDS = 5.0


class ServiceManager:
    """Sends states to the socket that ``NOTIFY_SOCKET`` names; does nothing without one.

    The protocol is that of sd_notify(3): datagrams with lines ``NAME=value``. The loop calls
    `alive` each time it goes round, so systemd notices one that hangs.

    Parameters
    ----------
    environment : mapping
        ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and ``WATCHDOG_PID``, as systemd sets them.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._socket: socket.socket | None = None
        if self._address.startswith(("/", "@")) and hasattr(socket, "AF_UNIX"):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)  # a manager that is busy must not stop the music
            if self._address.startswith("@"):  # Linux's abstract sockets
                self._address = "\0" + self._address[1:]
        self._beat_s = _watchdog_seconds(environment) / 2.0
        self._beat_at = 0.0
        self._label: str | None = None
        self._has_problem = False

    def ready(self, what: str) -> None:
        """The model is loaded and all sinks are open; a microphone may be missing."""
        if self._socket is not None:
            self._socket.settimeout(_READY_SECONDS)  # systemd kills a service without it
            self._send("READY=1", *([] if self._has_problem else [f"STATUS=listening to {what}"]))
            self._socket.setblocking(False)

    def report(self, message: str) -> None:
        """Make a problem, or its end, the status until the next label."""
        self._label, self._has_problem = None, True
        self._send(f"STATUS={' '.join(message.split())}")

    def show(self, event: Event) -> None:
        """Make the label the status when it changes; as a sink does."""
        if event.label != self._label:
            self._label, self._has_problem = event.label, False
            sure = f" ({event.confidence:.0%})" if event.confidence else ""
            self._send(f"STATUS={event.label}{sure}")

    def alive(self) -> None:
        """Send a sign of life, twice as often as systemd needs it."""
        if self._beat_s and self._socket is not None:
            now = time.monotonic()
            if now >= self._beat_at:
                self._beat_at = now + self._beat_s
                self._send("WATCHDOG=1")

    def close(self) -> None:
        """Send that the service ends."""
        self._send("STOPPING=1")
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, *lines: str) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.sendto("\n".join(lines).encode(errors="replace"), self._address)


def _watchdog_seconds(environment: Mapping[str, str]) -> float:
    """How long systemd waits for a sign of life of this process; 0 if it does not wait."""
    try:
        if int(environment.get("WATCHDOG_PID", os.getpid())) != os.getpid():
            return 0.0
        return max(0, int(environment.get("WATCHDOG_USEC", "0"))) / 1e6
    except (ValueError, OverflowError):
        return 0.0
