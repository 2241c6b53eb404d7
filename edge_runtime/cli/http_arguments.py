"""The options of the web page, and the page that they ask for."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ParameterError
from ..regular_file import check_regular
from ..stream.session import Session
from . import note

if TYPE_CHECKING:  # without --http its modules are not loaded
    from ..web.page import Page

_SHORTEST_TOKEN, _LONGEST_TOKEN = 8, 256


def add_http_arguments(parser: argparse.ArgumentParser) -> None:
    """``--http`` and who may connect."""
    group = parser.add_argument_group("web page and metrics")
    group.add_argument(
        "--http",
        metavar="[HOST:]PORT",
        help="serve a web page, /api/state, /metrics and /healthz, to this machine alone unless "
        "HOST says otherwise (0.0.0.0: every network; port 0: a free one)",
    )
    access = group.add_mutually_exclusive_group()
    access.add_argument(
        "--http-token-file", metavar="FILE", help="a client must send the token that FILE holds"
    )
    access.add_argument(
        "--http-token",
        metavar="TOKEN",
        help="the same, but others on this machine can see it in the list of processes",
    )
    access.add_argument(
        "--http-open", action="store_true", help="every device that can reach HOST may read"
    )


def open_page(args: argparse.Namespace, session: Session) -> Page | None:
    """The page that the options ask for, already served; None if they ask for none.

    Raises
    ------
    ParameterError
        If the options make no sense, or would let everybody in without --http-open.
    EdgeGenreError
        If the port is taken, or needs a privilege.
    """
    if args.http is None:
        for option in ("http-token-file", "http-token", "http-open"):
            if getattr(args, option.replace("-", "_")):
                raise ParameterError(f"--{option} has no meaning without --http; leave it out")
        return None
    from ..web.access import Access
    from ..web.address import parse_address
    from ..web.page import Page

    token = _token(args)
    address = parse_address(args.http)
    _check_access(args, address.loopback, token)
    listener = address.listen()
    port = listener.getsockname()[1]
    access = Access(port=port, loopback=address.loopback, token=token)
    page = Page(listener, access, session)
    note(f"the page is at {address.url(port)}")
    return page


def _token(args: argparse.Namespace) -> str | None:
    token: str | None = args.http_token
    where = "--http-token"
    if args.http_token_file is not None:
        where = f"--http-token-file {args.http_token_file}"
        try:
            check_regular(args.http_token_file)
            with Path(args.http_token_file).open(encoding="utf-8-sig") as file:
                token = file.read(2 * _LONGEST_TOKEN).strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not text"
            raise ParameterError(f"{where}: {reason}; write the token into it") from None
    if token is None:
        return None
    if not (
        _SHORTEST_TOKEN <= len(token) <= _LONGEST_TOKEN
        and all("!" <= character <= "~" for character in token)
    ):
        raise ParameterError(
            f"{where}: a token has {_SHORTEST_TOKEN} to {_LONGEST_TOKEN} letters, digits or signs, "
            "no spaces; `openssl rand -hex 16` makes a good one"
        )
    return token


def _check_access(args: argparse.Namespace, loopback: bool, token: str | None) -> None:
    if loopback and args.http_open:
        raise ParameterError(
            f"--http-open has no meaning for --http {args.http}: only this machine connects there"
        )
    if not loopback and token is None and not args.http_open:
        raise ParameterError(
            f"--http {args.http} lets others on the network read what is playing; protect it with "
            "--http-token-file FILE, or allow every device with --http-open"
        )
