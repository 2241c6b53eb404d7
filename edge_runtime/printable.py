"""Text that a terminal shows and does not obey."""

from __future__ import annotations

import re

_TURNS = "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
"""C1, which terminals obey as they do C0; line ends, and marks that have text read the other way"""
_CONTROLS = re.compile(f"[\x00-\x1f{_TURNS}]")
_IN_JSON = re.compile(f"[{_TURNS}]")


def printable(text: str) -> str:
    r"""One line of text, with control characters as escapes.

    Names of files may hold any character: a title of a window, a colour, "delete the screen".

    Examples
    --------
    >>> printable("song\x1b[2J\n.wav")
    'song\\x1b[2J\\n.wav'
    """
    return _CONTROLS.sub(_escaped, text)


def printable_lines(text: str) -> str:
    """As `printable`, of text that has several lines."""
    return "\n".join(map(printable, text.split("\n")))


def printable_json(text: str) -> str:
    r"""JSON text, with the control characters that JSON may hold as escapes of JSON.

    Examples
    --------
    >>> printable_json('"\x9b2J"')
    '"\\u009b2J"'
    """
    return _IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
