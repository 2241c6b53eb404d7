"""Microphones: PortAudio through sounddevice, or ``arecord`` where PortAudio is missing."""

from __future__ import annotations

import shutil

from ..errors import AudioDeviceError
from . import Source, arecord, portaudio
from .devices import InputDevice

_ARECORD_RATE = 48_000

_NO_CAPTURE = (
    "no way to reach a microphone: install PortAudio (apt install libportaudio2; pip install "
    '"edge-genre[mic]") or arecord (apt install alsa-utils)'
)


def list_devices() -> list[InputDevice]:
    """Microphones, from PortAudio or else from ALSA.

    Raises
    ------
    AudioDeviceError
        If neither PortAudio nor arecord is installed.
    """
    sounddevice = portaudio.import_sounddevice()
    if sounddevice is not None:
        return portaudio.devices(sounddevice)
    if shutil.which("arecord"):
        return arecord.devices()
    raise AudioDeviceError(_NO_CAPTURE)


def open_microphone(device: str | None, rate: int | None, channels: int | None) -> Source:
    """The microphone of that name, or the default one.

    Parameters
    ----------
    device : str or None
        A name (or part of one) that ``edge-genre devices`` lists, or an ALSA id.
    rate : int or None
        Hertz; the device's default where None.
    channels : int or None
        1 where None.

    Raises
    ------
    AudioDeviceError
        If there is no such microphone, or no library to reach one.
    """
    sounddevice = portaudio.import_sounddevice()
    if sounddevice is not None:
        return portaudio.PortAudioSource(sounddevice, device, rate, channels or 1)
    if shutil.which("arecord"):
        return arecord.ArecordSource(device or "default", rate or _ARECORD_RATE, channels or 1)
    raise AudioDeviceError(_NO_CAPTURE)
