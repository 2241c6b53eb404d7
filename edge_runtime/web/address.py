"""Where the page is served: from what was typed to a socket that listens."""

from __future__ import annotations

import errno
import ipaddress
import socket
from dataclasses import dataclass

from ..errors import EdgeGenreError, ParameterError

_LOOPBACK = "127.0.0.1"
_BACKLOG = 256
"""Clients that may wait to be accepted; beyond it the system drops them, and they wait a second"""


@dataclass(frozen=True)
class Address:
    """``[HOST:]PORT``, understood."""

    typed: str
    """As the user wrote it"""
    host: str
    """As the user wrote it, or the loopback address"""
    family: socket.AddressFamily
    at: tuple[str, int]
    """What the socket is bound to"""

    @property
    def loopback(self) -> bool:
        """Whether only this machine can connect."""
        return ipaddress.ip_address(self.at[0].partition("%")[0]).is_loopback

    def url(self, port: int) -> str:
        """Where a browser finds it."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{port}/"

    def listen(self) -> socket.socket:
        """Take the port.

        Raises
        ------
        EdgeGenreError
            If it is taken, or is not ours to take.
        """
        listener = socket.socket(self.family, socket.SOCK_STREAM)
        try:
            # A restart must not wait for the connections of the run before to be forgotten.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if self.family == socket.AF_INET6 and self.at[0] == "::":
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            listener.bind(self.at)
            listener.listen(_BACKLOG)
        except OSError as error:
            listener.close()
            advice = {
                errno.EADDRINUSE: "another program, or another edge-genre, has it; name another",
                errno.EACCES: "ports below 1024 need a privilege; name one from 1024 on",
                errno.EADDRNOTAVAIL: "no network of this machine has this address; see: ip address",
            }.get(error.errno or 0, "name another one")
            raise EdgeGenreError(f"--http {self.typed}: {error.strerror}: {advice}") from None
        return listener


def parse_address(text: str) -> Address:
    """Understand ``[HOST:]PORT``.

    Raises
    ------
    ParameterError
        If it is something else, or the host has no address.
    """
    host, colon, port = text.rpartition(":")
    if not colon:
        host = _LOOPBACK
    elif not host:
        raise ParameterError(
            f"--http {text!r} names no host; write {port} for this machine alone or 0.0.0.0:{port} "
            "for every network"
        )
    elif ":" in host and not (host.startswith("[") and host.endswith("]")):
        raise ParameterError(f"--http {text!r}: write an IPv6 address in brackets, [::1]:8080")
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and int(port) <= 65_535):
        raise ParameterError(f"--http {text!r}: the port must be a number from 0 to 65535")
    host = host.strip("[]")
    try:
        found = socket.getaddrinfo(
            host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a host name"
        raise ParameterError(f"--http: host {host!r}: {reason}") from None
    # "localhost" may be both; what tries one of them only tries IPv4.
    family, _, _, _, at = min(found, key=lambda item: item[0] != socket.AF_INET)
    return Address(text, host, family, (str(at[0]), int(at[1])))
