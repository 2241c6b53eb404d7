"""Microphones through ALSA's ``arecord``, where PortAudio is missing."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..errors import AudioDeviceError
from . import CHUNK_SECONDS, POLL_SECONDS, Chunk, Stop, device_names
from .arecord_output import ArecordOutput
from .capture import take
from .devices import (
    CLOSE_SECONDS,
    NO_PERMISSION,
    RATE_TOLERANCE,
    STALL_SECONDS,
    InputDevice,
    RefusedError,
    is_forbidden,
    lost,
    none_found,
)
from .ring import RING_SECONDS, Ring

_RATE = 48_000
_PLUGINS = {
    "null", "jack", "oss", "samplerate", "speexrate", "lavrate", "speex", "upmix", "vdownmix",
}  # fmt: skip
"""What ``arecord -L`` lists and has no microphone behind it."""
_SERVERS = {"pulse", "pipewire"}
"""Sound servers: behind these may be one even where the machine has no sound card."""
_CARDS = Path("/proc/asound/cards")
_ENGLISH = {"LC_ALL": "C", "LANGUAGE": "C"}
_CARD = re.compile(r"CARD=[^,]*")


def devices() -> list[InputDevice]:
    """Capture devices and plugins that ALSA knows.

    Raises
    ------
    AudioDeviceError
        If arecord knows none and prints why.
    """
    return [InputDevice(name, None, None, name == "default", "arecord") for name in _listed()]


def _listed() -> dict[str, str]:
    """Names of devices, and how ALSA describes each."""
    listing = subprocess.run(
        ["arecord", "-L"], capture_output=True, check=False, env=os.environ | _ENGLISH
    )
    described: dict[str, str] = {}
    name = ""
    for line in listing.stdout.decode(errors="replace").splitlines():
        if line and not line[0].isspace():
            name = line
            if name not in _PLUGINS:
                described[name] = ""
        elif described.get(name) == "":
            described[name] = line.strip()
    if not described and listing.stderr:
        output = ArecordOutput()
        output.take(listing.stderr)
        raise AudioDeviceError(f"no microphone found; arecord says: {output.complaint}")
    if _no_sound_card() and not _SERVERS & set(described):
        return {}
    return described


def _no_sound_card() -> bool:
    return not _CARDS.exists() or "no soundcards" in _CARDS.read_text(encoding="utf-8")


def open_arecord(
    device: str | None, rate: int | None, channels: int | None, stop: Stop
) -> ArecordCapture | None:
    """A microphone that delivers sound; None if `stop` was set before.

    Parameters
    ----------
    device : str or None
        A name or part of one, of the list or of its descriptions, or any ALSA id.
    rate, channels : int or None
        48000 Hz and 1 where None, or what the microphone has that is next to them.
    stop : Stop

    Raises
    ------
    AudioDeviceError
        If there is none of that name, or it cannot be opened so.
    """
    name = "default" if device is None else _alsa_id(device)
    capture = ArecordCapture(name, rate or _RATE, channels or 1)
    if capture.delivers(stop):
        has = capture.opened()
        if capture.is_as_asked(has):
            return capture
        capture.close()  # arecord goes on at another rate than it was asked for
        if rate is not None or (channels is not None and channels != has[1]):
            raise _differs(capture, has)
        capture = ArecordCapture(name, *has)
        if capture.delivers(stop):
            if capture.is_as_asked(again := capture.opened()):
                return capture
            capture.close()
            raise _differs(capture, again)
    elif "Channels count" in capture.output.complaint:
        capture.close()
        more = capture.output.nearest_channels(capture.channels)
        if channels is not None or more == capture.channels:
            raise RefusedError(
                f"microphone {name!r} cannot be opened with {capture.channels} channel(s); it has "
                f"{capture.output.channels}"
            )
        return open_arecord(device, rate, more, stop)
    elif "Sample format" in capture.output.complaint:
        capture.close()
        raise RefusedError(
            f"microphone {name!r} has no 16-bit samples, but {capture.output.formats}; "
            f"ask for plug{name} instead, which converts them"
        )
    capture.close()
    if stop.is_set():
        return None
    raise capture.failure()


def _differs(capture: ArecordCapture, has: tuple[int, int]) -> RefusedError:
    """The error of a microphone that was opened otherwise than it was asked for."""
    name, output = capture.name, capture.output
    plug = f", or ask for plug{name}, which converts" if name.startswith("hw:") else ""
    if has[0] == capture.rate:
        return RefusedError(
            f"microphone {name!r} cannot be opened with {capture.channels} channel(s); it has "
            f"{has[1]}; leave --channels out{plug}"
        )
    # Of "8000 to 48000" it may have a few alone.
    rates = output.rates if output.nearest_rate(capture.rate) != capture.rate else has[0]
    return RefusedError(
        f"microphone {name!r} cannot be opened at {capture.rate} Hz; it has {rates} Hz; "
        f"leave --rate out{plug}"
    )


def _alsa_id(device: str) -> str:
    """The ALSA id of a name that the user typed."""
    if device_names.is_alsa_id(device):
        return device
    described = _listed()
    known = [f"{name} {text}".strip() for name, text in described.items()]
    if device in described:
        return device
    found = [list(described)[index] for index in device_names.matches(device, known)]
    cards = {_CARD.findall(name)[0] if "CARD=" in name else name for name in found}
    if len(cards) > 1:
        raise device_names.ambiguous(device, found)
    # The ids of one card differ in what ALSA converts; plughw converts all, and mixes nothing.
    found.sort(key=lambda name: not name.startswith("plughw:"))
    return found[0] if found else device  # ALSA knows more names than it lists


class ArecordCapture:
    """Captured by an ``arecord`` process; a thread takes what it writes into a ring."""

    seconds: float | None = None

    def __init__(self, device: str, rate: int, channels: int) -> None:
        self.name, self.rate, self.channels = device, rate, channels
        self.output = ArecordOutput()
        self._ring = Ring(round(RING_SECONDS * rate), rate)
        command = ["arecord", "-D", device, "-f", "S16_LE", "-t", "raw", "--dump-hw-params", "-v"]
        command += ["-r", str(rate), "-c", str(channels)]
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            env=os.environ | _ENGLISH,
            process_group=0,  # Ctrl-C is for this program, which ends arecord itself
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def began(self) -> float | None:
        """When the first sample was captured."""
        return self._ring.began

    @property
    def ended(self) -> float:
        """When the last one was."""
        return self._ring.ended

    @property
    def overflows(self) -> int:
        """How often arecord reported an overrun."""
        return self.output.overruns

    def opened(self) -> tuple[int, int]:
        """Rate (hertz) and channels that arecord opened the device with, once it delivers.

        Where it does not tell, the ones nearest to what was asked for.
        """
        return (
            self.output.opened_rate or self.output.nearest_rate(self.rate),
            self.output.opened_channels or self.channels,
        )

    def is_as_asked(self, opened: tuple[int, int]) -> bool:
        """Whether the samples that come are what they are taken for."""
        rate, channels = opened
        return channels == self.channels and abs(rate - self.rate) <= RATE_TOLERANCE * self.rate

    def delivers(self, stop: Stop) -> bool:
        """Wait for the first sound; whether it came."""
        polls = 0
        while not (self._ring.wait(POLL_SECONDS) or self._ring.closed or stop.is_set()):
            polls += 1
            if polls * POLL_SECONDS >= STALL_SECONDS:
                return False
        return self.began is not None

    def chunks(self, stop: Stop) -> Iterator[Chunk]:
        """Sound until `stop` is set.

        Raises
        ------
        AudioDeviceError
            If arecord ends by itself; with what it printed.
        """
        try:
            yield from take(self._ring, stop, self.failure)
        finally:
            self.close()

    def close(self) -> None:
        """End arecord, which may hang in its driver, or be a script."""
        process = self._process
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(CLOSE_SECONDS)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._reader.join(CLOSE_SECONDS)

    def failure(self) -> AudioDeviceError:
        """The error that holds what arecord printed."""
        if self._ring.closed:  # it is about to end, if it has not
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(CLOSE_SECONDS)
        elif self._process.poll() is None:
            return lost(self.name)
        output = self.output
        if output.no_card:
            return none_found()
        if "Permission denied" in output.complaint or is_forbidden():
            return AudioDeviceError(f"microphone {self.name!r}: {NO_PERMISSION}")
        reason = output.complaint or f"exit code {self._process.returncode}"
        if "Unknown PCM" in reason:
            with contextlib.suppress(AudioDeviceError):
                return device_names.unknown(self.name, list(_listed()), reason)
        return AudioDeviceError(
            f"microphone {self.name!r}: arecord ended ({reason}); look at: edge-genre devices"
        )

    def _read(self) -> None:
        """Take sound and messages until both pipes are closed."""
        process = self._process
        assert process.stdout is not None
        assert process.stderr is not None
        frame = 2 * self.channels
        largest = frame * max(1, round(CHUNK_SECONDS * self.rate))
        pending = b""
        with selectors.DefaultSelector() as pipes, process.stdout, process.stderr:
            for pipe in (process.stderr, process.stdout):
                pipes.register(pipe, selectors.EVENT_READ)
            while pipes.get_map():
                ready = {key.fileobj for key, _ in pipes.select()}
                # Messages first: what arecord prints of its rate comes before the first sound.
                pipe = process.stderr if process.stderr in ready else process.stdout
                data = os.read(pipe.fileno(), largest)
                if not data:
                    pipes.unregister(pipe)
                    if pipe is process.stdout:
                        self._ring.close()
                elif pipe is process.stderr:
                    self.output.take(data)
                else:
                    pending += data
                    whole = len(pending) - len(pending) % frame
                    samples = np.frombuffer(pending[:whole], "<i2").reshape(-1, self.channels)
                    self._ring.put(samples)
                    pending = pending[whole:]
