"""Microphones: PortAudio through sounddevice, or ``arecord`` where PortAudio is missing."""

from __future__ import annotations

import contextlib
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import AudioDeviceError
from ..pcm import PcmFormat
from . import CHUNK_SECONDS, POLL_SECONDS, Chunk, Source
from .raw import RawSource

_QUEUE_SECONDS = 10.0
"""Sound that may wait for a busy classifier before the oldest is dropped."""
_STALL_SECONDS = 5.0
"""A microphone that is silent at the driver for so long is taken as lost."""
_ARECORD_RATE = 48_000

_NO_CAPTURE = (
    "no way to reach a microphone: install PortAudio (apt install libportaudio2; pip install "
    '"edge-genre[mic]") or arecord (apt install alsa-utils)'
)
_NO_MICROPHONE = (
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


def list_devices() -> list[InputDevice]:
    """Microphones, from PortAudio or else from ALSA.

    Raises
    ------
    AudioDeviceError
        If neither PortAudio nor arecord is installed.
    """
    sounddevice = _import_sounddevice()
    if sounddevice is not None:
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
    return _arecord_devices()


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
    sounddevice = _import_sounddevice()
    if sounddevice is not None:
        return _PortAudioSource(sounddevice, device, rate, channels or 1)
    if shutil.which("arecord"):
        return _ArecordSource(device or "default", rate or _ARECORD_RATE, channels or 1)
    raise AudioDeviceError(_NO_CAPTURE)


def _import_sounddevice() -> Any:
    try:
        import sounddevice
    except (ImportError, OSError):  # OSError: the package is there, libportaudio2 is not
        return None
    return sounddevice


class _PortAudioSource:
    """Captured by PortAudio's own thread into a bounded queue that never blocks it."""

    seconds: float | None = None

    def __init__(
        self, sounddevice: Any, device: str | None, rate: int | None, channels: int
    ) -> None:
        self._sounddevice = sounddevice
        self._device = _find_device(sounddevice, device)
        self.name = str(self._device["name"])
        self.rate = rate or round(self._device["default_samplerate"])
        self.channels = channels
        length = max(1, round(_QUEUE_SECONDS / CHUNK_SECONDS))
        self._queue: queue.Queue[npt.NDArray[np.int16]] = queue.Queue(length)
        self._lock = threading.Lock()
        self._dropped = 0
        self._stream = self._open()

    def _open(self) -> Any:
        try:
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

    def _capture(self, samples: npt.NDArray[np.int16], frames: int, *_: object) -> None:
        chunk = samples.copy()  # PortAudio reuses its buffer
        while True:
            try:
                self._queue.put_nowait(chunk)
                return
            except queue.Full:
                with contextlib.suppress(queue.Empty):
                    lost = self._queue.get_nowait()
                    with self._lock:
                        self._dropped += len(lost)

    def chunks(self, stop: threading.Event) -> Iterator[Chunk]:
        """Sound until `stop` is set.

        Raises
        ------
        AudioDeviceError
            If the microphone is lost.
        """
        waited = 0.0
        with self._stream:
            while not stop.is_set():
                try:
                    samples = self._queue.get(timeout=POLL_SECONDS)
                except queue.Empty:
                    waited += POLL_SECONDS
                    if waited >= _STALL_SECONDS or not self._stream.active:
                        raise AudioDeviceError(
                            f"microphone {self.name!r} stopped delivering sound; was it unplugged? "
                            "Plug it in and start again"
                        ) from None
                    continue
                waited = 0.0
                with self._lock:
                    dropped, self._dropped = self._dropped, 0
                yield Chunk(samples, dropped)


def _find_device(sounddevice: Any, device: str | None) -> Any:
    try:
        found = sounddevice.query_devices(device, "input")
    except (ValueError, sounddevice.PortAudioError) as error:
        names = [known.name for known in list_devices()]
        if not names:
            raise AudioDeviceError(_NO_MICROPHONE) from None
        if device is None:
            device = "default"
        raise AudioDeviceError(
            f"microphone {device!r}: {_reason(error)}; there are: {', '.join(names)}"
        ) from None
    return found


class _ArecordSource:
    """Captured by an ``arecord`` process."""

    seconds: float | None = None

    def __init__(self, device: str, rate: int, channels: int) -> None:
        self.name, self.rate, self.channels = device, rate, channels

    def chunks(self, stop: threading.Event) -> Iterator[Chunk]:
        """Sound until `stop` is set.

        Raises
        ------
        AudioDeviceError
            If arecord ends by itself; with what it said.
        """
        command = ["arecord", "-q", "-D", self.name, "-f", "S16_LE", "-t", "raw"]
        command += ["-r", str(self.rate), "-c", str(self.channels)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            raw = RawSource(
                process.stdout.fileno(),
                rate=self.rate,
                channels=self.channels,
                sample_format=PcmFormat.S16_LE,
                name=self.name,
            )
            try:
                yield from raw.chunks(stop)
                if not stop.is_set():
                    said = process.stderr.read().decode(errors="replace")
                    raise AudioDeviceError(
                        f"microphone {self.name!r}: arecord ended ({' '.join(said.split())}); "
                        "look at: edge-genre devices"
                    )
            finally:
                process.terminate()


def _arecord_devices() -> list[InputDevice]:
    if not shutil.which("arecord"):
        raise AudioDeviceError(_NO_CAPTURE)
    listing = subprocess.run(["arecord", "-L"], capture_output=True, text=True, check=False)
    names = [line for line in listing.stdout.splitlines() if line and not line[0].isspace()]
    return [
        InputDevice(name, None, None, name == "default", "arecord")
        for name in names
        if name != "null"
    ]


def _reason(error: Exception) -> str:
    return " ".join(str(error.args[0] if error.args else error).split())
