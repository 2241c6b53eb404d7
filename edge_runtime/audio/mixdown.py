"""Many channels to one: the one way for files, pipes, microphones and training."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import AudioFormatError, ParameterError

MIX, LOUDEST = "mix", "loudest"

Samples = npt.NDArray[np.float32]

Channel = int | str
"""Number of a channel from 1 on, `MIX` or `LOUDEST`"""

_BLOCK = 2048
"""Frames that are judged together, 43 ms at 48 kHz. Blocks lie where they lie whatever the chunks
are, so that a file and a stream of it are equal, bit for bit."""
_MEMORY = 0.9
"""What of the energies before a block still counts after it: about half a second"""
_CANCELLED = 10.0 ** (-12.0 / 10.0)
"""Mixing has lost the sound where it is so much softer than the loudest channel"""
_SOUND_AGAIN = 10.0 ** (-6.0 / 10.0)
"""It is used again where it loses less than this"""
_LOUDER = 2.0
"""Another channel is the loudest one where it has so many times the energy of the one in use"""


def channel_of(text: str) -> Channel:
    """The channel that a user names.

    Raises
    ------
    ParameterError
    """
    if text in {MIX, LOUDEST}:
        return text
    if text.isascii() and text.isdigit() and int(text) >= 1:
        return int(text)
    raise ParameterError(f"channel is {text!r}; it must be a number from 1 on, mix or loudest")


class Mixdown:
    """Frames of several channels to mono samples.

    The mean of the channels, unless it cancels: where it is 12 dB softer than the loudest channel
    (stereo of opposite phase, one live channel of many), that channel is taken.

    Parameters
    ----------
    channels : int
    channel : int or str
        Number of the one that is used, from 1 on; ``"mix"``; or ``"loudest"``, whichever that is.

    Raises
    ------
    AudioFormatError
        If there is no such channel.
    """

    def __init__(self, channels: int, channel: Channel = MIX) -> None:
        channel = channel_of(str(channel))
        self._loudest = channel == LOUDEST
        self._judges = channels > 1 and channel in {MIX, LOUDEST}
        self._used: int | None = None  # index of the channel in use; None is the mean
        if self._loudest or channels == 1:
            self._used = 0
        if isinstance(channel, int):
            if channel > channels:
                have = "is 1 channel" if channels == 1 else f"are {channels} channels"
                raise AudioFormatError(f"there is no channel {channel}: there {have}")
            self._used = channel - 1
        self._block = np.zeros((_BLOCK, channels), np.float32)
        self._mixed = np.zeros(_BLOCK, np.float32)
        self._filled = 0  # frames of the block
        self._energies = [0.0] * channels
        self._mixed_energy = 0.0
        self.warning: str | None = None
        """What was odd about the channels, in words; None if nothing"""

    def __call__(self, frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Mono samples of frames.

        Parameters
        ----------
        frames : (n, channels) float32

        Returns
        -------
        (n,) float32
            Contiguous.
        """
        if not self._judges:
            used = self._used
            return np.ascontiguousarray(self._mean(frames) if used is None else frames[:, used])
        frames = np.ascontiguousarray(frames)
        mixed = self._mean(frames)
        mono = mixed.copy()
        head = min(len(frames), (_BLOCK - self._filled) % _BLOCK)
        whole = head + (len(frames) - head) // _BLOCK * _BLOCK
        self._use(mono, frames, 0, head)
        self._take(frames[:head], mixed[:head])
        energies = _energies(frames[head:whole], mixed[head:whole])
        for start, of_block in zip(range(head, whole, _BLOCK), energies, strict=True):
            self._use(mono, frames, start, start + _BLOCK)
            self._judge(of_block)
        self._use(mono, frames, whole, len(frames))
        self._take(frames[whole:], mixed[whole:])
        return mono

    def _use(self, mono: Samples, frames: Samples, start: int, stop: int) -> None:
        if self._used is not None:
            mono[start:stop] = frames[start:stop, self._used]

    @staticmethod
    def _mean(frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        mixed: npt.NDArray[np.float32]
        if frames.shape[1] == 2:  # the same samples in a thirtieth of the time
            mixed = (frames[:, 0] + frames[:, 1]) / np.float32(2.0)
        else:
            mixed = frames.mean(axis=1, dtype=np.float32)
        return mixed

    def _take(self, frames: npt.NDArray[np.float32], mixed: npt.NDArray[np.float32]) -> None:
        """Put frames into the block that is not full, and judge it when it is."""
        if not len(frames):
            return
        place = slice(self._filled, self._filled + len(frames))
        self._block[place], self._mixed[place] = frames, mixed
        self._filled = place.stop % _BLOCK
        if not self._filled:
            self._judge(_energies(self._block, self._mixed)[0])

    def _judge(self, energies: list[float]) -> None:
        """Choose what is used from the next block on.

        Parameters
        ----------
        energies : list of float
            Of each channel in the block, and of their mean.
        """
        *of_channels, of_mixed = energies
        before = zip(self._energies, of_channels, strict=True)
        self._energies = [_MEMORY * old + new for old, new in before]
        self._mixed_energy = _MEMORY * self._mixed_energy + of_mixed
        most = max(self._energies)
        loudest = self._energies.index(most)
        if self._loudest:
            if self._used is not None and most > _LOUDER * self._energies[self._used]:
                self._used = loudest
        elif self._mixed_energy > _SOUND_AGAIN * most:
            self._used = None
        elif self._mixed_energy < _CANCELLED * most and (
            self._used is None or most > _LOUDER * self._energies[self._used]
        ):
            self._used = loudest
            self.warning = self.warning or (
                f"mixing its {len(self._energies)} channels loses the sound (opposite phase, or "
                f"nearly all in one of them); channel {loudest + 1} alone is used, unless "
                "--channel names another"
            )


def _energies(frames: Samples, mixed: Samples) -> list[list[float]]:
    """Energies of each channel and of their mean, without a constant offset, by block.

    An offset is no sound: it would hide what mixing loses, and make a dead channel the loudest.
    """
    columns = [_energy(column.reshape(-1, _BLOCK)) for column in (*frames.T, mixed)]
    return [list(map(float, of_block)) for of_block in zip(*columns, strict=True)]


def _energy(blocks: Samples) -> npt.NDArray[np.float64]:
    moved = blocks - blocks[:, :1]  # a constant becomes zero, without a rounding error
    totals = moved.sum(axis=1).astype(np.float64)
    squares = np.einsum("ij,ij->i", moved, moved).astype(np.float64)
    energies: npt.NDArray[np.float64] = np.maximum(0.0, squares - totals * totals / _BLOCK)
    return energies
