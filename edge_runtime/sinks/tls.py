"""Certificates for a broker that is reached over TLS."""

from __future__ import annotations

import ssl
from pathlib import Path

from ..errors import ParameterError
from ..regular_file import special_kind


def tls_context(
    ca: Path | None = None, certificate: Path | None = None, key: Path | None = None
) -> ssl.SSLContext:
    """Certificates for ``mqtts://``; the system's authorities where no other is named.

    Raises
    ------
    ParameterError
        If a file is missing or does not hold what it should.
    """
    for option, file in (("ca", ca), ("cert", certificate), ("key", key)):
        if file and (kind := special_kind(file)):
            raise ParameterError(f"--mqtt-{option} {file}: is {kind}; name a PEM file")
    try:
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
    except (OSError, ValueError) as error:
        raise ParameterError(f"--mqtt-ca {ca}: {_no_pem(error, 'certificate')}") from None
    if certificate:
        try:
            # An encrypted key would ask a terminal for its password: let it fail instead.
            context.load_cert_chain(certificate, key, password=lambda: "")
        except (OSError, ValueError) as error:
            raise ParameterError(
                f"--mqtt-cert {certificate}: {_no_pem(error, 'certificate with its key')}"
            ) from None
    return context


def _no_pem(error: Exception, what: str) -> str:
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError):
        return f"{error.strerror}; name a PEM file that can be read"
    return f"holds no {what} that can be used; it must be a PEM file without a password"
