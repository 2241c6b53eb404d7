"""A microphone that may be missing, unplugged or dead for a while, and is heard again."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Generator, Iterator
from typing import cast

import numpy as np

from ..errors import AudioDeviceError
from ..trouble import Report, Trouble
from . import POLL_SECONDS, Chunk, Source, Stop

LONGEST_DELAY_SECONDS = 30.0
"""Between two tries to open a microphone."""
STEADY_SECONDS = 2.0
"""A microphone that is heard for so long works; one that dies before is told of no second time."""
ZEROS_SECONDS = 10.0
"""Nothing but zeros for so long is no room, however quiet."""
LONGEST_ZEROS_SECONDS = 600.0
"""Between two tries to open anew a microphone that gives zeros alone."""


class WatchedMicrophone:
    """Opens a microphone, and opens it again when it is lost, until `stop` is set.

    It may be missing at the start, be unplugged, stall, or deliver digital silence. A streak of
    such faults is told once at its beginning and once at its end; tries grow further apart. The
    chunk after a gap tells how long it was, and what rate the microphone has now.

    Parameters
    ----------
    open_source : callable
        Opens the microphone; raises AudioDeviceError where that cannot be done now.
    name : str
        What to call it as long as it was never opened.
    rate, channels : int
        What to expect of it as long as it was never opened.
    report : callable
        Tells the user one line.

    Raises
    ------
    EdgeGenreError
        If waiting would not help: there is no library to reach a microphone, or the wish makes
        no sense.
    """

    seconds: float | None = None

    def __init__(
        self,
        open_source: Callable[[], Source],
        *,
        name: str,
        rate: int,
        channels: int,
        report: Report,
    ) -> None:
        self.name, self.rate, self.channels = name, rate, channels
        self._open_source = open_source
        self._trouble = Trouble("", report, longest_s=LONGEST_DELAY_SECONDS)
        self._retry_at = self._failing_since = 0.0
        self._heard_at: float | None = None  # the end of the last sound, monotonic
        self._zeros_s = ZEROS_SECONDS
        self._opened: Source | None = None
        try:
            source = self._opened = open_source()
        except AudioDeviceError as error:
            self._fail(error)
        else:
            self.name, self.rate, self.channels = source.name, source.rate, source.channels
        self._told = (self.rate, self.channels)

    def chunks(self, stop: Stop) -> Iterator[Chunk]:
        """Sound until `stop` is set, whatever happens to the microphone."""
        while not stop.is_set():
            wait_s = self._retry_at - time.monotonic()
            if wait_s > 0.0:
                time.sleep(min(POLL_SECONDS, wait_s))
                continue
            try:
                source, self._opened = self._opened or self._open_source(), None
                yield from self._one_opening(source, stop)
            except AudioDeviceError as error:
                self._fail(error)

    def _fail(self, error: AudioDeviceError) -> None:
        now = time.monotonic()
        if not self._trouble.lasts:
            self._failing_since = now
        self._retry_at = now + self._trouble.failed(str(error), "waiting for it")

    def _one_opening(self, source: Source, stop: Stop) -> Iterator[Chunk]:
        """Sound of a microphone until it is lost."""
        heard_s = zeros_s = away_s = 0.0
        # Closed at once, not when it is collected: it holds the device.
        with contextlib.closing(cast(Generator[Chunk], source.chunks(stop))) as chunks:
            for heard in chunks:
                chunk = heard
                now, length_s = time.monotonic(), len(chunk.samples) / source.rate
                if not heard_s:
                    away_s = now - self._failing_since
                    chunk = self._after_gap(chunk, source, now - length_s)
                self._heard_at = now
                heard_s += length_s
                yield chunk
                if np.any(chunk.samples):
                    zeros_s, self._zeros_s = 0.0, ZEROS_SECONDS
                    if self._trouble.lasts and heard_s > STEADY_SECONDS:
                        name = f"microphone {source.name!r}"
                        self._trouble.recovered(f"{name} is heard again, after {away_s:.0f} s")
                elif (zeros_s := zeros_s + length_s) > self._zeros_s:
                    self._zeros_s = min(2.0 * self._zeros_s, LONGEST_ZEROS_SECONDS)
                    self._fail_of_zeros(source.name)
                    return

    def _after_gap(self, chunk: Chunk, source: Source, begin: float) -> Chunk:
        """The first chunk of an opening, which was captured from `begin` on, monotonic."""
        missing_s = 0.0 if self._heard_at is None else max(0.0, begin - self._heard_at)
        now_has = (chunk.rate or source.rate, source.channels)
        rate = None if now_has == self._told else now_has[0]
        self._told = now_has
        return dataclasses.replace(chunk, rate=rate, missing_s=missing_s)

    def _fail_of_zeros(self, name: str) -> None:
        """Tell of it and open it anew at once: some devices come back to life, others are muted."""
        self._fail(
            AudioDeviceError(
                f"microphone {name!r} delivers nothing but zeros (is it muted? does nothing play "
                "there?)"
            )
        )
        self._retry_at = 0.0
