"""Audio files in blocks: WAV with numpy alone, every other container through soundfile."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import AudioFormatError, MissingExtraError
from ..regular_file import special_kind
from ..stderr import quiet_stderr
from . import wav
from .conditioning import MAX_CHANNELS
from .resample import HIGHEST_RATE, LOWEST_RATE

DEMO_CLIP = Path(__file__).parents[1] / "bundled" / "demo.wav"
"""The clip that ``--input demo`` and ``classify demo`` play; ships with the package."""

EXTENSIONS = (".wav", ".au", ".ogg", ".oga", ".opus", ".mp3", ".flac", ".aif", ".aiff")
"""File name endings that a data set is searched for."""

BLOCK_SECONDS = 1.0
_NO_FILE = "name a file, or send raw PCM to listen --input -"
_UNKNOWN_FRAMES = 2**62
"""From here on, a number of frames means that it is unknown."""


@dataclass(frozen=True)
class AudioFile:
    """An audio file that was found readable; its samples are read block by block."""

    path: Path
    rate: int
    """Hertz"""
    channels: int
    frames: int
    """Samples per channel"""
    warning: str | None
    """What is odd about the file though it can be read; None if nothing is"""
    _wav: wav.WavHeader | None = None

    @property
    def seconds(self) -> float:
        """Duration, seconds."""
        return self.frames / self.rate

    def blocks(self, block_seconds: float = BLOCK_SECONDS) -> Iterator[npt.NDArray[np.float32]]:
        """Samples from the start, as (n, channels) float32 with full scale at 1.

        Raises
        ------
        AudioFormatError
            If a block cannot be decoded.
        """
        block_frames = max(1, round(block_seconds * self.rate))
        if self._wav is not None:
            with self.path.open("rb") as file:
                yield from wav.read_blocks(file, self._wav, block_frames)
            return
        soundfile = _import_soundfile(self.path)
        with _readable(soundfile, self.path) as file:
            remaining = self.frames
            while remaining > 0:
                with _decoding(soundfile, self.path):
                    block = file.read(min(block_frames, remaining), dtype="float32", always_2d=True)
                if not len(block):
                    return
                remaining -= len(block)
                yield block


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
        raise AudioFormatError(f"{path}: is a folder; name the files in it") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = getattr(error, "strerror", None) or error
        raise AudioFormatError(f"{path}: cannot be opened ({reason})") from None
    return _with_samples(_from_soundfile(path, head))


def resolve(path: str | Path) -> Path:
    """Path of an input, where ``"demo"`` is the clip that ships with the package."""
    return DEMO_CLIP if str(path) == "demo" and not Path("demo").is_file() else Path(path)


def _with_samples(audio: AudioFile) -> AudioFile:
    if audio.frames == 0:
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
    return AudioFile(path, header.rate, header.channels, header.frames, warning, header)


def _from_soundfile(path: Path, head: bytes) -> AudioFile:
    soundfile = _import_soundfile(path, head)
    with _readable(soundfile, path) as file:
        found = AudioFile(path, file.samplerate, file.channels, file.frames, None)
    if found.frames < _UNKNOWN_FRAMES:
        return found
    # A FLAC that was written to a pipe does not know its length; soundfile fails at its end.
    counted = 0
    with contextlib.suppress(AudioFormatError):
        for block in found.blocks():
            counted += len(block)
    return dataclasses.replace(found, frames=counted)


def _import_soundfile(path: Path, head: bytes = b"") -> Any:
    try:
        import soundfile
    except (ImportError, OSError):  # OSError: the package is there, libsndfile is not
        if head and not _looks_like_audio(path, head):
            raise AudioFormatError(_not_audio(path)) from None
        raise MissingExtraError(f"{path}: reading anything but PCM WAV", "audio") from None
    return soundfile


def _looks_like_audio(path: Path, head: bytes) -> bool:
    magics = (b"OggS", b"fLaC", b"ID3", b".snd", b"FORM", b"RIFF", b"\xff\xfb", b"\xff\xf3")
    return head.startswith(magics) or path.suffix.lower() not in (".wav", ".txt")


def _not_audio(path: Path) -> str:
    return f"{path}: is not audio in a format that can be read; convert it to WAV"


def _readable(soundfile: Any, path: Path) -> Any:
    try:
        with quiet_stderr():  # libsndfile's MP3 decoder writes to stderr
            return soundfile.SoundFile(os.fsencode(path))
    except (soundfile.LibsndfileError, TypeError, ValueError):  # TypeError: "raw" in the name
        raise AudioFormatError(_not_audio(path)) from None


@contextlib.contextmanager
def _decoding(soundfile: Any, path: Path) -> Iterator[None]:
    try:
        with quiet_stderr():
            yield
    except soundfile.LibsndfileError as error:
        raise AudioFormatError(
            f"{path}: is damaged, decoding failed ({error.error_string.rstrip('.')}); copy it again"
        ) from None
