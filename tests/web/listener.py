"""A real ``edge-genre listen --http``, fed with noise for as long as it lives."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import queue
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.edge_runtime.sounds import PCM, RATE, encode, noise

PATIENCE_S = 60.0


class Listener:
    """A listener with a page; sound comes ten times as fast as it would be played."""

    def __init__(self, *options: str, at: str = "127.0.0.1:0") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "edge_runtime", "listen", "--input", "-", "--rate", str(RATE),
             "--model", "seed-cnn", "--json", "--http", at, *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stderr is not None
        note = self.process.stderr.readline().decode()
        found = re.search(r"the page is at (http://(\S+):(\d+)/)", note)
        assert found, note
        self.url, self.port = found[1], int(found[3])
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=f) for f in (self._feed, self._read)]
        for thread in self._threads:
            thread.start()
        self._next()  # the page has something to show

    def _feed(self) -> None:
        assert self.process.stdin is not None
        sound = encode(noise(RATE // 2), PCM, 16)
        try:
            while not self._over.wait(0.05):
                self.process.stdin.write(sound)
                self.process.stdin.flush()
        except (BrokenPipeError, ValueError):
            pass

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._events.put(json.loads(line))

    def goes_on(self) -> None:
        """Three more events come, each an interval after the one before."""
        while not self._events.empty():
            self._events.get()
        ends = [self._next()["end"] for _ in range(3)]
        assert ends[1] - ends[0] == pytest.approx(ends[2] - ends[1], abs=0.01)

    def _next(self) -> dict[str, Any]:
        try:
            return self._events.get(timeout=PATIENCE_S)
        except queue.Empty:
            pytest.fail(f"no event comes any more; exit code {self.process.poll()}")

    def rss_mib(self) -> float:
        """Resident memory."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def connect(self) -> socket.socket:
        """A connection that sends nothing yet."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)

    def send(self, data: bytes) -> bytes:
        """Everything that comes back for some bytes, until the connection ends."""
        with self.connect() as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            return read_all(client)

    def get(self, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
        """A response by Python's own client; its body is in `body`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers={"Connection": "close", **named})
        response = connection.getresponse()
        response.body = response.read()  # type: ignore[attr-defined]
        return response

    def stream(self) -> socket.socket:
        """A connection that asked for events."""
        client = self.connect()
        client.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return client

    def close(self) -> None:
        """End it."""
        self._over.set()
        self.process.terminate()
        assert self.process.wait(PATIENCE_S) == 0
        for thread in self._threads:
            thread.join()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def read_all(client: socket.socket) -> bytes:
    """What comes until the end."""
    parts = []
    try:
        while data := client.recv(65536):
            parts.append(data)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def status(response: bytes) -> int:
    """Of a raw response; 0 where the connection was just closed."""
    return int(response.split(b" ", 2)[1]) if response else 0
