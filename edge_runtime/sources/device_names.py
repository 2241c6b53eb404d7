"""Finds microphones by part of their names, never by a number that changes on reboot."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from ..errors import AudioDeviceError
from .devices import RefusedError

_CARD = re.compile(r"\s*\(hw:\d+,\d+\)|,DEV=\d+|hw:\d+(,\d+)*", re.IGNORECASE)
"""Numbers of cards and devices in names, as PortAudio and ALSA write them"""
_ALSA_ID = re.compile(r"\w+:\S+")
_NUMBERED = re.compile(r"hw:\d", re.IGNORECASE)
_NEAR = 0.75
_LISTED = 12


def is_alsa_id(name: str) -> bool:
    """Whether a name is what ALSA calls a PCM, such as ``plughw:CARD=Device``."""
    return _ALSA_ID.fullmatch(name) is not None


def is_numbered(name: str) -> bool:
    """Whether a name holds the number of a sound card, such as ``hw:1,0``."""
    return _NUMBERED.search(name) is not None


def matches(wanted: str, known: Sequence[str]) -> list[int]:
    """Indices of the known names that fit a wanted one; several if it is ambiguous.

    An exact match (but for the number of the card, which may have changed) is preferred; else the
    words must occur in the name, in their order. Case does not count.

    Raises
    ------
    RefusedError
        If it is only a number, and no name holds it.
    """
    stable = [_stable(name) for name in known]
    if wanted.strip().isdigit():
        number = re.compile(rf"(?<!\d){wanted.strip()}(?!\d)")
        found = [index for index, name in enumerate(stable) if number.search(name)]
        if not found:
            raise RefusedError(
                f"{wanted!r} is no microphone's name; numbers change when the machine starts or "
                f"something is plugged in, so use a name, or part of one{_there_are(known)}"
            )
        return found
    for names, name in (([n.casefold() for n in known], wanted.casefold()),
                        (stable, _stable(wanted))):  # fmt: skip
        if same := [index for index, other in enumerate(names) if other == name]:
            return same
    words = re.compile(".*".join(map(re.escape, wanted.casefold().split())))
    return [index for index, name in enumerate(known) if words.search(name.casefold())]


def unknown(wanted: str, known: Sequence[str], why: str = "") -> AudioDeviceError:
    """The error of a name that fits none, with similar ones."""
    because = f" ({why})" if why else ""
    near = _near(wanted, known)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    return AudioDeviceError(
        f"there is no microphone {wanted!r}{because}{hint}{_there_are(known)}; see: edge-genre "
        "devices"
    )


def ambiguous(wanted: str, known: Sequence[str]) -> RefusedError:
    """The error of a name that fits several."""
    return RefusedError(
        f"microphone {wanted!r} may be any of: {', '.join(known)}; name more of the one you mean"
    )


def _stable(name: str) -> str:
    """A name without the number of its card."""
    return _CARD.sub("", name).casefold().strip()


def _near(wanted: str, known: Sequence[str]) -> list[str]:
    """Names of which the whole or a word is similar, the most similar first."""
    similarity: dict[str, float] = {}
    for name in known:
        parts = [_stable(name), *re.findall(r"\w+", _stable(name))]
        similarity[name] = max(
            difflib.SequenceMatcher(None, wanted.casefold(), part).ratio() for part in parts
        )
    ranked = sorted(similarity, key=lambda name: -similarity[name])
    return [name for name in ranked if similarity[name] >= _NEAR][:3]


def _there_are(known: Sequence[str]) -> str:
    if not known:
        return ""
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return f"; there are: {', '.join(known[:_LISTED])}{more}"
