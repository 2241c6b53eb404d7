"""The loop that serves all clients, in one thread and in bounded memory."""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import threading
import time
from collections.abc import Callable

from .connection import Connection
from .request import Request
from .response import Response, refusal

MAX_CONNECTIONS = 32
MAX_STREAMS = 8
_ACCEPTED_AT_ONCE = 16
_CHECK_SECONDS = 1.0
"""How often deadlines are checked"""
_PAUSE_SECONDS = 1.0
"""No client is accepted for so long after the system ran out of files"""
_SLICE_SECONDS = 0.1
_CPU_SHARE = 0.2
"""Of a slice: a flood must not take the CPU that the classifier needs, however slow the machine"""
_SEND_BUFFER_BYTES = 65_536
"""Of the system, for each client; it would grow to megabytes by itself"""
_UNREAD_MS = 30_000
"""A client that vanished is noticed after this"""
_CLOSE_SECONDS = 1.2
_log = logging.getLogger(__name__)


class Server:
    """Responds to requests and sends events to the clients that asked for them.

    A client that is slow, silent or hostile costs its own connection and nothing else: nothing
    here waits for one client, and all of them together cannot take more than `MAX_CONNECTIONS`
    small buffers.

    Parameters
    ----------
    listener : socket.socket
        Bound and listening; closed by `close`.
    respond : callable
        Request to response; called in the thread of the server.
    tick : callable
        Called with the monotonic time whenever something may be due; returns an event for all
        streams (b"" for none) and the seconds until it is to be called again.
    """

    def __init__(
        self,
        listener: socket.socket,
        *,
        respond: Callable[[Request], Response],
        tick: Callable[[float], tuple[bytes, float]],
    ) -> None:
        self._listener, self._respond, self._tick = listener, respond, tick
        self._selector = selectors.DefaultSelector()
        self._connections: dict[int, Connection] = {}
        self._accept_from = 0.0
        self._faulty = False
        self._wake_recv, self._wake_send = socket.socketpair()
        self._stopping = False
        self.streams = 0
        """How many clients take events; may be read from any thread"""
        self.requests = 0
        """So far, refused ones included"""
        for one in (listener, self._wake_recv, self._wake_send):
            one.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="edge-genre page", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def wake(self) -> None:
        """Have `tick` called soon; from any thread, never waits."""
        with contextlib.suppress(OSError):
            self._wake_send.send(b"!")

    def close(self) -> None:
        """End all connections."""
        self._stopping = True
        self.wake()
        self._thread.join(timeout=_CLOSE_SECONDS)

    def _run(self) -> None:
        try:
            self._selector.register(self._listener, selectors.EVENT_READ)
            self._selector.register(self._wake_recv, selectors.EVENT_READ)
            self._serve()
        except Exception as error:
            # The classification must not end with the page.
            _log.warning("the web page has ended: %s: %s", type(error).__name__, error)
        finally:
            for connection in self._connections.values():
                connection.close()
            self._selector.close()
            for one in (self._listener, self._wake_recv, self._wake_send):
                one.close()

    def _serve(self) -> None:
        check_at, due, slice_end, spent = 0.0, 0.0, 0.0, 0.0
        while not self._stopping:
            now = time.monotonic()
            if now >= slice_end:
                slice_end, spent = now + _SLICE_SECONDS, time.thread_time()
            elif time.thread_time() - spent > _CPU_SHARE * _SLICE_SECONDS:
                time.sleep(slice_end - now)
                continue
            for key, events in self._selector.select(max(0.0, min(check_at, due) - now)):
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is self._wake_recv:
                    with contextlib.suppress(BlockingIOError):
                        self._wake_recv.recv(4096)
                    due = 0.0
                else:
                    self._serve_client(self._connections.get(key.fd), events)
            now = time.monotonic()
            if now >= due:
                message, wait = self._tick(now)
                due = now + wait
                if message:
                    self._broadcast(message)
            if now >= check_at:
                check_at = now + _CHECK_SECONDS
                self._check_deadlines(now)

    def _accept(self) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                client, _address = self._listener.accept()
            except BlockingIOError:
                return
            except ConnectionAbortedError:
                continue  # went away while it waited
            except OSError:  # too many open files, most likely; the client stays in the queue
                self._selector.unregister(self._listener)
                self._accept_from = time.monotonic() + _PAUSE_SECONDS
                return
            if len(self._connections) >= MAX_CONNECTIONS:
                self._make_room()
            with contextlib.suppress(OSError):  # some systems refuse where the client has gone
                if hasattr(socket, "TCP_USER_TIMEOUT"):
                    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_MS)
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
            self._connections[client.fileno()] = Connection(client, self._respond_to)
            self._selector.register(client, selectors.EVENT_READ)

    def _make_room(self) -> None:
        """The one that is idle for longest makes room: a flood hurts itself first."""
        idle = [item for item in self._connections.items() if not item[1].streaming]
        fd, connection = min(idle, key=lambda item: item[1].since)
        connection.close()
        self._update(fd, connection)

    def _respond_to(self, request: Request) -> Response:
        self.requests += 1
        try:
            response = self._respond(request)
        except Exception as error:
            # A fault in one response must not end the others.
            if not self._faulty:
                self._faulty = True
                _log.warning(
                    "the web page could not respond to %s: %s: %s",
                    request.path,
                    type(error).__name__,
                    error,
                )
            return refusal(500, "there is a fault in edge-genre; see its messages")
        if response.stream and request.method == "GET":
            self._count_streams()
            if self.streams >= MAX_STREAMS:
                return refusal(503, f"{MAX_STREAMS} pages are open already; close one")
        return response

    def _serve_client(self, connection: Connection | None, events: int) -> None:
        if connection is None:
            return
        fd = connection.socket.fileno()
        if events & selectors.EVENT_READ:
            connection.on_readable()
        if connection.writing:
            connection.on_writable()
        self._update(fd, connection)

    def _update(self, fd: int, connection: Connection) -> None:
        """Wait for what the connection now waits for."""
        if connection.closed:
            self._selector.unregister(fd)
            del self._connections[fd]
            self._count_streams()
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.writing else 0)
        if self._selector.get_key(fd).events != wanted:
            self._selector.modify(fd, wanted)
        if connection.streaming:
            self._count_streams()

    def _count_streams(self) -> None:
        self.streams = sum(connection.streaming for connection in self._connections.values())

    def _broadcast(self, message: bytes) -> None:
        for fd, connection in list(self._connections.items()):
            if connection.streaming:
                connection.push(message)
                if not connection.closed:
                    connection.on_writable()
                self._update(fd, connection)

    def _check_deadlines(self, now: float) -> None:
        for fd, connection in list(self._connections.items()):
            connection.check_deadline(now)
            if not connection.closed and connection.writing:
                connection.on_writable()
            self._update(fd, connection)
        if self._accept_from and now >= self._accept_from:
            self._accept_from = 0.0
            self._selector.register(self._listener, selectors.EVENT_READ)
