"""The user that a service runs as: one that can read the files it needs."""

from __future__ import annotations

import os
import pwd
import stat
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import ParameterError


@dataclass(frozen=True)
class Account:
    """A user, and why it was chosen."""

    name: str | None
    """None: a user that exists only while the service runs"""
    notes: tuple[str, ...] = ()
    """For whoever installs the service"""
    doubt: str = ""
    """Why the service may not work; empty if it should"""


_PROGRAM = (Path(sys.executable), Path(__file__), Path(os.__file__))


def choose_account(
    wanted: str | None, read: Iterable[Path], program: Iterable[Path] = _PROGRAM
) -> Account:
    """The user that was asked for, or the owner of the home that the program or its files lie in.

    On Debian a home is closed to others, and so to a user that exists only while the service runs.

    Parameters
    ----------
    wanted : str or None
        The name of a user.
    read : iterable of Path
        Files that the service reads.
    program : iterable of Path
        Those of Python and of this package.

    Raises
    ------
    ParameterError
        If there is no user of that name.
    """
    if wanted is not None:
        try:
            pwd.getpwnam(wanted)
        except (KeyError, ValueError):
            raise ParameterError(f"--as {wanted}: there is no such user") from None
        return Account(wanted)
    for path in (*program, *read):
        closed = _closed(path)
        if closed is None:
            continue
        owner = _owner(closed)
        if owner in (None, "root"):
            doubt = (
                f"{closed} is closed to others, so the service, which runs as a user of its own, "
                f"cannot read {path}; move it (to /opt, /etc), or name a user with --as"
            )
            return Account(None, doubt=doubt)
        return Account(owner, (f"it runs as {owner}, for {closed} is closed to others",))
    return Account(None)


def _closed(path: Path) -> Path | None:
    """What is closed to others on the way to a file, links followed: a folder or the file."""
    for way in dict.fromkeys((path.absolute(), path.resolve())):
        for place in (*reversed(way.parents), way):
            needed = stat.S_IROTH if place == way else stat.S_IXOTH
            try:
                if not place.stat().st_mode & needed:
                    return place
            except OSError:
                return place
    return None


def _owner(path: Path) -> str | None:
    try:
        return pwd.getpwuid(path.stat().st_uid).pw_name
    except (OSError, KeyError):
        return None
