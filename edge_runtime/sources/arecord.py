"""Microphones through ALSA's ``arecord``, where PortAudio is missing."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ..errors import AudioDeviceError
from ..pcm import PcmFormat
from . import POLL_SECONDS, Chunk, Stop
from .devices import CLOSE_SECONDS, NO_MICROPHONE, STALL_SECONDS, InputDevice, lost
from .raw import RawSource
from .ring import RING_SECONDS, Ring

_PLUGINS = {
    "null",
    "jack",
    "oss",
    "samplerate",
    "speexrate",
    "lavrate",
    "speex",
    "upmix",
    "vdownmix",
}
"""What ``arecord -L`` lists though there is no microphone behind it."""
_SERVERS = {"pulse", "pipewire"}
"""Names behind which there may be one though the machine has no sound card."""
_NO_CARD = "snd_func_card_inum"
"""In ALSA's complaint where the default device is a card and there is none."""
_CARDS = Path("/proc/asound/cards")

_RATE = 48_000
_OTHER_RATE = re.compile(rb"rate is not accurate \(requested = \d+Hz, got = (\d+)Hz\)")

_LINES_KEPT = 8
"""Of what arecord says, this much of its end is kept."""


def devices() -> list[InputDevice]:
    """Capture devices and plugins that ALSA knows.

    Raises
    ------
    AudioDeviceError
        If arecord knows none and says why.
    """
    listing = subprocess.run(["arecord", "-L"], capture_output=True, check=False)
    lines = listing.stdout.decode(errors="replace").splitlines()
    names = [line for line in lines if line and not line[0].isspace() and line not in _PLUGINS]
    if not names and listing.stderr:
        raise AudioDeviceError(f"no microphone found; arecord says: {_told(listing.stderr)}")
    if _no_sound_card() and not _SERVERS & set(names):
        return []
    return [InputDevice(name, None, None, name == "default", "arecord") for name in names]


class ArecordSource:
    """Captured by an ``arecord`` process, which a thread empties into a ring.

    Parameters
    ----------
    device : str
        As ``arecord -D`` takes it.
    rate : int or None
        Hertz; 48000 where None, or what the device has instead.
    channels : int
    """

    seconds: float | None = None

    def __init__(self, device: str, rate: int | None, channels: int) -> None:
        self.name, self.rate, self.channels = device, rate or _RATE, channels
        self._rate_is_a_wish = rate is None

    def chunks(self, stop: Stop) -> Iterator[Chunk]:
        """Sound until `stop` is set.

        Raises
        ------
        AudioDeviceError
            If arecord ends by itself, with what it said; or if the device has not the rate.
        """
        command = ["arecord", "-D", self.name, "-f", "S16_LE", "-t", "raw"]
        command += ["-r", str(self.rate), "-c", str(self.channels)]
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C"},  # its words are looked at
            process_group=0,  # Ctrl-C is for this program, which ends arecord itself
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            said = _Said()
            # Read all the time: arecord blocks once a pipe full of overruns is reported.
            reader = threading.Thread(target=said.read, args=(process.stderr,), daemon=True)
            reader.start()
            raw = RawSource(
                process.stdout.fileno(),
                rate=self.rate,
                channels=self.channels,
                sample_format=PcmFormat.S16_LE,
                name=self.name,
            )
            patience, ring = _Patience(stop), Ring(round(RING_SECONDS * self.rate))
            capture = threading.Thread(target=_capture, args=(raw, patience, ring), daemon=True)
            capture.start()
            try:
                while not (stop.is_set() or ring.ended):
                    chunk = ring.get(POLL_SECONDS)
                    if chunk is not None:
                        yield self._at_rate(chunk, said.other_rate)
                if not stop.is_set() and not patience.exhausted:
                    # Its output ended; it is about to end itself and to say why.
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(CLOSE_SECONDS)
            finally:
                patience.give_up()
                code = _end(process)
                reader.join()
                capture.join()
            if stop.is_set():
                return
            if patience.exhausted:
                raise AudioDeviceError(lost(self.name))
            reason = _told(said.end) or f"exit code {code}"
            if _NO_CARD in reason:
                raise AudioDeviceError(NO_MICROPHONE)
            raise AudioDeviceError(
                f"microphone {self.name!r}: arecord ended ({reason}); {_remedy(reason)}"
            )

    def _at_rate(self, chunk: Chunk, other_rate: int | None) -> Chunk:
        """The chunk, at the rate that arecord says the device has instead of ours."""
        if other_rate is None or other_rate == self.rate:
            return chunk
        if not self._rate_is_a_wish:
            raise AudioDeviceError(
                f"microphone {self.name!r} has no {self.rate} Hz; it has {other_rate} Hz: use "
                f"--rate {other_rate}, or a plughw: device, which converts"
            )
        self.rate = other_rate
        return dataclasses.replace(chunk, rate=other_rate)


def _capture(raw: RawSource, patience: _Patience, ring: Ring) -> None:
    try:
        for chunk in raw.chunks(patience):
            ring.put(chunk.samples)
            patience.restart()
    finally:
        ring.end()


class _Said:
    """What arecord says on stderr."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque(maxlen=_LINES_KEPT)
        self.other_rate: int | None = None
        """The rate that the device has instead of the one asked for, hertz"""

    def read(self, stderr: IO[bytes]) -> None:
        """Read to the end."""
        for line in stderr:
            if line.startswith(b"Recording "):  # what, and in which format
                continue
            self._lines.append(line)
            if rate := _OTHER_RATE.search(line):
                self.other_rate = int(rate[1])

    @property
    def end(self) -> bytes:
        """The last lines."""
        return b"".join(self._lines)


class _Patience:
    """Set when `stop` is set, or when it was asked for too long whether to go on waiting.

    Polls are counted, not seconds: a computer that was asleep has not lost its microphone.
    """

    def __init__(self, stop: Stop) -> None:
        self._stop, self._polls = stop, 0
        self._given_up = False

    @property
    def exhausted(self) -> bool:
        """Whether no sound came for too long."""
        return self._polls * POLL_SECONDS > STALL_SECONDS

    def restart(self) -> None:
        """Sound came."""
        self._polls = 0

    def give_up(self) -> None:
        """Nobody waits any longer."""
        self._given_up = True

    def is_set(self) -> bool:
        """Whether to stop waiting; a source asks once per poll."""
        self._polls += 1
        return self._stop.is_set() or self._given_up or self.exhausted


def _end(process: subprocess.Popen[bytes]) -> int:
    """End arecord, which may hang in its driver, or be a script; returns its exit code."""
    code = process.poll()
    if code is not None:
        return code
    os.killpg(process.pid, signal.SIGTERM)
    try:
        return process.wait(CLOSE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait()


def _no_sound_card() -> bool:
    return not _CARDS.exists() or "no soundcards" in _CARDS.read_text(encoding="utf-8")


def _remedy(reason: str) -> str:
    if "Permission denied" in reason:
        return "add yourself to the group audio: sudo usermod -aG audio $USER, and log in again"
    if "busy" in reason:
        return "another program uses it; end that one, or listen through the sound server"
    return "look at: edge-genre devices"


def _told(output: bytes) -> str:
    """What ALSA told, without the places in its source code where it did."""
    lines = output.decode(errors="replace").splitlines()
    lines = [re.sub(r"^ALSA lib \S+:\d+:\(\w+\) ", "", line).strip() for line in lines]
    return "; ".join(filter(None, lines))
