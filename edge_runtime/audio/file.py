"""Audio files in blocks: WAV with numpy alone, every other container through soundfile."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import AudioFormatError
from ..regular_file import special_kind
from . import wav
from .conditioning import MAX_CHANNELS
from .resample import HIGHEST_RATE, LOWEST_RATE

if TYPE_CHECKING:  # imported where a file needs it: most are WAV, and a start is to be quick
    from .containers import Container

DEMO_CLIP = Path(__file__).parents[1] / "bundled" / "demo.wav"
"""The clip that ``--input demo`` and ``classify demo`` play; ships with the package."""

EXTENSIONS = (".wav", ".au", ".ogg", ".oga", ".opus", ".mp3", ".flac", ".aif", ".aiff")
"""File name endings that a data set is searched for."""

BLOCK_SECONDS = 1.0
_NO_FILE = "name a file, or send raw PCM to listen --input -"

_MUCH_SECONDS = 1.0
"""Bytes behind the samples of a WAV that would be longer as sound are worth a warning."""
_MUCH_BYTES = 10_000
"""A file without sound that is larger was not closed by what wrote it."""


@dataclass(frozen=True)
class AudioFile:
    """An audio file that was found readable; its samples are read block by block."""

    path: Path
    rate: int
    """Hertz"""
    channels: int
    frames: int
    """Samples per channel, as far as can be known without decoding; `blocks` gives what is there"""
    warning: str | None
    """What is odd about the file though it can be read; None if nothing is"""
    _wav: wav.WavHeader | None = None
    _container: Container | None = None

    @property
    def seconds(self) -> float:
        """Duration, seconds."""
        return self.frames / self.rate

    def blocks(
        self,
        block_seconds: float = BLOCK_SECONDS,
        *,
        start_s: float = 0.0,
        seconds: float | None = None,
    ) -> Iterator[npt.NDArray[np.float32]]:
        """Samples, as (n, channels) float32 with full scale at 1.

        Parameters
        ----------
        block_seconds : float
        start_s : float
            Where they begin, seconds. What lies before is not decoded where the container can be
            sought in, and dropped where it cannot.
        seconds : float, optional
            How much of it; all that is there where it is not given.

        Raises
        ------
        AudioFormatError
            If a block cannot be decoded, or none from the beginning of the file.
        """
        block_frames = max(1, round(block_seconds * self.rate))
        first = round(start_s * self.rate)
        count = None if seconds is None else round(seconds * self.rate)
        with naming(self.path):
            if self._wav is not None:
                with self.path.open("rb") as file:
                    yield from wav.read_blocks(
                        file, self._wav, block_frames, first=first, count=count
                    )
            elif self._container is not None:
                from .containers import container_blocks

                yield from container_blocks(
                    self.path, self._container, block_frames, first=first, count=count
                )


@contextlib.contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Name the file in errors that come of what is done with its sound."""
    try:
        yield
    except AudioFormatError as error:
        if str(path) in str(error):
            raise
        raise AudioFormatError(f"{path}: {error}") from None
    except OSError as error:  # a file that was opened before is not named by the system
        error.filename = error.filename or str(path)
        raise


def open_audio(path: str | Path) -> AudioFile:
    """Look at an audio file, without reading its samples.

    Parameters
    ----------
    path : str or Path
        ``"demo"`` names the clip that ships with the package, unless a file has that name.

    Raises
    ------
    AudioFormatError
        If the file is missing, empty, holds no samples, or is in no format that can be read.
    MissingExtraError
        If only soundfile could read it, and it is not installed.
    """
    path = resolve(path)
    if kind := special_kind(path):
        raise AudioFormatError(f"{path}: is {kind}; {_NO_FILE}")
    try:
        with path.open("rb") as file:
            head = file.read(12)
            if not head:
                raise AudioFormatError(f"{path}: the file is empty; copy or record it again")
            if not file.seekable():
                raise AudioFormatError(f"{path}: is a pipe; {_NO_FILE}")
            if wav.is_wav(head):
                with contextlib.suppress(wav.UnsupportedWavError):
                    return _with_samples(_from_wav(path, wav.read_header(file, path)))
    except FileNotFoundError:
        raise AudioFormatError(f"{path}: no such file; check the path") from None
    except IsADirectoryError:
        raise AudioFormatError(f"{path}: is a folder; name a file in it") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = getattr(error, "strerror", None) or error
        raise AudioFormatError(f"{path}: cannot be opened ({reason})") from None
    from .containers import open_container

    return _with_samples(_from_container(path, open_container(path, head)))


def resolve(path: str | Path) -> Path:
    """Path of an input, where ``"demo"`` is the clip that ships with the package."""
    return DEMO_CLIP if str(path) == "demo" and not Path("demo").is_file() else Path(path)


def _with_samples(audio: AudioFile) -> AudioFile:
    if audio.frames == 0:
        size = audio.path.stat().st_size
        if size > _MUCH_BYTES:
            raise AudioFormatError(
                f"{audio.path}: its header says that it holds no sound, and it has {size:,} bytes: "
                "what wrote it was ended before it closed the file; mend it with ffmpeg or sox"
            )
        raise AudioFormatError(f"{audio.path}: holds no sound (0 samples); record it again")
    if not LOWEST_RATE <= audio.rate <= HIGHEST_RATE:
        raise AudioFormatError(
            f"{audio.path}: has a sample rate of {audio.rate} Hz; it must be from {LOWEST_RATE} to "
            f"{HIGHEST_RATE} Hz"
        )
    if audio.channels > MAX_CHANNELS:
        raise AudioFormatError(
            f"{audio.path}: has {audio.channels} channels; there may be {MAX_CHANNELS} at most"
        )
    return audio


def _from_wav(path: Path, header: wav.WavHeader) -> AudioFile:
    warning = None
    if header.truncated and header.promised_bytes is not None:
        promised = header.promised_bytes / header.frame_bytes / header.rate
        warning = (
            f"{path}: truncated: its header promises {promised:.1f} s, "
            f"{header.frames / header.rate:.1f} s are there and are used; copy it again"
        )
    unread = header.unread_bytes / header.frame_bytes / header.rate
    if unread > _MUCH_SECONDS:
        warning = (
            f"{path}: its header says {header.frames / header.rate:.1f} s, which are used, and as "
            f"much as {unread:.1f} s more lie behind them; if those are sound, mend the header: "
            "ffmpeg -ignore_length 1 -i FILE MENDED.wav"
        )
    return AudioFile(path, header.rate, header.channels, header.frames, warning, header)


def _from_container(path: Path, found: Container) -> AudioFile:
    warning = None
    if found.fault:
        seconds = found.frames / found.rate
        warning = (
            f"{path}: truncated: {found.fault}; {seconds:.1f} s are there and are used; "
            "copy it again"
        )
    return AudioFile(path, found.rate, found.channels, found.frames, warning, _container=found)
