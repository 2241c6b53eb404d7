"""Microphones: PortAudio through sounddevice, or ``arecord`` where PortAudio is missing."""

from __future__ import annotations

import shutil
from typing import Any

from ..errors import MissingDependencyError
from ..stderr import quiet_stderr
from . import Stop, arecord, device_names, portaudio
from .capture import Capture
from .devices import InputDevice
from .driver_calls import Driver

AUTO, PORTAUDIO, ARECORD = "auto", "portaudio", "arecord"
"""The ways to reach a microphone; ``auto`` is PortAudio where it is installed"""

_OPEN_SECONDS = 10.0
"""A sound server that is started by this may take its time."""
_GET_PORTAUDIO = 'PortAudio (apt install libportaudio2; pip install "edge-genre[mic]")'
_GET_ARECORD = "arecord (apt install alsa-utils)"


def list_devices() -> list[InputDevice]:
    """Microphones, from PortAudio or else from ALSA.

    Raises
    ------
    MissingDependencyError
        If neither PortAudio nor arecord is installed.
    """
    with quiet_stderr():
        sounddevice = portaudio.import_sounddevice()
        if sounddevice is not None:
            return portaudio.devices(sounddevice)
    if shutil.which("arecord"):
        return arecord.devices()
    raise _no_library(AUTO)


class Microphone:
    """A microphone as a user names it, that can be opened again and again.

    Parameters
    ----------
    device : str or None
        A name (or part of one) that ``edge-genre devices`` lists, or an ALSA id; the default
        microphone where None.
    rate : int or None
        Hertz; the device's default where None.
    channels : int or None
        Where None: 1, or the fewest that the device has.
    library : str
        ``auto``, ``portaudio`` or ``arecord``.
    """

    def __init__(
        self, device: str | None, rate: int | None, channels: int | None, library: str = AUTO
    ) -> None:
        self._device, self._rate, self._channels = device, rate, channels
        self._library = library
        self._driver = Driver()
        self._portaudio_started = False

    def open(self, stop: Stop) -> Capture | None:
        """Begin to capture; None if `stop` was set before that succeeded.

        Raises
        ------
        MissingDependencyError
            If there is no library to reach one.
        RefusedError
            If waiting does not help.
        AudioDeviceError
            If there is no such microphone now.
        """
        with quiet_stderr():  # the libraries print what the error that is raised says, too
            return self._driver.call(
                lambda: self._open(stop),
                timeout_s=_OPEN_SECONDS,
                stop=stop,
                late=lambda capture: capture.close() if capture else None,
            )

    def _open(self, stop: Stop) -> Capture | None:
        sounddevice = None if self._library == ARECORD else self._portaudio()
        has_arecord = self._library != PORTAUDIO and shutil.which("arecord") is not None
        if sounddevice is not None and not (has_arecord and self._only_alsa_knows(sounddevice)):
            return portaudio.PortAudioCapture(
                sounddevice, self._device, self._rate, self._channels or 1, self._driver
            )
        if has_arecord:
            return arecord.open_arecord(self._device, self._rate, self._channels, stop)
        raise _no_library(self._library)

    def _portaudio(self) -> Any:
        """The sounddevice module with the devices of this moment, or None."""
        sounddevice = portaudio.import_sounddevice()
        if sounddevice is None:
            return None
        if self._portaudio_started and not portaudio.rescan(sounddevice):
            return None
        self._portaudio_started = True
        return sounddevice

    def _only_alsa_knows(self, sounddevice: Any) -> bool:
        """Whether the name is an ALSA id that PortAudio does not list; it lists few of them."""
        if self._device is None or not device_names.is_alsa_id(self._device):
            return False
        known = [device.name for device in portaudio.devices(sounddevice)]
        return not device_names.matches(self._device, known)


def _no_library(wanted: str) -> MissingDependencyError:
    remedy = {PORTAUDIO: _GET_PORTAUDIO, ARECORD: _GET_ARECORD}.get(
        wanted, f"{_GET_PORTAUDIO} or {_GET_ARECORD}"
    )
    return MissingDependencyError(f"no way to reach a microphone: install {remedy}")
