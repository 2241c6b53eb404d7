"""One client: bytes in, requests out; responses in, bytes out. Never waits."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from enum import Enum
from http import HTTPStatus

import h11

from .request import BadRequest, Request, next_request
from .response import Response, refusal

HEAD_SECONDS = 5.0
"""A request must be complete this long after its first byte, however slowly it drips"""
IDLE_SECONDS = 15.0
"""An open connection without a request is closed after this"""
RESPONSE_SECONDS = 20.0
"""A client must have taken a response by then"""
_LINGER_SECONDS = 2.0
_READ_BYTES = 16_384
_UNREAD_BYTES = 24_576
"""Requests that may wait behind a response that is not taken"""
_BACKLOG_BYTES = 262_144
"""A reader of events that is this far behind is dropped"""


class _State(Enum):
    READING = "reading"
    RESPONDING = "responding"
    STREAMING = "streaming"
    LINGERING = "lingering"
    """All is sent. What still comes is thrown away for a moment: closing at once would reset the
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
        self._http = h11.Connection(h11.SERVER)
        self._out = bytearray()
        self._state = _State.READING
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

    @property
    def _unread(self) -> bytes:
        return self._http.trailing_data[0]

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
        elif self._state in (_State.READING, _State.RESPONDING):
            if self._state is _State.READING and not self._unread:
                self._deadline = time.monotonic() + HEAD_SECONDS
            self._http.receive_data(data)
            if len(self._unread) > _UNREAD_BYTES:
                self.close()  # asks on and on without reading a response
            else:
                self._respond_to_next()

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
        if self._out or self._state is not _State.RESPONDING:
            return
        if self._http.our_state is h11.DONE:
            self._http.start_next_cycle()
            self._state, self.since = _State.READING, time.monotonic()
            self._deadline = self.since + (HEAD_SECONDS if self._unread else IDLE_SECONDS)
            self._respond_to_next()
        else:
            self._linger()

    def push(self, data: bytes) -> None:
        """Queue an event; a client that does not read is dropped."""
        if len(self._out) + len(data) > _BACKLOG_BYTES:
            self.close()
        else:
            self._out += self._http.send(h11.Data(data=data)) or b""

    def check_deadline(self, now: float) -> None:
        """End what takes too long."""
        if now < self._deadline or self._state is _State.STREAMING:
            return
        if self._state is _State.READING and self._unread:
            self._refuse(BadRequest(408, "the request did not come in time"))
        else:
            self.close()

    def close(self) -> None:
        """End it at once."""
        self._state = _State.CLOSED
        self._out.clear()
        self.socket.close()

    def _respond_to_next(self) -> None:
        """Respond to the next request, if it is complete and the last response was taken."""
        if self._state is not _State.READING:
            return
        try:
            request = next_request(self._http)
        except BadRequest as error:
            self._refuse(error)
            return
        if request is not None:
            self._send(self._respond(request), with_body=request.method == "GET")

    def _refuse(self, error: BadRequest) -> None:
        """Say what is wrong with the request, and end."""
        response = refusal(error.status, str(error), ("Connection", "close"))
        self._send(response, with_body=not error.head_only)

    def _send(self, response: Response, *, with_body: bool) -> None:
        self._state = _State.RESPONDING
        self._deadline = time.monotonic() + RESPONSE_SECONDS
        head = h11.Response(
            status_code=response.status,
            reason=HTTPStatus(response.status).phrase,
            headers=response.all_headers,
        )
        events: list[h11.Event] = [head]
        if with_body:
            events.append(h11.Data(data=response.body))
        if with_body and response.stream:
            self._state = _State.STREAMING
        else:
            events.append(h11.EndOfMessage())
        for event in events:
            self._out += self._http.send(event) or b""

    def _linger(self) -> None:
        self._state = _State.LINGERING
        self._deadline = time.monotonic() + _LINGER_SECONDS
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
