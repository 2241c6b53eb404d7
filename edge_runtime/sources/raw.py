"""Raw PCM from a pipe, as ``arecord -t raw`` and ``ffmpeg -f s16le -`` write it."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator

import numpy as np

from ..audio.pcm import PcmFormat
from ..errors import AudioFormatError
from . import CHUNK_SECONDS, POLL_SECONDS, Chunk, Stop

_MAGIC_BYTES = 4
"""Containers are known by their first bytes."""


class RawSource:
    """Samples read from a file descriptor as they arrive.

    Parameters
    ----------
    descriptor : int
        Read to its end; not closed.
    rate : int
        Hertz.
    channels : int
    sample_format : PcmFormat
    name : str
        What to call it in messages and on the screen.
    """

    seconds: float | None = None

    def __init__(
        self, descriptor: int, *, rate: int, channels: int, sample_format: PcmFormat, name: str
    ) -> None:
        self.name, self.rate, self.channels = name, rate, channels
        self._descriptor, self._format = descriptor, sample_format

    def chunks(self, stop: Stop) -> Iterator[Chunk]:
        """Sound until the pipe ends or `stop` is set.

        Raises
        ------
        AudioFormatError
            If the pipe begins like a WAV or another container: read as raw samples its header
            would be noise, and its rate ignored.
        """
        frame_bytes = self.channels * self._format.sample_bytes
        chunk_bytes = frame_bytes * max(1, round(CHUNK_SECONDS * self.rate))
        pending = b""
        begun = False
        while not stop.is_set():
            if not select.select([self._descriptor], [], [], POLL_SECONDS)[0]:
                continue
            data = os.read(self._descriptor, chunk_bytes)
            pending += data
            if not begun:
                if data and len(pending) < _MAGIC_BYTES:
                    continue
                self._refuse_container(pending)
                begun = True
            whole = len(pending) - len(pending) % frame_bytes
            if whole:
                samples = self._format.decode(pending[:whole]).reshape(-1, self.channels)
                yield Chunk(np.asarray(samples))
                pending = pending[whole:]
            if not data:
                return

    def _refuse_container(self, head: bytes) -> None:
        if head.startswith((b"RIFF", b"OggS", b"fLaC", b"ID3")):
            raise AudioFormatError(
                f"{self.name}: holds an audio file, not raw samples; send raw PCM "
                "(arecord -t raw, ffmpeg -f s16le) or name the file with --input FILE"
            )
