"""A microphone that may be missing, go away, fall silent or come back: for months, unattended."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from ..errors import AudioDeviceError
from ..retry import Backoff
from . import POLL_SECONDS, Chunk, Stop
from .capture import Capture
from .devices import RefusedError
from .digital_silence import DigitalSilence

LONGEST_DELAY_SECONDS = 30.0
_STEADY_SECONDS = 5.0
"""A microphone that delivers for so long is back; one that comes and goes is reported once."""
_USUAL_RATE = 48_000
_log = logging.getLogger(__name__)


class ReconnectingMicrophone:
    """A source that opens a microphone, and opens it again until there is sound.

    A fault is logged once, and its end, too. While there is no sound, chunks without samples come
    several times a second, so that the loop that takes them is not stuck; the first is marked.

    Parameters
    ----------
    open_ : callable
        Begins to capture: stop flag to `Capture`, or None if the flag was set meanwhile; raises
        AudioDeviceError.
    name : str
        What the user calls it.
    rate, channels : int, optional
        What to expect of it while it is not there.
    fail_fast : bool
        Raise the error instead of waiting.
    clock, sleep : callable
        Seconds of the monotonic clock, and waiting for some.
    """

    seconds: float | None = None

    def __init__(
        self,
        open_: Callable[[Stop], Capture | None],
        *,
        name: str,
        rate: int | None = None,
        channels: int | None = None,
        fail_fast: bool = False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._open, self._fail_fast = open_, fail_fast
        self._clock, self._sleep = clock, sleep
        self.name = name
        self.rate, self.channels = rate or _USUAL_RATE, channels or 1
        self._backoff = Backoff(name, _log, longest_s=LONGEST_DELAY_SECONDS)
        self._capture: Capture | None = None
        self._delay = 0.0  # until the next try, seconds
        self._ended: float | None = None  # the last capture before; None: there was no sound yet
        self._away_since: float | None = None  # when the present outage began
        self._outage = ""  # what it was
        self._began = 0.0  # of the present capture
        self._back_s = 0.0  # of sound since the outage
        self._silence = DigitalSilence()
        self._overflows = 0

    def begin(self, stop: Stop) -> None:
        """Try to open it now, so that its name, rate and channels are known if it is there.

        Raises
        ------
        RefusedError
            If waiting does not help.
        AudioDeviceError
            If it is not there, and is not to be waited for.
        """
        if self._capture is None:
            self._try(stop)
        if self._capture is not None:
            self.name = self._capture.name
            self.rate, self.channels = self._capture.rate, self._capture.channels

    def close(self) -> None:
        """Close the microphone."""
        if self._capture is not None:
            capture, self._capture = self._capture, None
            capture.close()

    def chunks(self, stop: Stop) -> Iterator[Chunk]:
        """Sound, and chunks without any while it is away, until `stop` is set.

        Raises
        ------
        AudioDeviceError
            If it is lost, and is not to be waited for.
        """
        try:
            while not stop.is_set():
                if self._capture is None:
                    yield from self._wait(stop)
                    self._try(stop)
                if self._capture is not None:
                    yield from self._captured(self._capture, stop)
                    yield Chunk(self._no_samples, away=True)
        finally:
            self.close()
            if self._overflows > 1:
                self._backoff.report(f"the driver lost sound {self._overflows} times in all")

    def _wait(self, stop: Stop) -> Iterator[Chunk]:
        rest, self._delay = self._delay, 0.0
        while rest > 0.0 and not stop.is_set():
            self._sleep(min(rest, POLL_SECONDS))
            rest -= POLL_SECONDS
            yield Chunk(self._no_samples)

    @property
    def _no_samples(self) -> npt.NDArray[np.int16]:
        return np.zeros((0, self.channels), np.int16)

    def _try(self, stop: Stop) -> None:
        if stop.is_set():
            return
        try:
            self._capture = self._open(stop)
        except AudioDeviceError as error:
            if self._ended is None and isinstance(error, RefusedError):
                raise
            self._failed(error, self._clock())
        except OSError as error:  # no process or file could be opened: that may pass, too
            reason = f"the microphone cannot be opened ({error.strerror or error})"
            self._failed(AudioDeviceError(reason), self._clock())

    def _failed(self, error: AudioDeviceError, since: float) -> None:
        if self._fail_fast:
            raise error
        if self._away_since is None:
            self._away_since, self._outage = since, str(error)
        elif self._ended is None:
            # Once it delivered sound, its name is no mistake: what fails next is the same outage.
            # Until then "no sound card" may become "no microphone of that name": worth a line.
            self._outage = str(error)
        self._delay = self._backoff.failed(self._outage, "waiting for it")
        self._back_s = 0.0

    def _captured(self, capture: Capture, stop: Stop) -> Iterator[Chunk]:
        """Sound until it is lost, or until opening it anew may bring it back to life."""
        first, anew, overflows = True, False, 0
        try:
            for chunk in capture.chunks(stop):
                yield self._joined(chunk, capture) if first else chunk
                first = False
                self._note(chunk, capture.overflows - overflows)
                overflows = capture.overflows
                if self._silence.reopen_due and not self._fail_fast:
                    self._silence.reopen_due, anew = False, True
                    capture.close()  # what it still holds is taken all the same
            lost = None
        except AudioDeviceError as error:
            lost = error
        finally:
            self.close()
        if not first:
            self._ended = capture.ended
        if lost is not None and not anew:
            self._failed(lost, self._clock() if first else capture.ended)

    def _joined(self, chunk: Chunk, capture: Capture) -> Chunk:
        """The first chunk of a capture, with what tells how it follows on the one before."""
        self._began = self._clock() if capture.began is None else capture.began
        before = self._away_since if self._ended is None else self._ended
        missing_s = 0.0 if before is None else max(0.0, self._began - before)
        changed = (capture.rate, capture.channels) != (self.rate, self.channels)
        self.rate, self.channels = capture.rate, capture.channels
        return dataclasses.replace(chunk, rate=self.rate if changed else None, missing_s=missing_s)

    def _note(self, chunk: Chunk, overflows: int) -> None:
        """Report what is worth a line of a chunk."""
        if overflows and not self._overflows:
            self._backoff.report(
                "the driver lost sound before it could be taken (input overflow); it does not say "
                "how much, so the stream's clock may be late"
            )
        self._overflows += overflows
        if (message := self._silence.take(chunk.samples, self.rate)) is not None:
            self._backoff.report(message)
        if self._away_since is None:
            return
        self._back_s += len(chunk.samples) / self.rate
        if self._back_s >= _STEADY_SECONDS:
            away_s = self._began - self._away_since
            event = "found" if self._ended is None else "back"
            self._backoff.recovered(f"{event} after {away_s:.0f} s")
            self._away_since = None
