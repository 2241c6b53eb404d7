"""Who may read the page."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import socket
from dataclasses import dataclass

from .request import Request
from .response import Response, refusal, text, token_form

_YEAR_S = 31_536_000
_FOR_EVERYBODY = frozenset({"/healthz", "/page.css", "/icon.svg"})
"""What gives nothing away: the health check, and the looks of the form that asks for the token"""


@dataclass(frozen=True)
class Access:
    """Decides about each request before anything else looks at it."""

    port: int
    """The server's own; cookies of one host are shared by its ports, so it is in their name"""
    loopback: bool
    """Whether only this machine can connect"""
    token: str | None = None
    """None where none is needed"""

    def respond(self, request: Request) -> Response | None:
        """A refusal, or the redirection after the token was given; None lets the request pass."""
        host = request.headers.get("host", "")
        if self.token is None and not self._is_known(host):
            # A page on the Internet may give its own name this machine's address ("DNS rebinding")
            # and would then be read as if it came from here.
            return refusal(
                403, "this name is not known here; use the address, or start with --http-token-file"
            )
        if request.path.startswith("/api/") and not _same_origin(request, host):
            return refusal(403, "another site's page may not read this")
        if self.token is None or request.path in _FOR_EVERYBODY:
            return None
        return self._check_token(request, self.token)

    def _is_known(self, host: str) -> bool:
        name = _without_port(host).lower()
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            if self.loopback:
                return name == "localhost"
            # Nobody on the Internet owns these.
            own = socket.gethostname().lower()
            return bool(name) and ("." not in name or name.endswith(".local") or name == own)
        return address.is_loopback or not self.loopback

    def _check_token(self, request: Request, token: str) -> Response | None:
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and _equal(credentials.strip(), token):
            return None
        if _equal(request.cookie(self._cookie) or "", _token_hash(token)):
            return None
        given = request.parameter("token")
        if given is not None and _equal(given, token):
            cookie = f"{self._cookie}={_token_hash(token)}; Path=/; Max-Age={_YEAR_S}"
            return text(
                "welcome", 303,
                ("Location", "/"),  # the token vanishes from the address line
                ("Set-Cookie", f"{cookie}; HttpOnly; SameSite=Strict"),
            )  # fmt: skip
        if request.path == "/":
            return token_form("That is not the token." if given else "This page asks for a token.")
        return text(
            "401: send the token as Authorization: Bearer TOKEN", 401,
            ("WWW-Authenticate", 'Bearer realm="edge-genre"'),
        )  # fmt: skip

    @property
    def _cookie(self) -> str:
        return f"edge_genre_{self.port}"


def _same_origin(request: Request, host: str) -> bool:
    site = request.headers.get("sec-fetch-site", "none")
    if site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    return origin is None or origin.partition("://")[2].lower() == host.lower()


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host


def _token_hash(token: str) -> str:
    """What the cookie holds: it stays valid over a restart, and does not reveal the token."""
    return hmac.new(token.encode(), b"edge-genre page", hashlib.sha256).hexdigest()


def _equal(given: str, right: str) -> bool:
    """Takes as long for a wrong first character as for a wrong last one."""
    return hmac.compare_digest(given.encode(), right.encode())
