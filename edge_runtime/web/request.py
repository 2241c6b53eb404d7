"""An HTTP request, read strictly: what h11 would forgive or guess is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs

import h11

_MAX_HEAD_BYTES = 8192
_MAX_TARGET_BYTES = 2048
_MAX_HEADERS = 64
_MAX_NAME_BYTES = 256

_LENIENT = re.compile(rb"(?<!\r)\n|\n[ \t]")
"""A line that ends without CR, or goes on in the next: h11 takes both"""
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_ONLY_ONCE = frozenset({"host", "authorization", "origin"})


class BadRequest(Exception):
    """A request that gets an error instead of what it asks for."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        """HTTP status, 4xx or 5xx"""
        self.head_only = False
        """Whether the client asked by HEAD, and gets no body"""


@dataclass(frozen=True)
class Request:
    """A request without a body; there are no others here."""

    method: str
    path: str
    """As it was sent: nothing is decoded, so that nothing can be hidden in it"""
    query: str
    headers: dict[str, str]
    """By lower-case name"""

    def parameter(self, name: str) -> str | None:
        """The first value of a parameter in the query; None where there is none."""
        try:
            values = parse_qs(self.query, max_num_fields=16).get(name)
        except ValueError:
            return None
        return values[0] if values else None

    def cookie(self, name: str) -> str | None:
        """The value of a cookie; None where there is none."""
        for pair in self.headers.get("cookie", "").split(";"):
            key, _, value = pair.strip().partition("=")
            if key == name:
                return value
        return None


def next_request(http: h11.Connection) -> Request | None:
    """The next request of a connection; None while it is not complete.

    Raises
    ------
    BadRequest
        With the status to answer.
    """
    head = http.trailing_data[0].partition(b"\r\n\r\n")[0]
    if len(head) > _MAX_HEAD_BYTES:
        raise BadRequest(431, "the headers are too long")
    # Something else than HTTP, TLS for instance, need not be waited for.
    if (head and not 0x41 <= head[0] <= 0x7A) or _LENIENT.search(head):
        raise BadRequest(400, "this is not an HTTP request")
    try:
        event = http.next_event()
        if not isinstance(event, h11.Request):
            return None
        try:
            request = _checked(event)
        except BadRequest as error:
            error.head_only = event.method == b"HEAD"
            raise
        http.next_event()  # its end: there is no body
    except h11.RemoteProtocolError as error:
        raise BadRequest(error.error_status_hint, "this is not an HTTP request") from None
    return request


def _checked(event: h11.Request) -> Request:
    method, target = event.method.decode(), event.target.decode()
    if len(target) > _MAX_TARGET_BYTES:
        raise BadRequest(414, "the address is too long")
    if not event.http_version.startswith(b"1."):
        raise BadRequest(505, "only HTTP/1.1 is spoken here")
    if method not in ("GET", "HEAD"):
        raise BadRequest(405, "only GET and HEAD are answered")
    headers = _headers(event)
    if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        raise BadRequest(413, "a request with a body is not read")
    if not target.startswith("/"):
        raise BadRequest(400, "the address is malformed")
    path, _, query = target.partition("?")
    return Request(method, path, query, headers)


def _headers(event: h11.Request) -> dict[str, str]:
    if len(event.headers) > _MAX_HEADERS:
        raise BadRequest(431, "there are too many headers")
    headers: dict[str, str] = {}
    for raw_name, raw_value in event.headers:
        if len(raw_name) > _MAX_NAME_BYTES or _CONTROL.search(raw_value):
            raise BadRequest(400, "a header is malformed")
        name, value = raw_name.decode(), raw_value.decode("latin-1")
        if name in headers:
            if name in _ONLY_ONCE:
                raise BadRequest(400, f"the header {name} comes twice")
            value = f"{headers[name]}{';' if name == 'cookie' else ','} {value}"
        headers[name] = value
    return headers
