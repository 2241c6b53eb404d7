"""The microphone: how to reach it, whether it may be used, what it can do, what it records."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import numpy as np

from ..audio.resample import missing_band
from ..classifier import Classifier
from ..decoder import DecoderSettings
from ..errors import AudioDeviceError, EdgeGenreError
from ..sources import portaudio
from ..sources.arecord import ArecordCapture
from ..sources.capture import Capture
from ..sources.devices import NO_MICROPHONE, NO_PERMISSION, InputDevice, is_forbidden
from ..sources.driver_calls import Driver
from ..sources.microphone import Microphone, list_devices
from ..stderr import quiet_stderr
from . import Finding, fault, ok, warning
from .recording import judged, measured

_PATIENCE_SECONDS = 5.0
"""For a sound server: one that is stuck never returns"""
_SKIPPED_SECONDS, _RECORDED_SECONDS = 0.1, 0.5
"""Skipped because many sound cards click when they are opened"""
_LISTED = 6
_REST = "until then listen to files or pipes with --input"


class _Never:
    def is_set(self) -> bool:
        return False


def checks(device: str | None, classifier: Classifier | None) -> Iterator[Finding]:
    """From the library to the sound; ends at the first fault.

    Parameters
    ----------
    device : str or None
        As ``listen --device`` takes it.
    classifier : Classifier or None
        Its front end and its silence level are what the sound must suit.
    """
    driver = Driver()
    try:
        yield library(driver)
        if is_forbidden():
            yield fault(
                "permission", "there is a sound card, and this user may not use it", NO_PERMISSION
            )
            return
        with quiet_stderr():
            known = driver.call(list_devices, timeout_s=_PATIENCE_SECONDS) or []
    except EdgeGenreError as error:
        yield _failed("microphones", error)
        return
    if not known:
        found, _, remedy = NO_MICROPHONE.partition("; ")
        yield fault("microphones", found, remedy)
        return
    yield ok("microphones", _listed(known))
    yield from _recorded(device, classifier)


def library(driver: Driver) -> Finding:
    """The library or program that reaches a microphone.

    Raises
    ------
    AudioDeviceError
        If the sound server does not answer: PortAudio asks it when it is imported.
    """
    with quiet_stderr():
        sounddevice = driver.call(portaudio.import_sounddevice, timeout_s=_PATIENCE_SECONDS)
    arecord = shutil.which("arecord")
    if sounddevice is not None:
        version = sounddevice.get_portaudio_version()[1].partition(",")[0]
        also = ", and arecord" if arecord else ""
        return ok("capture", f"sounddevice {sounddevice.__version__} ({version}){also}")
    if arecord:
        return ok("capture", "arecord (no PortAudio)")
    return fault(
        "capture",
        "neither PortAudio nor arecord is installed",
        'apt install libportaudio2 and pip install "edge-genre[mic]"; or apt install alsa-utils',
    )


def _listed(known: list[InputDevice]) -> str:
    names = [f"{device.name}{' (the default)' if device.default else ''}" for device in known]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _recorded(device: str | None, classifier: Classifier | None) -> Iterator[Finding]:
    """What the microphone delivers in half a second."""
    pieces: list[np.ndarray] = []
    try:
        capture = Microphone(device, None, None).open(_Never())
        assert capture is not None
        wanted = round((_SKIPPED_SECONDS + _RECORDED_SECONDS) * capture.rate)
        try:
            for chunk in capture.chunks(_Never()):
                pieces.append(np.asarray(chunk.samples))
                if sum(map(len, pieces)) >= wanted:
                    break
        finally:
            capture.close()
        rates = _rates(capture)
    except EdgeGenreError as error:
        yield _failed("microphone", error)
        return
    found = f"{capture.name}: opened at {capture.rate} Hz, {capture.channels} channel(s)"
    if rates:
        found += f"; it takes {rates} Hz"
    lacking = classifier and missing_band(capture.rate, classifier.manifest.front_end)
    if lacking:
        yield warning("microphone", f"{found}; {lacking}", "another microphone, or a higher --rate")
    else:
        yield ok("microphone", found)
    recorded = np.concatenate(pieces)[round(_SKIPPED_SECONDS * capture.rate) :]
    settings = classifier.manifest.decoder if classifier else DecoderSettings()
    yield judged(measured(recorded, capture.rate), settings.silence_dbfs)


def _rates(capture: Capture) -> str:
    """The rates of the microphone; the capture must be closed."""
    if isinstance(capture, ArecordCapture):
        return capture.output.rates
    sounddevice = portaudio.import_sounddevice()
    with quiet_stderr():
        index, _ = portaudio.find_device(sounddevice, capture.name)
        rates = portaudio.common_rates(sounddevice, index, capture.channels)
    return ", ".join(map(str, rates))


def _failed(check: str, error: EdgeGenreError) -> Finding:
    """A microphone that cannot be used, in the words of `listen`."""
    found, _, remedy = str(error).rpartition("; ")
    if not found:
        found, remedy = remedy, _REST
    if isinstance(error, AudioDeviceError) and NO_PERMISSION in str(error):
        found, remedy = str(error).replace(NO_PERMISSION, "").rstrip(": ;"), NO_PERMISSION
    return fault(check, found, remedy)
