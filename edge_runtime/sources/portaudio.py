"""Microphones through PortAudio, by the sounddevice package."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ..audio.resample import HIGHEST_RATE, LOWEST_RATE
from ..errors import AudioDeviceError
from ..stderr import quiet_stderr
from . import CHUNK_SECONDS, Chunk, Stop, device_names
from .capture import take
from .devices import (
    CLOSE_SECONDS,
    NO_PERMISSION,
    RATE_TOLERANCE,
    InputDevice,
    RefusedError,
    lost,
    none_found,
)
from .driver_calls import Driver
from .ring import RING_SECONDS, Ring

_INVALID_CHANNELS, _INVALID_RATE = -9998, -9997
"""PortAudio's codes for what a microphone lacks"""
_FORBIDDEN = ("Permission denied", "-13")
_COMMON_RATES = (8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 192000)


def import_sounddevice() -> Any:
    """The sounddevice module, or None where it or PortAudio is not installed."""
    try:
        import sounddevice
    except (ImportError, OSError):  # OSError: the package is there, libportaudio2 is not
        return None
    except Exception as error:
        # The import starts PortAudio. Its exception cannot be named before the import succeeded;
        # it is raised, for one, where an ALSA configuration file is damaged.
        if type(error).__name__ != "PortAudioError":
            raise
        return None
    return sounddevice


def rescan(sounddevice: Any) -> bool:
    """Have PortAudio list the devices that there are now; whether it still works.

    It lists them when it is started, and no stream may be open when it is started again.
    """
    with contextlib.suppress(sounddevice.PortAudioError):
        sounddevice._terminate()
    try:
        sounddevice._initialize()
    except sounddevice.PortAudioError:
        return False
    return True


def devices(sounddevice: Any) -> list[InputDevice]:
    """Microphones that PortAudio knows."""
    default = sounddevice.default.device[0]
    return [
        InputDevice(
            name=device["name"],
            channels=device["max_input_channels"],
            rate=round(device["default_samplerate"]),
            default=index == default,
            api="portaudio",
        )
        for index, device in _inputs(sounddevice)
    ]


class PortAudioCapture:
    """Captured by PortAudio's own thread into a ring that never blocks it.

    Parameters
    ----------
    sounddevice : module
    device : str or None
        A name or part of one; the default microphone where None.
    rate : int or None
        Hertz; the device's default where None.
    channels : int
    driver : Driver
        Closes it.

    Raises
    ------
    AudioDeviceError
        If there is none of that name, or it cannot be opened so.
    """

    seconds: float | None = None

    def __init__(
        self, sounddevice: Any, device: str | None, rate: int | None, channels: int, driver: Driver
    ) -> None:
        self._sounddevice, self._driver = sounddevice, driver
        index, self._device = find_device(sounddevice, device)
        self.name = str(self._device["name"])
        default = round(self._device["default_samplerate"])
        self.rate = rate or min(max(default, LOWEST_RATE), HIGHEST_RATE)
        self.channels = channels
        self.overflows = 0
        self._end_s = 0.0  # of the sound so far, on the device's clock; 0: not known
        self._closed = False
        self._ring = Ring(round(RING_SECONDS * self.rate), self.rate)
        self._stream = self._open(index)
        if not self._is_as_asked():
            got = round(self._stream.samplerate)
            self._stream.close()
            if rate is not None:
                raise self._differs(got)
            self.rate = got
            self._ring = Ring(round(RING_SECONDS * got), got)
            self._stream = self._open(index)
            if not self._is_as_asked():
                self._stream.close()
                raise self._differs(round(self._stream.samplerate))
        try:
            self._stream.start()
        except sounddevice.PortAudioError as error:
            self._stream.close()
            raise AudioDeviceError(
                f"microphone {self.name!r} cannot be started ({_reason(error)}); {_remedy(error)}"
            ) from None

    @property
    def began(self) -> float | None:
        """When the first sample was captured."""
        return self._ring.began

    @property
    def ended(self) -> float:
        """When the last one was."""
        return self._ring.ended

    def _open(self, index: int) -> Any:
        library = self._sounddevice
        try:
            return library.InputStream(
                device=index,
                samplerate=self.rate,
                channels=self.channels,
                dtype="int16",
                blocksize=round(CHUNK_SECONDS * self.rate),
                callback=self._captured,
                finished_callback=self._ring.close,
            )
        except (library.PortAudioError, ValueError) as error:
            has = self._device["max_input_channels"]
            what = (
                f"microphone {self.name!r} cannot be opened at {self.rate} Hz with "
                f"{self.channels} channel(s) ({_reason(error)})"
            )
            code = error.args[1] if len(error.args) > 1 else None
            if code == _INVALID_CHANNELS or self.channels > has:
                raise RefusedError(f"{what}; it has {has} channel(s)") from None
            if code == _INVALID_RATE:
                rates = common_rates(library, index, self.channels)
                has = ", ".join(map(str, rates)) or round(self._device["default_samplerate"])
                raise RefusedError(f"{what}; it has {has} Hz") from None
            raise AudioDeviceError(f"{what}; {_remedy(error)}") from None

    def _is_as_asked(self) -> bool:
        """Whether the driver opened it at the rate that it was asked for."""
        got: float = self._stream.samplerate
        return abs(got - self.rate) <= RATE_TOLERANCE * self.rate

    def _differs(self, got: int) -> RefusedError:
        return RefusedError(
            f"microphone {self.name!r} cannot be opened at {self.rate} Hz; it was opened at {got} "
            "Hz; leave --rate out"
        )

    def _captured(
        self, samples: npt.NDArray[np.int16], frames: int, clock: Any, flags: Any
    ) -> None:
        begin_s, lost = clock.inputBufferAdcTime, 0
        if flags.input_overflow and self.began is not None:  # before that nothing is missed
            # PortAudio reports that it lost sound, not how much: the device's clock does, if any.
            if 0.0 < self._end_s <= begin_s < self._end_s + RING_SECONDS:
                lost = round((begin_s - self._end_s) * self.rate)
            else:
                self.overflows += 1
        self._end_s = begin_s + frames / self.rate if begin_s > 0.0 else 0.0
        self._ring.put(samples.copy(), lost=lost)  # PortAudio reuses its buffer

    def chunks(self, stop: Stop) -> Iterator[Chunk]:
        """Sound until `stop` is set.

        Raises
        ------
        AudioDeviceError
            If the microphone is lost.
        """
        # PortAudio's own thread prints its inner workings at any time, most of all when the
        # microphone is lost (older versions: without end, PortAudio issue 1037).
        with quiet_stderr():
            try:
                yield from take(self._ring, stop, lambda: lost(self.name))
            finally:
                self.close()

    def close(self) -> None:
        """Close the microphone; a driver that hangs must not keep the command from ending."""
        if self._closed:
            return  # PortAudio must not be asked twice
        self._closed = True
        with contextlib.suppress(AudioDeviceError):
            self._driver.call(self._stream.close, timeout_s=CLOSE_SECONDS)
        self._ring.close()


def find_device(sounddevice: Any, device: str | None) -> tuple[int, Any]:
    """Index and description of the microphone of that name, or of the default one.

    Raises
    ------
    AudioDeviceError
        If there is none, or the name fits several.
    """
    inputs = _inputs(sounddevice)
    if not inputs:
        raise none_found()
    if device is None:
        try:
            found = sounddevice.query_devices(None, "input")
        except (ValueError, sounddevice.PortAudioError) as error:
            raise device_names.unknown(
                "default", [d["name"] for _, d in inputs], _reason(error)
            ) from None
        return int(found["index"]), found
    known = [str(description["name"]) for _, description in inputs]
    found = device_names.matches(device, known)
    if not found:
        raise device_names.unknown(device, known)
    if len({known[index] for index in found}) > 1:
        raise device_names.ambiguous(device, [known[index] for index in found])
    return inputs[found[0]]


def common_rates(sounddevice: Any, index: int, channels: int) -> list[int]:
    """Common rates that a microphone has, hertz; none while it is in use."""
    found = []
    for rate in _COMMON_RATES:
        with contextlib.suppress(sounddevice.PortAudioError, ValueError):
            sounddevice.check_input_settings(
                device=index, channels=channels, dtype="int16", samplerate=rate
            )
            found.append(rate)
    return found


def _inputs(sounddevice: Any) -> list[tuple[int, Any]]:
    try:
        known = list(enumerate(sounddevice.query_devices()))
    except sounddevice.PortAudioError as error:
        raise AudioDeviceError(f"PortAudio cannot list microphones ({_reason(error)})") from None
    return [(index, device) for index, device in known if device["max_input_channels"] > 0]


def _remedy(error: Exception) -> str:
    if any(sign in str(error.args) for sign in _FORBIDDEN):
        return NO_PERMISSION
    return "is it plugged in, and does no other program use it?"


def _reason(error: Exception) -> str:
    """The message of an exception; that of the driver, too, where PortAudio passes it on."""
    parts = [str(error.args[0] if error.args else error)]
    if len(error.args) > 2:
        parts.append(str(error.args[2][2]))  # (host API, its error code, its error message)
    return " ".join(": ".join(filter(None, parts)).split())
