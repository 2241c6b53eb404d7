"""A microphone that was opened: captured in the background until it is closed or lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from . import POLL_SECONDS, Chunk, Stop
from .devices import STALL_SECONDS
from .ring import Ring


class Capture(Protocol):
    """Sound that is captured from now on, whether it is taken or not."""

    name: str
    """What to call it on the screen"""
    rate: int
    """Hertz"""
    channels: int
    seconds: float | None
    """None: nobody knows how long it lasts"""

    @property
    def began(self) -> float | None:
        """When its first sample was captured, monotonic clock, seconds; None before"""
        ...

    @property
    def ended(self) -> float:
        """When its last sample so far was"""
        ...

    @property
    def overflows(self) -> int:
        """How often the driver lost sound before it was taken; it does not report how much"""
        ...

    def chunks(self, stop: Stop) -> Iterator[Chunk]:
        """Sound until `stop` is set; an AudioDeviceError where it is lost."""
        ...

    def close(self) -> None:
        """Let go of the microphone; may be called twice."""
        ...


def take(ring: Ring, stop: Stop, lost: Callable[[], Exception]) -> Iterator[Chunk]:
    """What a ring holds and gets, until `stop` is set.

    Polls are counted, not seconds: a computer that was asleep has not lost its microphone.

    Raises
    ------
    Exception
        What `lost` makes, once the ring was emptied and is closed, or nothing came for too long.
    """
    polls = 0
    while not stop.is_set():
        chunk = ring.get(POLL_SECONDS)
        if chunk is not None:
            polls = 0
            yield chunk
            continue
        polls += 1
        if ring.closed or polls * POLL_SECONDS >= STALL_SECONDS:
            raise lost()
