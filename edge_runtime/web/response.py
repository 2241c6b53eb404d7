"""An HTTP answer, and the headers that every answer carries."""

from __future__ import annotations

import html
from dataclasses import dataclass, field

_REASONS = {
    200: "OK",
    303: "See Other",
    304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    414: "URI Too Long",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
    505: "HTTP Version Not Supported",
}

# Scripts and styles come from the page's own files alone; nothing may frame it, and nobody else's
# page may load a part of it.
_EVERY = (
    (
        "Content-Security-Policy",
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)


@dataclass(frozen=True, kw_only=True)
class Response:
    """What is sent back."""

    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = field(default=(("Cache-Control", "no-store"),))
    """Besides those of the type and those that every answer carries"""
    stream: bool = False
    """Whether more follows the body for as long as the client stays"""

    def to_bytes(self, *, keep_alive: bool, head_only: bool = False) -> bytes:
        """As it goes over the wire."""
        lines = [f"HTTP/1.1 {self.status} {_REASONS[self.status]}"]
        if not self.stream and self.status != 304:
            lines.append(f"Content-Length: {len(self.body)}")
        if self.body or self.stream:
            lines.append(f"Content-Type: {self.content_type}")
        lines += [f"{name}: {value}" for name, value in (*self.headers, *_EVERY)]
        lines.append(f"Connection: {'keep-alive' if keep_alive else 'close'}")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        return head if head_only else head + self.body


def text(message: str, status: int = 200, *headers: tuple[str, str]) -> Response:
    """A line of plain text."""
    return Response(
        status=status,
        body=f"{message}\n".encode(),
        headers=(("Cache-Control", "no-store"), *headers),
    )


def refusal(status: int, message: str) -> Response:
    """An error in words."""
    headers = [("Allow", "GET, HEAD")] if status == 405 else []
    headers += [("Retry-After", "5")] if status == 503 else []
    return text(f"{status}: {message}", status, *headers)


def token_form(message: str) -> Response:
    """What a browser without the token sees: a field to type it into."""
    page = _FORM.replace("MESSAGE", html.escape(message))
    return Response(
        status=401,
        content_type="text/html; charset=utf-8",
        body=page.encode(),
        headers=(("Cache-Control", "no-store"), ("WWW-Authenticate", 'Bearer realm="edge-genre"')),
    )


_FORM = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>edge-genre</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/page.css">
<main class="door">
<h1>edge-genre</h1>
<p>MESSAGE</p>
<form action="/" method="get">
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button>Open</button>
</form>
</main>
</html>
"""
