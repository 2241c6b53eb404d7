"""Calls into a sound driver, which may hang for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from ..errors import AudioDeviceError
from . import POLL_SECONDS, Stop

_T = TypeVar("_T")


class Driver:
    """Runs one call at a time, each in a thread that is abandoned where it hangs.

    While one hangs every other is refused: PortAudio cannot do two things at once.
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    @property
    def hangs(self) -> bool:
        """Whether a call that was given up has not returned yet."""
        return self._thread is not None and self._thread.is_alive()

    def call(
        self,
        work: Callable[[], _T],
        *,
        timeout_s: float,
        stop: Stop | None = None,
        late: Callable[[_T], object] = lambda _: None,
    ) -> _T | None:
        """What `work` returns or raises; None if `stop` was set meanwhile.

        Parameters
        ----------
        work : callable
        timeout_s : float
            Seconds until it is given up.
        stop : Stop, optional
        late : callable
            Takes what `work` returns after it was given up.

        Raises
        ------
        AudioDeviceError
            If it takes too long, or the call before does not return.
        """
        if threading.current_thread() is self._thread:
            return work()
        if self.hangs:
            raise AudioDeviceError("the sound driver does not answer")
        job = _Job(work, late)
        self._thread = threading.Thread(target=job.run, daemon=True)
        self._thread.start()
        polls = 0
        while True:
            self._thread.join(POLL_SECONDS)
            if job.done.is_set():
                self._thread.join()
                return job.result()
            polls += 1
            stopped = stop is not None and stop.is_set()
            if (stopped or polls * POLL_SECONDS >= timeout_s) and job.give_up():
                if stopped:
                    return None
                raise AudioDeviceError(f"the sound driver does not answer for {timeout_s:g} s")


class _Job(Generic[_T]):
    def __init__(self, work: Callable[[], _T], late: Callable[[_T], object]) -> None:
        self._work, self._late = work, late
        self._lock = threading.Lock()
        self._given_up = False
        self._results: list[_T] = []
        self._error: BaseException | None = None
        self.done = threading.Event()

    def run(self) -> None:
        try:
            result = self._work()
        except BaseException as error:
            self._error = error
            self.done.set()
            return
        with self._lock:
            self._results.append(result)
            self.done.set()
            late = self._given_up
        if late:
            self._late(result)

    def give_up(self) -> bool:
        """Whether the result will go to `late`; False if it is there already."""
        with self._lock:
            self._given_up = not self.done.is_set()
            return self._given_up

    def result(self) -> _T:
        if self._error is not None:
            raise self._error
        return self._results[0]
