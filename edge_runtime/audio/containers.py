"""Every container but WAV, decoded by soundfile (libsndfile) up to where the sound really ends."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import AudioFormatError, MissingExtraError
from ..stderr import quiet_stderr
from . import flac, ogg
from .layout import layout_of
from .link import Link, LinkFile
from .magic import HEAD_BYTES, container_of, is_readable, is_sound
from .resample import StreamResampler

Block = npt.NDArray[np.float32]
_Found = tuple[int, int, int, Link | None]
"""Samples per channel, hertz, channels, and what to read"""

_UNKNOWN_FRAMES = 2**50
"""From here on, a number of frames means that it is unknown."""
_PIECE_FRAMES = 4096
"""Decoded at once: where decoding fails, no more than that is lost before."""


@dataclass(frozen=True)
class Container:
    """A file that soundfile reads, and the links in it."""

    rate: int
    """Hertz; of the longest link where they differ"""
    channels: int
    frames: int
    """Samples per channel that are there, as far as can be known without decoding"""
    fault: str
    """What is missing at the end; empty if nothing is, or it cannot be known"""
    links: tuple[Link | None, ...]
    """In their order; None is the file as it is"""


def open_container(path: Path, head: bytes) -> Container:
    """Find out what a file holds, without decoding it.

    Parameters
    ----------
    path : Path
    head : bytes
        The first of the file.

    Raises
    ------
    AudioFormatError
        If the file is in no format that can be read.
    MissingExtraError
        If soundfile is not installed.
    """
    soundfile = _import_soundfile(path, head)
    layout = layout_of(path)
    found: list[_Found] = []
    refused: AudioFormatError | None = None
    for link in layout.links or (None,):
        try:
            found.append(_look(soundfile, path, link))
        except AudioFormatError as error:
            refused = error
    if not found:
        raise refused or AudioFormatError(_not_audio(path))
    _, rate, channels, _ = max(found, key=lambda one: one[0] / one[1])
    links = tuple(link for *_, link in found)
    if layout.frames is not None:
        total = layout.frames
    else:
        total = sum(round(frames * rate / own_rate) for frames, own_rate, _, _ in found)
    container = Container(rate, channels, total, layout.fault, links)
    if total < _UNKNOWN_FRAMES:
        return container
    counted = 0
    with contextlib.suppress(AudioFormatError):
        for block in container_blocks(path, container, rate):
            counted += len(block)
    return Container(rate, channels, counted, layout.fault, links)


def _look(soundfile: Any, path: Path, link: Link | None) -> _Found:
    """Frames, rate and channels of a link, and how it is to be read."""
    try:
        with _opened(soundfile, path, link) as (sound, _):
            frames = link.frames if link is not None and link.frames is not None else sound.frames
            if frames or link is None or link.last_page is None:
                return frames, sound.samplerate, sound.channels, link
    except AudioFormatError:
        if link is None or link.last_page is None:
            raise
    # Its last Ogg page has an impossible granule position.
    return _look(soundfile, path, _endless(path, link))


def _endless(path: Path, link: Link) -> Link:
    with path.open("rb") as file:
        return ogg.endless(file, link)


def container_blocks(
    path: Path,
    container: Container,
    block_frames: int,
    *,
    first: int = 0,
    count: int | None = None,
) -> Iterator[Block]:
    """Samples of all links, in blocks of (at most block_frames, channels), full scale at 1.

    Where decoding fails, the next link goes on; within a FLAC the next frame does, and what lies
    between is NaN. A link of another rate or number of channels is converted.

    Parameters
    ----------
    path : Path
    container : Container
    block_frames : int
    first : int
        Samples per channel that are left out at the start: sought over in a file of one link,
        decoded and dropped in one of several.
    count : int, optional
        Samples per channel that are read at most.

    Raises
    ------
    AudioFormatError
        If nothing can be decoded from the beginning on; an excerpt of damage is empty.
    """
    sought = first if len(container.links) == 1 else 0
    with contextlib.closing(_all_blocks(path, container, block_frames, sought)) as blocks:
        dropped, left = first - sought, count
        for block in blocks:
            wanted = block[dropped:][:left]
            dropped = max(0, dropped - len(block))
            if len(wanted):
                yield wanted
            if left is not None:
                left -= len(wanted)
                if left <= 0:
                    return


def _all_blocks(
    path: Path, container: Container, block_frames: int, first: int
) -> Generator[Block, None, None]:
    soundfile = _import_soundfile(path)
    faults, heard = [], False
    for link in container.links:
        try:
            for block in _link_blocks(soundfile, path, container, link, block_frames, begin=first):
                if len(block):
                    heard = heard or not np.isnan(block[0, 0])
                    yield block
        except AudioFormatError as error:
            faults.append(str(error))
    if not heard and not first:
        why = faults[0] if faults else "there is no whole block in it"
        raise AudioFormatError(f"{path}: is damaged, decoding failed ({why}); copy it again")


def _link_blocks(
    soundfile: Any,
    path: Path,
    container: Container,
    link: Link | None,
    block_frames: int,
    *,
    begin: int,
) -> Iterator[Block]:
    """Blocks of one link; what is damaged within a FLAC is NaN, so that the clock stays right.

    `begin` is the first sample that is wanted, of a file of one link.
    """
    fit: _Fit | None = None
    decoded, behind = 0, 0  # samples so far; where decoding goes on behind damage
    seeks = begin > 0
    while True:
        with _opened(soundfile, path, link) as (sound, file):
            fit = fit or _Fit(sound.samplerate, sound.channels, container)
            if seeks:
                seeks = False
                if not _is_sought(soundfile, sound, begin):
                    continue  # the decoder is begun anew, and decodes what is dropped
                decoded = begin
            while decoded < behind:
                lost = np.full((min(behind - decoded, block_frames), sound.channels), np.nan)
                decoded += len(lost)
                yield fit.push(_from(begin, decoded, lost.astype(np.float32)))
            try:
                for block in _decoded(soundfile, sound, file, block_frames):
                    decoded += len(block)
                    yield fit.push(_from(begin, decoded, block))
            except AudioFormatError:
                found = _behind_damage(path, link, decoded)
                if found is None:
                    raise
                link, behind = found
                continue
            if link is None or file is None or not ogg.is_unread(file.tell(), link):
                yield fit.finish()
                return
            break
    decoded = max(decoded, begin)
    with _opened(soundfile, path, _endless(path, link)) as (sound, file):
        for block in _decoded(soundfile, sound, file, block_frames):
            new = block[max(0, decoded) :]
            decoded -= len(block) - len(new)
            yield fit.push(new)
        yield fit.finish()


def _is_sought(soundfile: Any, sound: Any, first: int) -> bool:
    """Move to a sample, if the decoder can.

    It goes there exactly: it decodes what the sample depends on, such as the MP3 frames before.
    """
    with quiet_stderr():
        try:
            return bool(sound.seek(first) == first)
        except soundfile.LibsndfileError:
            return False


def _from(begin: int, decoded: int, block: Block) -> Block:
    """What of a block that ends at `decoded` is wanted."""
    return block[max(0, len(block) - max(0, decoded - begin)) :]


def _behind_damage(path: Path, link: Link | None, decoded: int) -> tuple[Link, int] | None:
    with path.open("rb") as file:
        return flac.behind_damage(file, link, decoded)


class _Fit:
    """From the rate and channels of a link to those of the file."""

    def __init__(self, rate: int, channels: int, container: Container) -> None:
        self._channels = container.channels
        self._same = (rate, channels) == (container.rate, container.channels)
        self._resamplers = []
        if rate != container.rate:
            self._resamplers = [
                StreamResampler(rate, container.rate) for _ in range(self._channels)
            ]

    def push(self, block: Block, *, last: bool = False) -> Block:
        """Samples that are ready."""
        if self._same:
            return block
        if self._resamplers:
            block = np.nan_to_num(block)  # a filter would never get rid of it
        if block.shape[1] != self._channels:
            block = np.repeat(block.mean(axis=1, keepdims=True), self._channels, axis=1)
        if not self._resamplers:
            return block
        columns = zip(self._resamplers, block.T, strict=True)
        return np.stack(
            [resampler.push(np.ascontiguousarray(c), last=last) for resampler, c in columns], axis=1
        )

    def finish(self) -> Block:
        """What the filters still hold."""
        return self.push(np.zeros((0, self._channels), np.float32), last=True)


def _import_soundfile(path: Path, head: bytes = b"") -> Any:
    try:
        import soundfile
    except (ImportError, OSError):  # OSError: the package is there, libsndfile is not
        if head and not _looks_like_audio(path, head):
            raise AudioFormatError(_not_audio(path)) from None
        name = container_of(head)
        if name is not None and is_sound(name) and not is_readable(name):
            raise AudioFormatError(_not_read_here(path, name)) from None
        raise MissingExtraError(f"{path}: reading anything but PCM WAV", "audio") from None
    return soundfile


def _looks_like_audio(path: Path, head: bytes) -> bool:
    magics = (b"OggS", b"fLaC", b"ID3", b".snd", b"FORM", b"RIFF", b"\xff\xfb", b"\xff\xf3")
    return head.startswith(magics) or path.suffix.lower() not in (".wav", ".txt")


def _not_audio(path: Path) -> str:
    return f"{path}: is not audio in a format that can be read; convert it to WAV"


def _not_read_here(path: Path, name: str) -> str:
    return f"{path}: is {name}, which is not read here; convert it: ffmpeg -i FILE OUT.flac"


def _not_opened(path: Path) -> str:
    """What to say of a file that the library refuses: one that begins well was cut off, say."""
    with path.open("rb") as file:
        name = container_of(file.read(HEAD_BYTES))
    if name is None or not is_sound(name):
        return _not_audio(path)
    if not is_readable(name):
        return _not_read_here(path, name)
    return (
        f"{path}: is damaged, cut off or of an encoding that is not known here: it begins as "
        f"{name} does, and cannot be read; copy it again, or convert it to WAV"
    )


@contextlib.contextmanager
def _opened(soundfile: Any, path: Path, link: Link | None) -> Iterator[tuple[Any, LinkFile | None]]:
    with contextlib.ExitStack() as opened:
        file = None
        if link is not None:
            file = opened.enter_context(contextlib.closing(LinkFile(path.open("rb"), link)))
        try:
            with quiet_stderr():  # libsndfile's MP3 decoder writes to stderr
                sound = soundfile.SoundFile(os.fsencode(path) if file is None else file)
        except (soundfile.LibsndfileError, TypeError, ValueError):  # TypeError: "raw" in the name
            raise AudioFormatError(_not_opened(path)) from None
        opened.enter_context(sound)
        # soundfile reads no further than the header's length, and seeks to where it is behind
        # every block (which spoils the next MP3 frame), unless it takes a file for a pipe.
        sound.seekable = lambda: False
        yield sound, file


def _decoded(
    soundfile: Any, sound: Any, file: LinkFile | None, block_frames: int
) -> Iterator[Block]:
    more = True
    while more:
        block, frames, fault = np.empty((block_frames, sound.channels), np.float32), 0, None
        with quiet_stderr():
            try:
                while more and frames < block_frames:
                    size = min(_PIECE_FRAMES, block_frames - frames)
                    read = len(sound.read(out=block[frames : frames + size]))
                    frames += read
                    more = read > 0
            except soundfile.LibsndfileError as error:
                fault = error
        if file is not None and file.error is not None:
            raise file.error
        if frames:
            yield block[:frames]
        if fault is not None:
            raise AudioFormatError(fault.error_string.rstrip(".")) from None
