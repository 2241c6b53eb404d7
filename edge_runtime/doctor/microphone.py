"""The microphone: whether there is one, whether we may use it, and what it delivers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..conditioning import Conditioner, level_dbfs
from ..errors import EdgeGenreError
from ..sources.capture import Capture
from ..sources.devices import NO_MICROPHONE, InputDevice
from ..sources.microphone import AUTO, Microphone, list_devices
from . import Finding, Verdict

_LISTEN_SECONDS = 1.0
_SOFT_DBFS = -60.0
_CLIPPED = 0.001
_SHOWN = 6


def check_microphone(name: str | None, devices: Path = Path("/dev/snd")) -> Iterator[Finding]:
    """Look for microphones, and listen to one.

    Parameters
    ----------
    name : str or None
        As ``listen --device`` takes it.
    devices : Path
        Where ALSA's device files are.
    """
    yield from _permission(devices)
    try:
        known = list_devices()
    except EdgeGenreError as error:
        yield Finding("microphones", Verdict.FAULT, str(error), "files and pipes work without")
        return
    if not known:
        yield Finding(
            "microphones", Verdict.FAULT, NO_MICROPHONE, "files and pipes work without one"
        )
        return
    names = ", ".join(map(_named, known[:_SHOWN])) + (", ..." if len(known) > _SHOWN else "")
    yield Finding("microphones", Verdict.OK, f"{names} (through {known[0].api})")
    yield _sound(name)


def _named(device: InputDevice) -> str:
    return device.name if device.rate is None else f"{device.name} at {device.rate} Hz"


def _permission(devices: Path) -> Iterator[Finding]:
    captures = sorted(devices.glob("pcmC*c"))
    closed = [path for path in captures if not os.access(path, os.R_OK | os.W_OK)]
    if closed:
        yield Finding(
            "permission",
            Verdict.FAULT if len(closed) == len(captures) else Verdict.WARNING,
            f"{', '.join(map(str, closed))} may not be opened",
            "add yourself to the group audio: sudo usermod -aG audio $USER, and log in again",
        )
    elif captures:
        yield Finding("permission", Verdict.OK, f"{len(captures)} sound card(s) may be opened")


class _Forever:
    def is_set(self) -> bool:
        return False


def _sound(name: str | None) -> Finding:
    stop = _Forever()
    try:
        capture = Microphone(name, None, None, AUTO).open(stop)
        assert capture is not None  # it was never asked to stop
        return _judged(capture, stop)
    except EdgeGenreError as error:
        return Finding("sound", Verdict.FAULT, str(error), "look at: edge-genre devices")


def _judged(capture: Capture, stop: _Forever) -> Finding:
    conditioner, heard = Conditioner(capture.channels), []
    try:
        for chunk in capture.chunks(stop):
            heard.append(conditioner(chunk.samples))
            if conditioner.frames >= _LISTEN_SECONDS * capture.rate:
                break
    finally:
        capture.close()
    sound = np.concatenate(heard)
    level, offset = level_dbfs(sound), float(sound.mean())
    found = f"{capture.name}: {capture.rate} Hz, {level:.0f} dBFS"
    if not np.any(sound):
        return Finding(
            "sound", Verdict.WARNING, f"{found}, nothing but zeros",
            "is it muted? does nothing play there? see: alsamixer, or the sound settings",
        )  # fmt: skip
    if conditioner.clipped_samples > _CLIPPED * len(sound):
        return Finding("sound", Verdict.WARNING, f"{found}, clipped", "turn its gain down")
    if level < _SOFT_DBFS:
        return Finding(
            "sound", Verdict.WARNING, f"{found}, which counts as silence",
            "play something and look again; else turn its gain up, or set --silence-dbfs",
        )  # fmt: skip
    constant = f", constant offset {offset:+.3f}" if abs(offset) > 0.01 else ""
    return Finding("sound", Verdict.OK, f"{found}{constant}")
