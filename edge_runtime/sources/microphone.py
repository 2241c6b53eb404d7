"""Microphones: PortAudio through sounddevice, or ``arecord`` where PortAudio is missing."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from enum import StrEnum

from ..errors import MissingDependencyError, ParameterError
from . import Source, arecord, portaudio
from .devices import InputDevice

_NO_CAPTURE = (
    "no way to reach a microphone: install PortAudio (apt install libportaudio2; pip install "
    '"edge-genre[mic]") or arecord (apt install alsa-utils)'
)


def list_devices() -> list[InputDevice]:
    """Microphones, from PortAudio or else from ALSA.

    Raises
    ------
    MissingDependencyError
        If neither PortAudio nor arecord is installed.
    """
    sounddevice = portaudio.import_sounddevice()
    if sounddevice is not None:
        return portaudio.devices(sounddevice)
    if shutil.which("arecord"):
        return arecord.devices()
    raise MissingDependencyError(_NO_CAPTURE)


class Capture(StrEnum):
    """How a microphone is reached."""

    AUTO = "auto"
    PORTAUDIO = "portaudio"
    ARECORD = "arecord"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Which microphone, and how."""

    device: str | None = None
    """A name (or part of one) that ``edge-genre devices`` lists, or an ALSA id; the default one
    where None"""
    rate: int | None = None
    """Hertz; the device's default where None"""
    channels: int = 1
    capture: Capture = Capture.AUTO
    """PortAudio if it is there and knows the device, else arecord, where it is ``auto``"""


def open_microphone(wish: Wish, *, again: bool = False) -> Source:
    """The microphone that is wished for.

    Parameters
    ----------
    wish : Wish
    again : bool
        Whether to look for devices that were plugged in since the first look.

    Raises
    ------
    AudioDeviceError
        If there is no such microphone now.
    MissingDependencyError
        If there is no library to reach one.
    """
    if wish.device is not None and wish.device.isdecimal():
        raise ParameterError(
            f"microphone {wish.device!r} is a number, which changes when the machine starts "
            "anew; give part of its name, or an ALSA id such as plughw:CARD=Device"
        )
    sounddevice = None
    if wish.capture is not Capture.ARECORD:
        sounddevice = portaudio.import_sounddevice()
    has_arecord = wish.capture is not Capture.PORTAUDIO and shutil.which("arecord") is not None
    if sounddevice is None and not has_arecord:
        raise MissingDependencyError(_NO_CAPTURE)
    if sounddevice is not None:
        if again:
            portaudio.look_again(sounddevice)
        if not (has_arecord and _is_alsa_id(wish.device, portaudio.devices(sounddevice))):
            return portaudio.PortAudioSource(sounddevice, wish.device, wish.rate, wish.channels)
    return arecord.ArecordSource(wish.device or "default", wish.rate, wish.channels)


def _is_alsa_id(device: str | None, known: list[InputDevice]) -> bool:
    """Whether a name is one for ALSA (``plughw:CARD=Device,DEV=0``), not for PortAudio."""
    if device is None or not re.fullmatch(r"\w+:\S+", device):
        return False
    return not any(device.lower() in one.name.lower() for one in known)
