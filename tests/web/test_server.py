"""The page's server, as a browser, as Prometheus and as an attacker sees it."""

import contextlib
import http.client
import json
import socket

import pytest
from prometheus_client.parser import text_string_to_metric_families

from edge_runtime.web.server import MAX_CONNECTIONS, MAX_STREAMS
from tests.command import complaint

from .listener import PATIENCE_S, Listener, read_all, status

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.fixture(autouse=True)
def the_stream_goes_on(request):
    """Whatever a client does, events keep coming, and the page is still served."""
    yield
    if "listener" in request.fixturenames:
        listener = request.getfixturevalue("listener")
        listener.goes_on()
        assert listener.get("/healthz").body == b"ok\n"


def first_event(client):
    """The event name and data that a stream begins with."""
    data = b""
    while data.count(b"\n\n") < 2:  # the headers end with CRLF; retry and the event follow
        more = client.recv(65536)
        assert more, data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    fields = dict(line.split(": ", 1) for line in body.decode().split("\n\n")[1].splitlines())
    return fields["event"], json.loads(fields["data"])


def test_the_page_may_load_nothing_from_elsewhere(listener):
    response = listener.get("/")
    assert (response.status, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert b"http://" not in response.body.replace(b"http://www.w3.org/", b"")
    assert b"https://" not in response.body
    for path in ("/page.js", "/spectrogram.js", "/page.css", "/icon.svg"):
        assert listener.get(path).status == 200


def test_the_state_is_served_as_json(listener):
    state = json.loads(listener.get("/api/state").body)
    assert state["status"] == "listening"
    assert state["source"] == "stdin"
    assert state["model"]["name"] == "seed-cnn-gtzan"
    assert set(state["event"]["posterior"]) == set(state["model"]["labels"])
    assert sum(state["today"]["seconds"].values()) > 0


def test_events_are_streamed(listener):
    with listener.stream() as client:
        name, state = first_event(client)
        assert (name, state["status"]) == ("state", "listening")
        data = b""
        while b"event: update" not in data:
            more = client.recv(65536)
            assert more, data
            data += more


def test_a_client_of_events_gets_them_without_what_frames_them(listener):
    connection = http.client.HTTPConnection("127.0.0.1", listener.port, timeout=PATIENCE_S)
    connection.request("GET", "/api/events")
    with connection.getresponse() as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        for _ in range(3):  # the state, and two updates
            lines = list(iter(response.readline, b"\n"))
            names = [line.partition(b":")[0] for line in lines]
            assert names[-3:] in ([b"id", b"event", b"data"], [b"retry"])
    connection.close()


def test_prometheus_understands_the_metrics(listener):
    response = listener.get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain")
    families = {f.name: f for f in text_string_to_metric_families(response.body.decode())}
    assert families["edge_genre_up"].samples[0].value == 1
    genres = families["edge_genre_genre"].samples
    assert sum(sample.value for sample in genres) == 1
    assert families["edge_genre_dropped_samples"].type == "counter"


def test_head_is_get_without_a_body(listener):
    get, head = listener.get("/page.css"), listener.get("/page.css", "HEAD")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]
    assert head.body == b""


@pytest.mark.parametrize(
    "path",
    [
        "/nothing", "/static/page.css", "/../page.css", "/..%2f..%2fetc/passwd", "/%2e%2e/x",
        "/....//etc/passwd", "//etc/passwd", "/page.css/", "/page.css%00", "/PAGE.CSS", "/.git",
        "/\\..\\x",
    ],
)  # fmt: skip
def test_nothing_but_the_page_s_own_files_is_served(listener, path):
    response = listener.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert status(response) == 404
    assert b"root:" not in response


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 505),
        (b"GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET http://elsewhere/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: other\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n folded: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: local\0host\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"DELETE /api/state HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", 413),
        (b"GET /" + 3000 * b"a" + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + 9000 * b"a" + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + 100 * b"X: y\r\n" + b"\r\n", 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 400),
    ],
)  # fmt: skip
def test_what_is_malformed_or_too_large_is_refused(listener, request_, wanted):
    assert status(listener.send(request_)) == wanted


def test_a_web_socket_is_not_opened(listener):
    response = listener.send(
        b"GET /api/events HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade"
        b"\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert status(response) != 101


def test_a_post_of_a_gigabyte_is_refused_before_it_is_read(listener):
    before = listener.rss_mib()
    with listener.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
        block, sent = bytes(1 << 20), 0
        with contextlib.suppress(ConnectionError):
            while sent < 64 << 20:  # it must not take more than it has refused
                client.sendall(block)
                sent += len(block)
        with contextlib.suppress(ConnectionError):
            assert status(read_all(client)) in (405, 0)
    assert listener.rss_mib() < before + 4.0


def test_requests_may_come_behind_each_other(listener):
    both = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" + GET
    with listener.connect() as client:
        client.sendall(both)
        response = read_all(client)
    assert response.count(b"HTTP/1.1 200 OK") == 2


def test_a_flood_of_requests_is_served_or_closed_and_costs_no_memory(listener):
    listener.get("/")
    before = listener.rss_mib()
    served = 0
    for _ in range(600):
        with contextlib.suppress(ConnectionError, TimeoutError):
            served += status(listener.send(GET)) == 200
    assert served > 0
    assert listener.rss_mib() < before + 4.0


def test_a_thousand_streams_get_no_more_than_their_places(listener):
    listener.get("/")
    before = listener.rss_mib()
    clients: list[socket.socket] = []
    try:
        for _ in range(1000):
            with contextlib.suppress(ConnectionError):
                clients.append(listener.stream())
        listener.goes_on()
        state = {f.name: f for f in text_string_to_metric_families(
            listener.get("/metrics").body.decode())}  # fmt: skip
        assert 1 <= state["edge_genre_http_streams"].samples[0].value <= MAX_STREAMS
    finally:
        for client in clients:
            client.close()
    assert listener.rss_mib() < before + 8.0
    with listener.stream() as client:
        assert first_event(client)[0] == "state"


def test_clients_that_drip_do_not_keep_others_out(listener):
    clients = [listener.connect() for _ in range(2 * MAX_CONNECTIONS)]
    try:
        for client in clients:
            with contextlib.suppress(ConnectionError):
                client.sendall(b"G")
        assert listener.get("/healthz").status == 200
    finally:
        for client in clients:
            client.close()


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:80"}, 403),
        ({"Host": "localhost:1"}, 200),
        ({"Host": "[::1]"}, 200),
        ({"Host": "192.0.2.1"}, 403),
        ({"Host": "127.0.0.9:80"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
    ],
)
def test_another_site_cannot_read_through_a_browser(listener, headers, wanted):
    assert listener.get("/api/state", **headers).status == wanted


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A listener with a token."""
    file = tmp_path_factory.mktemp("token") / "token"
    file.write_bytes("\ufeffcorrect-horse\r\n".encode())  # as an editor of Windows saves it
    one = Listener("--http-token-file", str(file))
    yield one
    one.close()


def test_without_the_token_there_is_a_form_and_nothing_else(guarded):
    page = guarded.get("/")
    assert (page.status, b'name="token"' in page.body) == (401, True)
    for path in ("/api/state", "/api/events", "/metrics", "/page.js"):
        assert guarded.get(path).status == 401
    assert guarded.get("/api/state", Authorization="Bearer wrong-horse").status == 401
    assert guarded.get("/api/state", Authorization="Basic Og==").status == 401
    assert guarded.get("/?token=%ff%00wrong").status == 401


def test_with_the_token_everything_is_open_and_it_leaves_the_address(guarded):
    assert guarded.get("/metrics", Authorization="Bearer correct-horse").status == 200
    welcome = guarded.get("/?token=correct-horse")
    assert (welcome.status, welcome.headers["Location"]) == (303, "/")
    cookie = welcome.headers["Set-Cookie"]
    assert "correct-horse" not in cookie
    assert "HttpOnly; SameSite=Strict" in cookie
    assert guarded.get("/api/state", Cookie=cookie.partition(";")[0]).status == 200


@pytest.mark.parametrize(
    ("options", "words", "code"),
    [
        (["0.0.0.0:0"], "lets others on the network read", 2),
        (["8080x"], "the port must be a number", 2),
        (["99999"], "the port must be a number", 2),
        ([f"127.0.0.1:{'9' * 5000}"], "the port must be a number", 2),
        ([":80"], "names no host", 2),
        (["::1:80"], "in brackets", 2),
        (["no-such-host.invalid:80"], "host 'no-such-host.invalid'", 2),
        (["203.0.113.1:8080", "--http-open"], "no network of this machine has this address", 1),
        (["0", "--http-token", "short"], "a token has 8 to 256", 2),
        (["0", "--http-open"], "--http-open has no meaning", 2),
        (["0", "--http-token-file", "/none"], "No such file", 2),
    ],
)
def test_an_address_or_token_that_makes_no_sense_is_refused(options, words, code, capfd):
    line = complaint(capfd, "listen", "--input", "demo", "--fast", "--http", *options, code=code)
    assert words in line


def test_a_port_that_is_taken_is_refused(listener, capfd):
    line = complaint(capfd, "listen", "--input", "demo", "--http", str(listener.port), code=1)
    assert "another program, or another edge-genre, has it" in line
