"""What the ways to reach a microphone have in common."""

from __future__ import annotations

from dataclasses import dataclass

STALL_SECONDS = 5.0
"""A microphone that is silent at the driver for so long is taken as lost."""
CLOSE_SECONDS = 2.0
"""A driver that takes longer to let go of a microphone is left behind."""

NO_MICROPHONE = (
    "no microphone found; plug one in and look at: edge-genre devices (or listen to a file with "
    "--input FILE, to raw PCM with --input -)"
)


@dataclass(frozen=True)
class InputDevice:
    """A microphone that the system knows."""

    name: str
    """Stable name, to be given to ``--device``"""
    channels: int | None
    rate: int | None
    """Default rate, hertz; None where the driver does not say"""
    default: bool
    api: str
    """``"portaudio"`` or ``"arecord"``"""


def lost(name: str) -> str:
    return f"microphone {name!r} stopped delivering sound (was it unplugged?)"
