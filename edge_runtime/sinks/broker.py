"""The address of an MQTT broker: ``mqtt://user@host:1883/prefix``, or ``mqtts://`` with TLS."""

from __future__ import annotations

import os
import re
import socket
import ssl
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from ..errors import ParameterError
from ..unicode_text import is_unicode

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_SHAPE = "mqtt://[USER@]HOST[:PORT][/PREFIX], or mqtts:// for TLS"


@dataclass(frozen=True, kw_only=True)
class Broker:
    """Where to publish, and as which user."""

    host: str
    port: int
    tls: bool
    user: str | None
    password: str | None = field(repr=False)
    prefix: str
    """First part of every topic; each device and each microphone needs its own"""

    @property
    def name(self) -> str:
        """Host and port, for messages."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_broker(url: str) -> Broker:
    """Read an address.

    Raises
    ------
    ParameterError
        If it is none; the message does not repeat it, for it may hold a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ParameterError(f"--mqtt: {error}; it must be {_SHAPE}") from None
    if parts.scheme not in _PORTS:
        raise ParameterError(
            f"--mqtt begins with {parts.scheme + '://' if parts.scheme else 'no scheme'!r}; "
            f"it must be {_SHAPE}"
        )
    if not parts.hostname:
        raise ParameterError(f"--mqtt names no host; it must be {_SHAPE}")
    if "?" in url or "#" in url:
        raise ParameterError(f"--mqtt holds a ? or #, which have no meaning; it must be {_SHAPE}")
    if port == 0:
        raise ParameterError("--mqtt names port 0; ports are from 1 to 65535")
    if parts.password and not parts.username:
        raise ParameterError("--mqtt has a password without a user, which MQTT does not know")
    if not is_unicode(url):
        raise ParameterError(f"--mqtt is not UTF-8, which MQTT asks for; it must be {_SHAPE}")
    return Broker(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        tls=parts.scheme == "mqtts",
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        prefix=_prefix(unquote(parts.path).strip("/")),
    )


def connection_fault(broker: Broker, error: Exception) -> str:
    """What to tell the user of a connection that failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted ({error.verify_message}); "
            "name its authority with --mqtt-ca"
        )
    if isinstance(error, ssl.SSLError) or (broker.tls and isinstance(error, ConnectionResetError)):
        return f"no TLS connection ({error.strerror}); is {broker.port} its port for mqtts://?"
    if isinstance(error, socket.gaierror):
        return f"there is no host {broker.host!r} ({error.strerror})"
    if isinstance(error, TimeoutError):
        return "it cannot be reached (timed out)"
    return str(getattr(error, "strerror", None) or error)


def _prefix(path: str) -> str:
    prefix = path or f"edge-genre/{os.uname().nodename}"
    if re.search(r"[+#\x00-\x1f\x7f]|//", prefix) or prefix.startswith("$"):
        raise ParameterError(
            f"--mqtt: {prefix!r} cannot begin a topic; it must have no + or #, no empty level, and "
            "no $ at its beginning"
        )
    if len(prefix.encode(errors="replace")) > 200:
        raise ParameterError("--mqtt: the prefix of the topics is longer than 200 bytes")
    return prefix
