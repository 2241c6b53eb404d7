"""Microphones: PortAudio through sounddevice, or ``arecord`` where PortAudio is missing."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import shutil
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import AudioDeviceError
from ..pcm import PcmFormat
from ..quiet import quiet_stderr
from . import CHUNK_SECONDS, POLL_SECONDS, Chunk, Source, Stop
from .raw import RawSource

_QUEUE_SECONDS = 10.0
"""Sound that may wait for a busy classifier before the oldest is dropped."""
_STALL_SECONDS = 5.0
"""A microphone that is silent at the driver for so long is taken as lost."""
_CLOSE_SECONDS = 2.0
"""A driver that takes longer to let go of a microphone is left behind."""
_ARECORD_RATE = 48_000
_ARECORD_LINES = 8
"""Of what arecord says, this much of its end is kept."""

_NO_CAPTURE = (
    "no way to reach a microphone: install PortAudio (apt install libportaudio2; pip install "
    '"edge-genre[mic]") or arecord (apt install alsa-utils)'
)
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
    except Exception as error:
        # The import starts PortAudio. Its exception cannot be named before the import succeeded;
        # it is raised, for one, where an ALSA configuration file is damaged.
        if type(error).__name__ != "PortAudioError":
            raise
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
            try:
                samples = self._queue.get(timeout=POLL_SECONDS)
            except queue.Empty:
                waited += POLL_SECONDS
                if waited >= _STALL_SECONDS or not self._stream.active:
                    raise AudioDeviceError(_lost(self.name)) from None
                continue
            waited = 0.0
            with self._lock:
                dropped, self._dropped = self._dropped, 0
            yield Chunk(samples, dropped)

    def _close(self) -> None:
        """Let go of the microphone; a driver that hangs must not keep the command from ending."""
        closing = threading.Thread(target=self._stream.close, daemon=True)
        closing.start()
        closing.join(_CLOSE_SECONDS)


def _find_device(sounddevice: Any, device: str | None) -> Any:
    try:
        found = sounddevice.query_devices(device, "input")
    except (ValueError, sounddevice.PortAudioError) as error:
        names = [known.name for known in list_devices()]
        if not names:
            raise AudioDeviceError(NO_MICROPHONE) from None
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

    def chunks(self, stop: Stop) -> Iterator[Chunk]:
        """Sound until `stop` is set.

        Raises
        ------
        AudioDeviceError
            If arecord ends by itself; with what it said.
        """
        command = ["arecord", "-q", "-D", self.name, "-f", "S16_LE", "-t", "raw"]
        command += ["-r", str(self.rate), "-c", str(self.channels)]
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            process_group=0,  # Ctrl-C is for this program, which ends arecord itself
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            said: deque[bytes] = deque(maxlen=_ARECORD_LINES)
            # Read all the time: arecord blocks once a pipe full of overruns is reported.
            reader = threading.Thread(target=said.extend, args=(process.stderr,), daemon=True)
            reader.start()
            raw = RawSource(
                process.stdout.fileno(),
                rate=self.rate,
                channels=self.channels,
                sample_format=PcmFormat.S16_LE,
                name=self.name,
            )
            patience = _Patience(stop)
            try:
                for chunk in raw.chunks(patience):
                    yield chunk
                    patience.restart()
                if not stop.is_set() and not patience.exhausted:
                    # Its output ended; it is about to end itself and to say why.
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(_CLOSE_SECONDS)
            finally:
                code = _end(process)
                reader.join()
            if stop.is_set():
                return
            if patience.exhausted:
                raise AudioDeviceError(_lost(self.name))
            reason = _told(b"".join(said)) or f"exit code {code}"
            raise AudioDeviceError(
                f"microphone {self.name!r}: arecord ended ({reason}); look at: edge-genre devices"
            )


class _Patience:
    """Set when `stop` is set, or when it was asked for too long whether to go on waiting.

    Polls are counted, not seconds: a computer that was asleep has not lost its microphone.
    """

    def __init__(self, stop: Stop) -> None:
        self._stop, self._polls = stop, 0

    @property
    def exhausted(self) -> bool:
        """Whether no sound came for too long."""
        return self._polls * POLL_SECONDS > _STALL_SECONDS

    def restart(self) -> None:
        """Sound came."""
        self._polls = 0

    def is_set(self) -> bool:
        """Whether to stop waiting; a source asks once per poll."""
        self._polls += 1
        return self._stop.is_set() or self.exhausted


def _end(process: subprocess.Popen[bytes]) -> int:
    """End arecord, which may hang in its driver, or be a script; returns its exit code."""
    code = process.poll()
    if code is not None:
        return code
    os.killpg(process.pid, signal.SIGTERM)
    try:
        return process.wait(_CLOSE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait()


def _arecord_devices() -> list[InputDevice]:
    if not shutil.which("arecord"):
        raise AudioDeviceError(_NO_CAPTURE)
    listing = subprocess.run(["arecord", "-L"], capture_output=True, check=False)
    lines = listing.stdout.decode(errors="replace").splitlines()
    names = [line for line in lines if line and not line[0].isspace() and line != "null"]
    if not names and listing.stderr:
        raise AudioDeviceError(f"no microphone found; arecord says: {_told(listing.stderr)}")
    return [InputDevice(name, None, None, name == "default", "arecord") for name in names]


def _lost(name: str) -> str:
    return (
        f"microphone {name!r} stopped delivering sound; was it unplugged? Plug it in and start "
        "again"
    )


def _told(output: bytes) -> str:
    """What ALSA told, without the places in its source code where it did."""
    lines = output.decode(errors="replace").splitlines()
    lines = [re.sub(r"^ALSA lib \S+:\d+:\(\w+\) ", "", line).strip() for line in lines]
    return "; ".join(filter(None, lines))


def _reason(error: Exception) -> str:
    """The message of an exception; that of the driver, too, where PortAudio passes it on."""
    parts = [str(error.args[0] if error.args else error)]
    if len(error.args) > 2:
        parts.append(str(error.args[2][2]))  # (host API, its error code, its error message)
    return " ".join(": ".join(filter(None, parts)).split())
