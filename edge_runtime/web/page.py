"""A sink that is a web page: events go in, browsers and Prometheus read them."""

from __future__ import annotations

import datetime
import socket
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..stream.event import Event
from ..stream.session import Session
from .access import Access
from .live import SHOWN_SECONDS, Live
from .metrics import CONTENT_TYPE, metrics_text
from .request import Request
from .response import Response, json_text, refusal, text
from .server import Server
from .spectrogram import Grid, Spectrogram
from .static_files import StaticFiles

_RETRY_MS = 2000
_UPDATE_SECONDS = 0.1
"""Updates come no more often than this, however fast a file is played"""
_HEARTBEAT_SECONDS = 5.0
"""... and no less often, so that they notice a connection that is dead"""
_WAITING_SOUNDS, _WAITING_EVENTS, _WAITING_MODELS = 16, 256, 300
"""If the server's thread gets no CPU at all, what is new beyond this is forgotten"""


@dataclass(frozen=True)
class _Sound:
    first: int
    """Column of the picture"""
    samples: npt.NDArray[np.float32]


class Page:
    """Serves the page, its events, the metrics and the health check in a thread of its own.

    Parameters
    ----------
    listener : socket.socket
        Bound and listening.
    access : Access
    session : Session
    """

    def __init__(self, listener: socket.socket, access: Access, session: Session) -> None:
        self._access = access
        self._files = StaticFiles()
        self._live = Live(session, time.monotonic())
        # One queue, so that nothing of one model is shown as of the next.
        self._waiting: deque[Event | _Sound | Session] = deque()
        self._grid = Grid(session.manifest.front_end.sample_rate)
        self._next_column = 0
        self._spectrogram: Spectrogram | None = None
        self._watched_until = 0.0
        self._pending: list[str] = []
        self._id = 0
        self._sent_at = 0.0
        self._sent_end = -1.0
        self._server = Server(listener, respond=self._respond, tick=self._tick)
        self._server.start()

    def show(self, event: Event) -> None:
        """Take an event; browsers see it a moment later."""
        self._hand_over(event, _WAITING_EVENTS)
        self._server.wake()

    def take_sound(self, samples: npt.NDArray[np.float32], end: int) -> None:
        """Take the sound of the newest window for the spectrogram, if a page is open.

        Parameters
        ----------
        samples : (n,) float32
            At the model's rate; what is needed of it is copied.
        end : int
            Sample clock of its end.
        """
        if time.monotonic() > self._watched_until:
            return
        grid, start = self._grid, end - len(samples)
        if self._next_column * grid.hop > end:
            self._next_column = 0  # the stream began anew
        columns = grid.due(start, end, self._next_column)
        if columns:
            first, last = columns[0] * grid.hop, columns[-1] * grid.hop + grid.n_fft
            sound = _Sound(columns[0], samples[first - start : last - start].copy())
            self._hand_over(sound, _WAITING_SOUNDS)
            self._next_column = columns[-1] + 1

    def describe(self, session: Session) -> None:
        """Another source or model takes over."""
        self._hand_over(session, _WAITING_MODELS)
        self._grid, self._next_column = Grid(session.manifest.front_end.sample_rate), 0
        self._server.wake()

    def close(self) -> None:
        """Stop serving."""
        self._server.close()

    def _hand_over(self, item: Event | _Sound | Session, most: int) -> None:
        if len(self._waiting) < most:
            self._waiting.append(item)

    # The rest runs in the server's thread.

    def _respond(self, request: Request) -> Response:
        return self._access.respond(request) or self._content(request)

    def _content(self, request: Request) -> Response:
        now = time.monotonic()
        if request.path == "/api/events":
            return self._stream(now)
        if request.path == "/api/state":
            return Response(
                content_type="application/json", body=json_text(self._state(now)).encode()
            )
        if request.path == "/metrics":
            body = metrics_text(
                self._live, now, streams=self._server.streams, requests=self._server.requests
            )
            return Response(content_type=CONTENT_TYPE, body=body.encode(errors="replace"))
        if request.path == "/healthz":
            if self._live.status(now) == "stalled":
                age = now - self._live.last_window_at
                return refusal(503, f"no window of sound for {age:.0f} s")
            return text("ok")
        return self._files.respond(request) or refusal(404, "there is nothing here")

    def _state(self, now: float) -> dict[str, Any]:
        return {**self._live.facts_dict(), **self._live.to_dict(now, datetime.date.today())}

    def _stream(self, now: float) -> Response:
        self._watched_until = now + SHOWN_SECONDS
        begin = f"retry: {_RETRY_MS}\n\n" + self._message("state", self._state(now))
        if self._spectrogram is not None and (columns := self._spectrogram.columns()):
            begin += self._message("sound", columns)
        return Response(
            content_type="text/event-stream",
            body=begin.encode(),
            headers=(("Cache-Control", "no-store"), ("X-Accel-Buffering", "no")),
            stream=True,
        )

    def _tick(self, now: float) -> tuple[bytes, float]:
        """Messages for the pages that are open, and seconds until the next may be due."""
        today = datetime.date.today()
        while self._waiting:
            self._take(self._waiting.popleft(), now, today)
        if self._server.streams:
            self._watched_until = now + SHOWN_SECONDS
        elif now > self._watched_until:
            self._spectrogram = None
        wait = self._sent_at + _UPDATE_SECONDS - now
        if wait > 0.0:
            return b"", wait
        messages, self._pending = self._pending, []
        event, end = self._live.event, self._sent_end
        if event is not None and event.end != end:
            if event.end < end:
                end = -1.0
            messages.append(self._message("update", self._live.to_dict(now, today, after=end)))
            self._sent_end = event.end
        elif now - self._sent_at >= _HEARTBEAT_SECONDS:
            messages.append(self._message("update", self._live.to_dict(now, today, after=end)))
        if messages:
            self._sent_at = now
        return "".join(messages).encode(), max(0.0, self._sent_at + _HEARTBEAT_SECONDS - now)

    def _take(self, item: Event | _Sound | Session, now: float, today: datetime.date) -> None:
        if isinstance(item, Event):
            self._live.take(item, now, today)
        elif isinstance(item, _Sound):
            if self._spectrogram is None:
                rate = self._live.session.manifest.front_end.sample_rate
                self._spectrogram = Spectrogram(Grid(rate), SHOWN_SECONDS)
            columns = self._spectrogram.add(item.first, item.samples)
            if columns and self._server.streams:
                self._pending.append(self._message("sound", columns))
        else:
            self._live.describe(item)
            self._spectrogram, self._sent_end = None, -1.0
            self._pending = [self._message("state", self._state(now))]

    def _message(self, name: str, value: dict[str, Any]) -> str:
        self._id += 1
        return f"id: {self._id}\nevent: {name}\ndata: {json_text(value)}\n\n"
