"""The parts of the server, given what no browser sends."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime import Classifier
from edge_runtime.stream import session as session_module
from edge_runtime.stream.session import Session
from edge_runtime.web import connection
from edge_runtime.web.access import Access
from edge_runtime.web.address import parse_address
from edge_runtime.web.connection import Connection
from edge_runtime.web.page import Page
from edge_runtime.web.request import Request
from edge_runtime.web.response import Response, text
from edge_runtime.web.server import MAX_STREAMS, Server
from tests.edge_runtime.sinks.events import PATIENCE_S, Reported, event

from .listener import read_all, status

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
SPACES = b" " * 8000


@pytest.mark.parametrize(
    "line",
    [b"X:" + SPACES + b"\n", b"X:" + SPACES + b"\x00", SPACES + b"X: y", b"X" * 8000 + b": y"],
)
def test_a_header_of_spaces_is_refused_at_once(line: bytes) -> None:
    # A pattern that looks for their end takes minutes.
    assert status(response_to(b"GET / HTTP/1.1\r\nHost: a\r\n" + line + b"\r\n\r\n")) == 400


def response_to(*parts: bytes) -> bytes:
    """What a connection sends to what comes part by part, until its time is over."""
    own, other = socket.socketpair()
    with other:
        client = Connection(own, check)
        for part in parts:
            if client.closed or not part:
                continue
            with contextlib.suppress(ConnectionError):
                other.sendall(part)
            client.on_readable()
            if client.writing:
                client.on_writable()
        client.check_deadline(1e12)
        if client.writing:
            client.on_writable()
        client.close()
        return read_all(other)


def check(request: Request) -> Response:
    """Looks at all of a request."""
    assert request.method in ("GET", "HEAD")
    assert request.path.startswith("/")
    request.cookie("a")
    request.parameter("a")
    return text("ok")


@given(st.lists(st.binary(max_size=200), max_size=8), st.booleans())
def test_any_bytes_get_a_response_or_an_end(parts: list[bytes], begun: bool) -> None:
    response = response_to(*[b"GET / HTTP/1.1\r\nHost: a\r\n"] * begun, *parts)
    assert response == b"" or 200 <= status(response) < 600


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode), st.booleans())
def test_any_head_gets_a_response(head: bytes, begun: bool) -> None:
    begin = b"GET /x HTTP/1.1\r\nHost: a\r\n" if begun else b""
    assert 200 <= status(response_to(begin + head + b"\r\n\r\n")) < 600


@pytest.mark.parametrize(
    "line",
    [
        b"Authorization: a\r\nAuthorization: b", b"Origin: a\r\nOrigin: a",
        b"X: y\n", b"X: y\nZ: z",
        b"X: \x01", b"X: y\r\n\tfolded", b"X y: z", b"X : y", b": y", b"no colon", b"X: \x7f",
        b"Content-Length: 0\r\nContent-Length: 1", b"Content-Length: -1",
    ],
)  # fmt: skip
def test_a_header_that_others_may_read_differently_is_refused(line: bytes) -> None:
    assert status(response_to(GET.replace(b"Connection: close", line))) == 400


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (b"Content-Length: 5", 413),
        (b"Content-Length: 5\r\nContent-Length: 5", 413),
        (b"Transfer-Encoding: chunked", 413),
        (b"Transfer-Encoding: gzip", 501),
        (b"Content-Length: 0", 200),
        (b"Cookie: a=1\r\nCookie: b=2", 200),
    ],
)
def test_a_request_has_no_body(line: bytes, wanted: int) -> None:
    assert status(response_to(GET.replace(b"Connection: close", line))) == wanted


def test_a_refusal_of_head_has_no_body() -> None:
    response = response_to(b"HEAD /" + 3000 * b"a" + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert status(response) == 414
    assert response.endswith(b"\r\n\r\n")


def test_requests_without_end_behind_a_response_that_is_not_taken_are_cut_off() -> None:
    own, other = socket.socketpair()
    with other:
        client = Connection(own, lambda request: Response(body=bytes(10_000_000)))
        other.setblocking(False)
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                other.send(GET.replace(b"close", b"keep-alive") * 100)
                client.on_readable()
                if client.closed:
                    break
        assert client.closed


class Clocked:
    """A connection on a clock that the test moves, and its client."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, response: Response) -> None:
        self.now = 1000.0
        stand_in = SimpleNamespace(monotonic=lambda: self.now)
        monkeypatch.setattr(connection, "time", stand_in)
        own, self.client = socket.socketpair()
        self.connection = Connection(own, lambda request: response)

    def send(self, data: bytes) -> None:
        """Something comes from the client."""
        self.client.sendall(data)
        self.connection.on_readable()
        if self.connection.writing:
            self.connection.on_writable()

    def is_closed_after(self, seconds: float) -> bool:
        """Whether it is over then, and was not just before."""
        self.connection.check_deadline(self.now + seconds - 0.01)
        assert not self.connection.closed
        self.now += seconds
        self.connection.check_deadline(self.now)
        return self.connection.closed


@pytest.fixture
def clocked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Response], Clocked]]:
    """Makes such connections."""
    with contextlib.ExitStack() as stack:

        def make(response: Response) -> Clocked:
            made = Clocked(monkeypatch, response)
            stack.callback(made.client.close)
            stack.callback(made.connection.close)
            return made

        yield make


def test_a_client_that_sends_nothing_is_closed_after_5_s(clocked: Callable[..., Clocked]) -> None:
    assert clocked(text("ok")).is_closed_after(5.0)


def test_a_client_that_asks_no_more_is_closed_after_15_s(clocked: Callable[..., Clocked]) -> None:
    one = clocked(text("ok"))
    one.now += 4.0
    one.send(GET.replace(b"close", b"keep-alive"))
    assert one.client.recv(4096).startswith(b"HTTP/1.1 200")
    assert one.is_closed_after(15.0)


def test_a_request_that_began_behind_another_must_be_complete_in_5_s(
    clocked: Callable[..., Clocked],
) -> None:
    one = clocked(text("ok"))
    one.send(GET.replace(b"close", b"keep-alive") + b"GET /")
    assert one.client.recv(4096).startswith(b"HTTP/1.1 200")
    one.connection.check_deadline(one.now + 4.99)
    assert not one.connection.writing
    one.connection.check_deadline(one.now + 5.0)
    assert one.connection.writing
    one.connection.on_writable()
    assert status(one.client.recv(4096)) == 408


def test_a_response_that_is_not_taken_is_given_up_after_20_s(
    clocked: Callable[..., Clocked],
) -> None:
    one = clocked(Response(body=bytes(10_000_000)))
    one.send(GET)
    assert one.is_closed_after(20.0)


def test_a_refused_client_is_closed_2_s_after_it_has_read_why(
    clocked: Callable[..., Clocked],
) -> None:
    one = clocked(text("ok"))
    one.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
    assert status(read_all(one.client)) == 405
    one.send(b"something")  # is thrown away
    assert one.is_closed_after(2.0)


def test_a_stream_has_no_deadline_and_a_reader_far_behind_is_dropped(
    clocked: Callable[..., Clocked],
) -> None:
    one = clocked(Response(stream=True, body=b"retry: 1\n\n"))
    one.send(GET)
    one.connection.check_deadline(1e9)
    assert one.connection.streaming
    pushes = 0
    while not one.connection.closed:
        one.connection.push(bytes(10_000))
        pushes += 1
        assert pushes < 100
    assert pushes > 20


@contextlib.contextmanager
def served(respond: Callable[[Request], Response]) -> Iterator[int]:
    """A server of one's own; its port."""
    listener = parse_address("0").listen()
    port: int = listener.getsockname()[1]
    server = Server(listener, respond=respond, tick=lambda now: (b"", 1.0))
    server.start()
    yield port
    server.close()


def ask(port: int, request: bytes = GET) -> bytes:
    """Everything that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as client:
        client.sendall(request)
        return read_all(client)


def test_a_fault_in_one_response_leaves_the_others() -> None:
    def respond(request: Request) -> Response:
        if request.path == "/bad":
            raise ZeroDivisionError("a fault")
        return text("ok")

    with Reported().attached() as reported, served(respond) as port:
        for _ in range(2):
            assert status(ask(port, GET.replace(b"/healthz", b"/bad"))) == 500
            assert status(ask(port)) == 200
    assert reported.lines == ["the web page could not respond to /bad: ZeroDivisionError: a fault"]


def test_a_request_that_drips_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.1)
    with served(lambda request: text("ok")) as port:
        assert status(ask(port, GET[:-2])) == 408


def session(model: str, source: str = "mic") -> Session:
    """What a page shows."""
    return Session(source=source, manifest=Classifier(model).manifest, interval_s=1.0)


@contextlib.contextmanager
def page_of(facts: Session) -> Iterator[tuple[Page, int]]:
    """A page without a listener behind it."""
    listener = parse_address("0").listen()
    port: int = listener.getsockname()[1]
    with Reported().attached() as reported:
        page = Page(listener, Access(port=port, loopback=True), facts)
        yield page, port
        page.close()
    assert reported.lines == []


def test_a_source_whose_name_is_no_text_is_shown() -> None:
    with page_of(session("seed-cnn", "bad\udcff.wav")) as (_, port):
        response = ask(port, GET.replace(b"/healthz", b"/api/state"))
        assert status(response) == 200
        assert json.loads(response.partition(b"\r\n\r\n")[2])["source"] == "bad\udcff.wav"


def test_the_health_check_fails_in_a_stall_and_works_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with page_of(session("seed-cnn")) as (_, port):
        assert ask(port).endswith(b"\r\n\r\nok\n")
        monkeypatch.setattr(session_module, "PATIENCE_SECONDS", -100.0)
        stalled = ask(port)
        assert (status(stalled), b"no window of sound for 0 s" in stalled) == (503, True)
        assert b"edge_genre_up 0\n" in ask(port, GET.replace(b"/healthz", b"/metrics"))
        monkeypatch.undo()
        assert status(ask(port)) == 200


class Stream:
    """Messages of ``/api/events``, one by one."""

    def __init__(self, port: int) -> None:
        self._client = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self._client.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self._file = self._client.makefile("r", encoding="utf-8", newline="\n")
        while self._file.readline() != "\n":  # the head, and "retry" after it
            pass

    def next(self) -> tuple[str, dict[str, Any]]:
        """Name and value."""
        fields: dict[str, str] = {}
        for line in self._file:
            name, colon, value = line.rstrip("\n").partition(": ")
            if colon:
                fields[name] = value
            elif fields:
                break
        return fields["event"], json.loads(fields["data"])

    def close(self) -> None:
        """Go away."""
        self._file.close()
        self._client.close()


def test_events_of_the_old_model_are_never_shown_as_the_new_one_s() -> None:
    old, new = session("tiny"), session("seed-cnn")
    rates = [facts.manifest.front_end.sample_rate for facts in (old, new)]
    assert rates[0] != rates[1]
    sounds = [np.full(5 * rate, 0.1, np.float32) for rate in rates]
    with page_of(old) as (page, port):
        stream = Stream(port)
        assert stream.next()[1]["model"]["name"] == old.manifest.name
        # All at once, as after a moment in which the server's thread got no CPU.
        page.take_sound(sounds[0], 5 * rates[0])
        page.show(event("unknown", time=5.0, posterior={"not music": 1.0}))
        page.describe(new)
        page.take_sound(sounds[1], 10 * rates[1])
        sent = []
        while not sent or sent[-1]["event"] is None or sent[-1]["event"]["label"] != "rock":
            name, value = stream.next()
            if name == "sound":
                continue
            sent.append(value)
            if value.get("model", {}).get("name") == new.manifest.name:
                page.show(event("rock", time=10.0, posterior={"rock": 1.0}))
        begun = [value.get("model", {}).get("name") for value in sent].index(new.manifest.name)
        shown = [value["event"] and value["event"]["label"] for value in sent[begun:]]
        assert shown == [None, "rock"]
        assert sent[-1]["health"]["windows"] == 2, "the old model's response counts"
        stream.close()


def test_a_stream_is_neither_kept_nor_held_back_on_its_way() -> None:
    with page_of(session("seed-cnn")) as (_, port):
        request = GET.replace(b"/healthz", b"/api/events").replace(b"GET", b"HEAD")
        head = ask(port, request).split(b"\r\n")
    assert {b"Cache-Control: no-store", b"X-Accel-Buffering: no"} <= set(head)


def test_a_stream_that_begins_anew_is_drawn_from_its_beginning() -> None:
    facts = session("tiny")
    rate = facts.manifest.front_end.sample_rate
    sound = np.full(3 * rate, 0.1, np.float32)
    with page_of(facts) as (page, port):
        stream = Stream(port)
        assert stream.next()[0] == "state"
        found = []
        for end in (10, 3):
            page.take_sound(sound, end * rate)
            page.show(event("rock", time=float(end), posterior={"rock": 1.0}))
            drawn = None
            while True:
                name, value = stream.next()
                if name == "sound":
                    drawn = value["first"]
                elif value["event"]["end"] == end:
                    found.append((drawn, value["runs"]))
                    break
        stream.close()
    # A column is 1333 samples: the first that begins at 7 s or later is the 85th.
    assert found == [(85, [[7.0, 10.0, "rock"]]), (0, [[0.0, 3.0, "rock"]])]


def test_a_page_that_is_open_is_counted_as_soon_as_it_has_its_first_event() -> None:
    with page_of(session("seed-cnn")) as (_, port):
        stream = Stream(port)
        assert stream.next()[0] == "state"
        assert b"edge_genre_http_streams 1\n" in ask(port, GET.replace(b"/healthz", b"/metrics"))
        stream.close()


def test_a_place_for_a_stream_is_free_again_when_its_client_has_gone() -> None:
    with page_of(session("seed-cnn")) as (_, port):
        streams = [Stream(port) for _ in range(MAX_STREAMS)]
        for stream in streams:
            assert stream.next()[0] == "state"
        request = GET.replace(b"/healthz", b"/api/events")
        refused = ask(port, request)
        assert (status(refused), b"8 pages are open already" in refused) == (503, True)
        assert b"edge_genre_http_streams 8\n" in ask(port, GET.replace(b"/healthz", b"/metrics"))
        for stream in streams:
            stream.close()
        deadline = time.monotonic() + PATIENCE_S
        while b"edge_genre_http_streams 0\n" not in ask(
            port, GET.replace(b"/healthz", b"/metrics")
        ):
            assert time.monotonic() < deadline
        again = Stream(port)
        assert again.next()[0] == "state"
        again.close()


def test_a_port_that_needs_a_privilege_is_refused(tmp_path: Path) -> None:
    first = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    if not first.exists() or int(first.read_text()) <= 80 or shutil.which("setpriv") is None:
        pytest.skip("every port may be taken here, or setpriv (util-linux) is missing")
    # Root without the right to take it is like any other user.
    done = subprocess.run(
        ["setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service",
         sys.executable, "-m", "edge_runtime", "listen", "--input", "demo", "--http", "80"],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == (
        "edge-genre: --http 80: Permission denied: ports below 1024 need a privilege; "
        "name one from 1024 on\n"
    )
