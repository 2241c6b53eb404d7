"""What the ways to reach a microphone have in common."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import AudioDeviceError

STALL_SECONDS = 5.0
"""A microphone that is silent at the driver for so long is taken as lost."""
CLOSE_SECONDS = 1.0
"""A driver that takes longer to close a microphone is abandoned."""
RATE_TOLERANCE = 1e-3
"""Share by which a clock may differ from what it is called: 44,099 Hz are 44,100."""

NO_MICROPHONE = (
    "no microphone found; plug one in and look at: edge-genre devices (or listen to a file with "
    "--input FILE, to raw PCM with --input -)"
)
NO_PERMISSION = (
    "this user may not use the sound card; add it to the group audio (sudo usermod -aG audio "
    "USER) and log in again, or give a systemd service SupplementaryGroups=audio"
)
_NODES = Path("/dev/snd")


class RefusedError(AudioDeviceError):
    """What waiting does not mend: a rate that the microphone lacks, a name that fits two."""


@dataclass(frozen=True)
class InputDevice:
    """A microphone that the system knows."""

    name: str
    """To be given to ``--input mic:NAME``, as a whole or in part"""
    channels: int | None
    rate: int | None
    """Default rate, hertz; None where the driver does not report it"""
    default: bool
    api: str
    """``"portaudio"`` or ``"arecord"``"""


def lost(name: str) -> AudioDeviceError:
    """The error of a microphone that gives nothing any more."""
    return AudioDeviceError(
        f"microphone {name!r} stopped delivering sound (unplugged, or its driver is stuck)"
    )


def none_found() -> AudioDeviceError:
    """The error where the system names no microphone."""
    return AudioDeviceError(NO_PERMISSION if is_forbidden() else NO_MICROPHONE)


def is_forbidden() -> bool:
    """Whether there is a sound card that can record, and this user may not use it.

    ALSA and PortAudio then report that there is none.
    """
    nodes = list(_NODES.glob("pcmC*c"))
    return bool(nodes) and not any(os.access(node, os.R_OK | os.W_OK) for node in nodes)
