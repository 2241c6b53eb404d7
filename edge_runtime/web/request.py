"""The head of an HTTP request, read strictly: what is not well formed is refused, never guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs

MAX_HEAD_BYTES = 8192
_MAX_LINE_BYTES = 2048
_MAX_HEADERS = 64

_REQUEST_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) (\S+) HTTP/(\d)\.(\d)")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_TARGET = re.compile(r"/[\x21-\x7e]*")
_ONLY_ONCE = frozenset({"host", "content-length", "transfer-encoding", "authorization", "origin"})


class BadRequest(Exception):
    """A request that gets an error instead of an answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        """HTTP status, 4xx or 5xx"""


@dataclass(frozen=True)
class Request:
    """A request without a body; there are no others here."""

    method: str
    path: str
    """As it was sent: nothing is decoded, so that nothing can be hidden in it"""
    query: str
    headers: dict[str, str]
    """By lower-case name"""
    keep_alive: bool
    """Whether the client wants to go on with this connection"""

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


def parse_head(head: bytes) -> Request:
    """Read a request line and its headers.

    Parameters
    ----------
    head : bytes
        Everything before the empty line.

    Raises
    ------
    BadRequest
        With the status to answer.
    """
    first, *lines = head.decode("latin-1").split("\r\n")
    if len(first) > _MAX_LINE_BYTES:
        raise BadRequest(414, "the address is too long")
    matched = _REQUEST_LINE.fullmatch(first)
    if matched is None:
        raise BadRequest(400, "this is not an HTTP request")
    method, target, major, minor = matched.groups()
    if major != "1":
        raise BadRequest(505, "only HTTP/1.1 is spoken here")
    headers = _headers(lines)
    if minor != "0" and "host" not in headers:
        raise BadRequest(400, "the Host header is missing")
    if method not in ("GET", "HEAD"):
        raise BadRequest(405, "only GET and HEAD are answered")
    if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        raise BadRequest(413, "a request with a body is not read")
    if not _TARGET.fullmatch(target):
        raise BadRequest(400, "the address is malformed")
    path, _, query = target.partition("?")
    wishes = headers.get("connection", "" if minor != "0" else "close").lower()
    return Request(method, path, query, headers, "close" not in wishes)


def _headers(lines: list[str]) -> dict[str, str]:
    if len(lines) > _MAX_HEADERS:
        raise BadRequest(431, "there are too many headers")
    headers: dict[str, str] = {}
    for line in lines:
        # Split, not matched: a pattern that allows spaces in several places can take minutes.
        name, colon, value = line.partition(":")
        if not colon or not _NAME.fullmatch(name) or _CONTROL.search(value):
            raise BadRequest(400, "a header is malformed")
        name, value = name.lower(), value.strip(" \t")
        if name in headers:
            if name in _ONLY_ONCE:
                raise BadRequest(400, f"the header {name} comes twice")
            value = f"{headers[name]}{';' if name == 'cookie' else ','} {value}"
        headers[name] = value
    return headers
