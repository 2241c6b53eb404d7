"""An HTTP response, and the headers that every response carries."""

from __future__ import annotations

import html
import json
import math
from dataclasses import dataclass, field
from typing import Any

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
    """Besides those of the type and those that every response carries"""
    stream: bool = False
    """Whether more follows the body for as long as the client stays"""

    @property
    def all_headers(self) -> list[tuple[str, str]]:
        """Own headers and those that every response carries."""
        headers = [*self.headers, *_EVERY]
        if self.body or self.stream:
            headers.append(("Content-Type", self.content_type))
        if not self.stream and self.status != 304:
            headers.append(("Content-Length", str(len(self.body))))
        return headers


def json_text(value: Any) -> str:
    """One line of JSON; numbers that are not finite, which JSON has no word for, become null."""
    # Escaped, because a file's name may hold what cannot be encoded.
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def text(message: str, status: int = 200, *headers: tuple[str, str]) -> Response:
    """A line of plain text."""
    return Response(
        status=status,
        body=f"{message}\n".encode(),
        headers=(("Cache-Control", "no-store"), *headers),
    )


def refusal(status: int, message: str, *headers: tuple[str, str]) -> Response:
    """An error in words."""
    if status == 405:
        headers += (("Allow", "GET, HEAD"),)
    if status == 503:
        headers += (("Retry-After", "5"),)
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
