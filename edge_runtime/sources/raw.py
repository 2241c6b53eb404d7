"""Raw PCM from a pipe, as ``arecord -t raw`` and ``ffmpeg -f s16le -`` write it."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator

from ..audio.magic import HEAD_BYTES, container_of, is_readable, is_sound
from ..audio.pcm import PcmFormat
from ..errors import AudioFormatError
from . import CHUNK_SECONDS, POLL_SECONDS, Chunk, Stop

_FFMPEG = {
    PcmFormat.U8: "u8",
    PcmFormat.S16_LE: "s16le",
    PcmFormat.S24_3LE: "s24le",
    PcmFormat.S32_LE: "s32le",
    PcmFormat.FLOAT_LE: "f32le",
    PcmFormat.FLOAT64_LE: "f64le",
}
"""What ffmpeg calls each format"""


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

        The first bytes are held back until there are enough to know that they are samples.

        Raises
        ------
        AudioFormatError
            If the pipe begins like a WAV, an MP3 or another container: read as raw samples it
            would be noise, and its rate ignored.
        """
        frame_bytes = self.channels * self._format.sample_bytes
        chunk_bytes = frame_bytes * max(1, round(CHUNK_SECONDS * self.rate))
        pending = b""
        begun = ended = False
        while not ended:
            data = b""
            if stop.is_set():
                if begun:
                    return
                ended = True  # what was held back is sound all the same
            elif not select.select([self._descriptor], [], [], POLL_SECONDS)[0]:
                continue
            else:
                data = os.read(self._descriptor, chunk_bytes)
                ended = not data
            pending += data
            if not begun:
                begun = ended or len(pending) >= HEAD_BYTES
                self._refuse_container(pending[:HEAD_BYTES], whole=begun)
            while begun and len(pending) >= frame_bytes:
                size = min(len(pending) - len(pending) % frame_bytes, chunk_bytes)
                samples = self._format.decode(pending[:size]).reshape(-1, self.channels)
                yield Chunk(samples)
                pending = pending[size:]

    def _refuse_container(self, head: bytes, *, whole: bool) -> None:
        # A container that is known by its first letters need not send more.
        found = container_of(head if whole else head[:_LETTERS])
        if found is None:
            return
        pcm = f"-f {_FFMPEG[self._format]} -ac {self.channels} -ar {self.rate} -"
        if not is_sound(found):
            raise AudioFormatError(
                f"{self.name}: holds {found}, not sound; have ffmpeg fetch the sound: "
                f"ffmpeg -i ADDRESS {pcm} | edge-genre listen --input - ..."
            )
        raise AudioFormatError(
            f"{self.name}: holds {found}, not raw samples; send raw PCM (arecord -t raw, or "
            f"... | ffmpeg -i - {pcm} | edge-genre listen --input - ...)"
            f"{', or name the file with --input FILE' * is_readable(found)}"
        )


_LETTERS = 32
"""In these first bytes are the letters that most containers begin with"""
