"""One client: bytes in, requests out; answers in, bytes out. Never waits."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from enum import Enum

from .request import MAX_HEAD_BYTES, BadRequest, Request, parse_head
from .response import Response, refusal

HEAD_SECONDS = 5.0
"""A request must be complete this long after its first byte, however slowly it drips"""
IDLE_SECONDS = 15.0
"""An open connection without a request is closed after this"""
ANSWER_SECONDS = 20.0
"""A client must have taken an answer by then"""
_LINGER_SECONDS = 2.0
_READ_BYTES = 16_384
_BACKLOG_BYTES = 262_144
"""A reader of events that is this far behind is dropped"""


class _State(Enum):
    READING = "reading"
    ANSWERING = "answering"
    STREAMING = "streaming"
    LINGERING = "lingering"
    """All is said. What still comes is thrown away for a moment: closing at once would reset the
    connection, and the client might never read why it was refused"""
    CLOSED = "closed"


class Connection:
    """A client's connection; its socket does not block.

    Parameters
    ----------
    client : socket.socket
    respond : callable
        Answers a request.
    """

    def __init__(self, client: socket.socket, respond: Callable[[Request], Response]) -> None:
        client.setblocking(False)
        self.socket = client
        self._respond = respond
        self._in, self._out = bytearray(), bytearray()
        self._state = _State.READING
        self._keep_alive = True
        self.since = time.monotonic()
        """When it last began to wait for a request, seconds of the monotonic clock"""
        self._deadline = self.since + HEAD_SECONDS

    @property
    def closed(self) -> bool:
        """Whether it is over."""
        return self._state is _State.CLOSED

    @property
    def streaming(self) -> bool:
        """Whether it takes events."""
        return self._state is _State.STREAMING

    @property
    def writing(self) -> bool:
        """Whether bytes wait to be sent."""
        return bool(self._out)

    def on_readable(self) -> None:
        """Take in what came."""
        try:
            data = self.socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
        elif self._state in (_State.READING, _State.ANSWERING):
            if not self._in and self._state is _State.READING:
                self._deadline = time.monotonic() + HEAD_SECONDS
            self._in += data
            if len(self._in) > MAX_HEAD_BYTES + _READ_BYTES:
                self.close()  # asks on and on without reading an answer
            else:
                self._answer()

    def on_writable(self) -> None:
        """Send what fits."""
        try:
            sent = self.socket.send(self._out)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        del self._out[:sent]
        if self._out or self._state is not _State.ANSWERING:
            return
        if self._keep_alive:
            self._wait_for_request()
            self._answer()
        else:
            self._linger()

    def push(self, data: bytes) -> None:
        """Queue an event; whoever does not read is dropped."""
        if len(self._out) + len(data) > _BACKLOG_BYTES:
            self.close()
            return
        self._out += data

    def check_deadline(self, now: float) -> None:
        """End what takes too long."""
        if now < self._deadline or self._state is _State.STREAMING:
            return
        if self._state is _State.READING and self._in:
            self._send(refusal(408, "the request did not come in time"), keep_alive=False)
        else:
            self.close()

    def refuse(self, status: int, message: str) -> None:
        """Answer without having read a request, and end."""
        self._send(refusal(status, message), keep_alive=False)

    def close(self) -> None:
        """End it at once."""
        self._state = _State.CLOSED
        self._in.clear()
        self._out.clear()
        self.socket.close()

    def _answer(self) -> None:
        """Answer the next request, if it is complete and the last answer was taken."""
        if self._state is not _State.READING:
            return
        head, end, rest = self._in.partition(b"\r\n\r\n")
        if len(head) > MAX_HEAD_BYTES:
            self._send(refusal(431, "the headers are too long"), keep_alive=False)
            return
        if not end:
            # Something else than HTTP, TLS for instance, need not be waited for.
            if self._in[:1] and not 0x41 <= self._in[0] <= 0x7A:
                self._send(refusal(400, "this is not an HTTP request"), keep_alive=False)
            return
        self._in = bytearray(rest)
        try:
            request = parse_head(bytes(head))
        except BadRequest as error:
            self._send(refusal(error.status, str(error)), keep_alive=False)
            return
        response = self._respond(request)
        head_only = request.method == "HEAD"
        keep_alive = request.keep_alive and not response.stream
        self._send(response, keep_alive=keep_alive, head_only=head_only)
        if response.stream and not head_only:
            self._state = _State.STREAMING

    def _send(self, response: Response, *, keep_alive: bool, head_only: bool = False) -> None:
        self._state, self._keep_alive = _State.ANSWERING, keep_alive
        self._deadline = time.monotonic() + ANSWER_SECONDS
        self._out += response.to_bytes(keep_alive=keep_alive, head_only=head_only)

    def _wait_for_request(self) -> None:
        self._state, self.since = _State.READING, time.monotonic()
        self._deadline = self.since + (HEAD_SECONDS if self._in else IDLE_SECONDS)

    def _linger(self) -> None:
        self._state = _State.LINGERING
        self._in.clear()
        self._deadline = time.monotonic() + _LINGER_SECONDS
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
