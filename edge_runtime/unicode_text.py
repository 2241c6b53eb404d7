"""Text that may hold bytes of file names that are not UTF-8, as Python's lone surrogates."""

from __future__ import annotations


def escaped(text: str) -> str:
    r"""The text with such bytes as ``\udc..``, which every encoder takes, and JSON in its strings.

    Examples
    --------
    >>> escaped("m\udce9tal")
    'm\\udce9tal'
    """
    return text.encode(errors="backslashreplace").decode()


def is_unicode(text: str) -> bool:
    """Whether there are none."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
