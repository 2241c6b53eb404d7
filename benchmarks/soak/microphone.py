"""A microphone for the soak: hours of sound at once, and everything that can befall one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from edge_runtime.audio.file import open_audio
from edge_runtime.errors import AudioDeviceError
from edge_runtime.sources import CHUNK_SECONDS, Chunk, Stop

_RATES = (48_000, 44_100)
_NAN_SAMPLES = 1000
_SILENCE_SECONDS = 30.0


class Fault(StrEnum):
    """What befalls a listener."""

    DEVICE_LOSS = "device_loss"
    """The microphone is unplugged, and is missing at the first try to open it again"""
    RATE_CHANGE = "rate_change"
    """It is lost, and comes back with another rate and two channels, or one"""
    OVERRUN = "overrun"
    """The driver loses samples and says how many"""
    NAN_BURST = "nan_burst"
    """A burst of NaN"""
    SILENCE = "silence"
    """Digital silence for 30 s"""
    BROKER_DOWN = "broker_down"
    DISK_FULL = "disk_full"
    """For the log"""
    SLOW_SINK = "slow_sink"
    """A hook that takes a second"""
    MODEL_SWAP = "model_swap"
    """Another model's bytes in the model's file, and SIGHUP"""


class SimulatedMicrophone:
    """Plays the demo clip round and round, as fast as it is taken.

    Parameters
    ----------
    seconds : float
        Of sound, until `over` is set.
    """

    name = "simulated"
    seconds: float | None = None

    def __init__(self, seconds: float) -> None:
        self._until_s = seconds
        self._sounds = {rate: _demo(rate) for rate in _RATES}
        self.rate, self.channels = _RATES[0], 1
        self._position = 0
        self._pending: list[Fault] = []
        self._missing_once = False
        self._silent_until_s = 0.0
        self.heard_s = 0.0
        """Sound that was delivered, what an overrun swallowed included, seconds"""
        self.nan_samples = 0
        self.dropped_samples = 0
        self.over = False
        self.began: float | None = None
        self.ended = 0.0
        self.overflows = 0
        self._open = False

    def open(self, _: Stop) -> SimulatedMicrophone:
        """Open it; raises AudioDeviceError once after it was unplugged."""
        if self._missing_once:
            self._missing_once = False
            raise AudioDeviceError("microphone 'simulated' is not there")
        self.began, self._open = time.monotonic(), True
        return self

    def close(self) -> None:
        """Let go of it."""
        self._open = False

    def suffer(self, fault: Fault) -> None:
        """Have something befall it with the next chunk."""
        self._pending.append(fault)

    def chunks(self, stop: Stop) -> Iterator[Chunk]:
        """Sound until it is over, or the microphone is lost."""
        while self._open and not stop.is_set():
            samples, dropped = self._next(), 0
            while self._pending:
                fault = self._pending.pop(0)
                if fault is Fault.DEVICE_LOSS:
                    self._missing_once = True
                    raise AudioDeviceError("microphone 'simulated' was unplugged")
                if fault is Fault.RATE_CHANGE:
                    self.rate, self.channels = {1: (_RATES[1], 2), 2: (_RATES[0], 1)}[self.channels]
                    raise AudioDeviceError("microphone 'simulated' was unplugged")
                if fault is Fault.OVERRUN:
                    dropped = 12_345
                elif fault is Fault.NAN_BURST:
                    samples[:_NAN_SAMPLES] = np.nan
                    self.nan_samples += _NAN_SAMPLES * self.channels
                elif fault is Fault.SILENCE:
                    self._silent_until_s = self.heard_s + _SILENCE_SECONDS
            if self.heard_s < self._silent_until_s:
                samples[:] = 0.0
            self.dropped_samples += dropped
            self.heard_s += (len(samples) + dropped) / self.rate
            self.over = self.heard_s >= self._until_s
            self.ended = time.monotonic()
            yield Chunk(samples, dropped)

    def _next(self) -> npt.NDArray[np.float32]:
        n = round(CHUNK_SECONDS * self.rate)
        sound = self._sounds[self.rate]
        if self._position + n > len(sound):
            self._position = 0
        mono = sound[self._position : self._position + n]
        self._position += n
        return np.repeat(mono[:, np.newaxis], self.channels, axis=1)


def _demo(rate: int) -> npt.NDArray[np.float32]:
    """The demo clip at another rate; by straight lines, which is music enough here."""
    audio = open_audio("demo")
    sound = np.concatenate(list(audio.blocks())).astype(np.float64)
    if sound.ndim == 2:
        sound = sound.mean(axis=1)
    if np.abs(sound).max() > 2.0:
        sound /= 32768.0
    times = np.arange(int(len(sound) / audio.rate * rate)) / rate
    return np.interp(times, np.arange(len(sound)) / audio.rate, sound).astype(np.float32)
