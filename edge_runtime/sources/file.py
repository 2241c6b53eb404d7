"""An audio file, played as if it were live."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

from ..audio.file import AudioFile
from ..audio.samples import shortfall
from . import CHUNK_SECONDS, POLL_SECONDS, Chunk, Stop

_log = logging.getLogger(__name__)


class FileSource:
    """Chunks of a file, paced by the clock or as fast as they are taken.

    Parameters
    ----------
    audio : AudioFile
    speed : float or None
        1 plays in real time, 2 twice as fast; None does not wait.
    """

    def __init__(self, audio: AudioFile, *, speed: float | None = 1.0) -> None:
        self.name = audio.path.name
        self.rate, self.channels = audio.rate, audio.channels
        self.seconds: float | None = audio.seconds
        self._audio, self._speed = audio, speed

    def chunks(self, stop: Stop) -> Iterator[Chunk]:
        """Sound until the file ends or `stop` is set."""
        begin, frames = time.monotonic(), 0
        for block in self._audio.blocks(CHUNK_SECONDS):
            frames += len(block)
            played = frames / self.rate
            if self._speed is not None:
                _sleep_until(begin + played / self._speed, stop)
            if stop.is_set():
                return
            yield Chunk(block)
        lacking = shortfall(self._audio, frames)
        if lacking:
            _log.warning("%s", lacking)


def _sleep_until(moment: float, stop: Stop) -> None:
    while (rest := moment - time.monotonic()) > 0.0 and not stop.is_set():
        time.sleep(min(rest, POLL_SECONDS))
