"""Microphones through PortAudio, by the sounddevice package."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import AudioDeviceError
from ..quiet import quiet_stderr
from . import CHUNK_SECONDS, POLL_SECONDS, Chunk, Stop
from .devices import CLOSE_SECONDS, NO_MICROPHONE, STALL_SECONDS, InputDevice, lost
from .ring import RING_SECONDS, Ring

_closing: list[threading.Thread] = []
"""Streams that a driver does not let go of; PortAudio must not be touched until it does."""


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
        for index, device in enumerate(sounddevice.query_devices())
        if device["max_input_channels"] > 0
    ]


class PortAudioSource:
    """Captured by PortAudio's own thread into a ring that never blocks it."""

    seconds: float | None = None

    def __init__(
        self, sounddevice: Any, device: str | None, rate: int | None, channels: int
    ) -> None:
        self._sounddevice = sounddevice
        self._device = _find_device(sounddevice, device)
        self.name = str(self._device["name"])
        self.rate = rate or round(self._device["default_samplerate"])
        self.channels = channels
        self._ring = Ring(round(RING_SECONDS * self.rate))
        self._end_s = 0.0  # of the sound captured so far, on the device's clock; 0: not known
        self._stream = self._open()

    def _open(self) -> Any:
        try:
            with quiet_stderr():  # PortAudio and ALSA print their way to the error that is raised
                return self._sounddevice.InputStream(
                    device=self._device["index"],
                    samplerate=self.rate,
                    channels=self.channels,
                    dtype="int16",
                    blocksize=round(CHUNK_SECONDS * self.rate),
                    callback=self._capture,
                )
        except (self._sounddevice.PortAudioError, ValueError) as error:
            raise AudioDeviceError(
                f"microphone {self.name!r} cannot be opened at {self.rate} Hz with "
                f"{self.channels} channel(s) ({_reason(error)}); its default rate is "
                f"{round(self._device['default_samplerate'])} Hz and it has "
                f"{self._device['max_input_channels']} channel(s)"
            ) from None

    def _capture(
        self, samples: npt.NDArray[np.int16], frames: int, clock: Any, status: Any
    ) -> None:
        begin_s, dropped = clock.inputBufferAdcTime, 0
        if status.input_overflow and 0.0 < self._end_s < begin_s < self._end_s + RING_SECONDS:
            # PortAudio says that it lost sound, not how much; the device's clock does.
            dropped = round((begin_s - self._end_s) * self.rate)
        self._end_s = begin_s + frames / self.rate if begin_s > 0.0 else 0.0
        self._ring.put(samples.copy(), dropped=dropped)  # PortAudio reuses its buffer

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
                yield from self._captured(stop)
            finally:
                self._close()

    def _captured(self, stop: Stop) -> Iterator[Chunk]:
        try:
            self._stream.start()
        except self._sounddevice.PortAudioError as error:
            raise AudioDeviceError(
                f"microphone {self.name!r} cannot be started ({_reason(error)}); is it plugged in, "
                "and does no other program use it?"
            ) from None
        waited = 0.0
        while not stop.is_set():
            chunk = self._ring.get(POLL_SECONDS)
            if chunk is None:
                waited += POLL_SECONDS
                if waited >= STALL_SECONDS or not self._stream.active:
                    raise AudioDeviceError(lost(self.name))
                continue
            waited = 0.0
            yield chunk

    def _close(self) -> None:
        """Let go of the microphone; a driver that hangs must not keep the command from ending."""
        closing = threading.Thread(target=self._stream.close, daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)
        if closing.is_alive():
            _closing.append(closing)


def look_again(sounddevice: Any) -> None:
    """Have PortAudio find the devices that are there now; it looks only when it starts.

    Raises
    ------
    AudioDeviceError
        If the driver still holds a microphone, or PortAudio does not start.
    """
    _closing[:] = [thread for thread in _closing if thread.is_alive()]
    if _closing:
        raise AudioDeviceError("the sound driver hangs; it must let go of the microphone first")
    # sounddevice has no public name for it (python-sounddevice, issue 16).
    with quiet_stderr():
        try:
            sounddevice._terminate()
            sounddevice._initialize()
        except sounddevice.PortAudioError as error:
            raise AudioDeviceError(f"no microphone found; PortAudio: {_reason(error)}") from None


def _find_device(sounddevice: Any, device: str | None) -> Any:
    try:
        found = sounddevice.query_devices(device, "input")
    except (ValueError, sounddevice.PortAudioError) as error:
        names = [known.name for known in devices(sounddevice)]
        if not names:
            raise AudioDeviceError(NO_MICROPHONE) from None
        if device is None:
            device = "default"
        raise AudioDeviceError(
            f"microphone {device!r}: {_reason(error)};{did_you_mean(device, names)} there are: "
            f"{', '.join(names)}"
        ) from None
    return found


def did_you_mean(name: str, names: list[str]) -> str:
    """A guess at what a name was meant to be; empty if there is none."""
    near = difflib.get_close_matches(name.lower(), [known.lower() for known in names], 1, 0.5)
    return "".join(f" did you mean {known!r}?" for known in names if [known.lower()] == near[:1])


def _reason(error: Exception) -> str:
    """The message of an exception; that of the driver, too, where PortAudio passes it on."""
    parts = [str(error.args[0] if error.args else error)]
    if len(error.args) > 2:
        parts.append(str(error.args[2][2]))  # (host API, its error code, its error message)
    return " ".join(": ".join(filter(None, parts)).split())
