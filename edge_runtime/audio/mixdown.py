"""Many channels to one: the one way for files, pipes, microphones and training."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import AudioFormatError, ParameterError

MIX, LOUDEST = "mix", "loudest"

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
        self._energies = np.zeros(channels)
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
        position = 0
        while position < len(frames):
            end = min(len(frames), position + _BLOCK - self._filled)
            if self._used is not None:
                mono[position:end] = frames[position:end, self._used]
            self._take(frames[position:end], mixed[position:end])
            position = end
        return mono

    @staticmethod
    def _mean(frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        mixed: npt.NDArray[np.float32]
        if frames.shape[1] == 2:  # the same samples in a thirtieth of the time
            mixed = (frames[:, 0] + frames[:, 1]) / np.float32(2.0)
        else:
            mixed = frames.mean(axis=1, dtype=np.float32)
        return mixed

    def _take(self, frames: npt.NDArray[np.float32], mixed: npt.NDArray[np.float32]) -> None:
        """Put frames into the block, and judge it when it is full."""
        if len(frames) == _BLOCK:  # nearly always with files; saves the copy
            self._judge(frames, mixed)
            return
        place = slice(self._filled, self._filled + len(frames))
        self._block[place], self._mixed[place] = frames, mixed
        self._filled = place.stop % _BLOCK
        if not self._filled:
            self._judge(self._block, self._mixed)

    def _judge(self, block: npt.NDArray[np.float32], mixed: npt.NDArray[np.float32]) -> None:
        """Choose what is used from the next block on."""
        energies = np.array([_energy(channel) for channel in block.T])
        self._energies = _MEMORY * self._energies + energies
        self._mixed_energy = _MEMORY * self._mixed_energy + _energy(mixed)
        loudest = int(self._energies.argmax())
        most = float(self._energies[loudest])
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


def _energy(samples: npt.NDArray[np.float32]) -> float:
    """Energy without a constant offset.

    An offset is no sound: it would hide what mixing loses, and make a dead channel the loudest.
    """
    moved = samples - samples[0]  # a constant becomes zero, without a rounding error
    total = float(moved.sum())
    return max(0.0, float(np.dot(moved, moved)) - total * total / len(moved))
