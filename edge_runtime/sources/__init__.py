"""Where the sound comes from: a file, raw PCM on a pipe, a microphone.

A source knows its rate and channels and yields chunks until it ends or is asked to stop; it looks
at the stop flag several times a second, whatever it waits for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Chunk:
    """A piece of sound as it came from a source."""

    samples: npt.NDArray[np.generic]
    """(n, channels), float32 with full scale at 1 or int16"""
    dropped: int = 0
    """Samples per channel that were lost before this chunk"""
    rate: int | None = None
    """Hertz, where it differs from the chunk before; the number of channels may differ, too"""
    missing_s: float = 0.0
    """For how long the source was away before this chunk, seconds"""
    away: bool = False
    """Whether the source is lost; the next sound comes after a gap, if any comes"""


class Stop(Protocol):
    """A flag that ends a source."""

    def is_set(self) -> bool:
        """Whether it is time."""
        ...


class Source(Protocol):
    """Something to listen to."""

    name: str
    """What to call it on the screen"""
    rate: int
    """Hertz"""
    channels: int
    seconds: float | None
    """How long it lasts; None where nobody knows"""

    def chunks(self, stop: Stop) -> Iterator[Chunk]:
        """Sound until the source ends or `stop` is set."""
        ...


CHUNK_SECONDS = 0.1
POLL_SECONDS = 0.2
"""How often a waiting source looks at its stop flag."""
