"""Cutting a file into the windows of a model: the same for training and device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from ..errors import ParameterError
from ..frontend import FrontEndParams
from .conditioning import Conditioner
from .dc_block import DcBlocker
from .mixdown import MIX, Channel
from .resample import StreamResampler
from .samples import Audio

Samples = npt.NDArray[np.float32]


def fill_window(samples: Samples, length: int) -> Samples:
    """Repeat sound that is shorter than a window until it fills one.

    Repeating keeps the statistics of the music; zeros would make most frames silence, which no
    training window has.
    """
    return np.resize(samples, length) if len(samples) else np.zeros(length, np.float32)


_SKIPPED_AT_ONCE = 65_536
"""Zeros of a long gap are made in blocks: a computer that slept must not run out of memory."""


class RatePath:
    """From mono samples of a source to those that windows are cut from.

    The rate becomes the model's, and a constant offset is taken out where the front end's
    parameters ask for it.

    Parameters
    ----------
    rate : int
        Of the source, hertz.
    params : FrontEndParams
    """

    def __init__(self, rate: int, params: FrontEndParams) -> None:
        self._resampler = StreamResampler(rate, params.sample_rate)
        self._dc_blocker = None
        if params.dc_block_hz is not None:
            self._dc_blocker = DcBlocker(params.dc_block_hz, params.sample_rate)

    def push(self, mono: Samples) -> Samples:
        """Samples that are ready."""
        return self._filter(mono, last=False)

    def finish(self) -> Samples:
        """What the filters still hold."""
        return self._filter(np.zeros(0, np.float32), last=True)

    def _filter(self, mono: Samples, *, last: bool) -> Samples:
        resampled = self._resampler.push(mono, last=last)
        if self._dc_blocker is None:
            return resampled
        return self._dc_blocker.push(resampled, last=last)


class SoundPath:
    """From a source's chunks to the samples that windows are cut from.

    Channels are mixed down and damaged samples become zeros; `RatePath` does the rest.
    Files (in training and on the device) and streams take the same path.

    Parameters
    ----------
    rate : int
        Of the source, hertz.
    channels : int
    params : FrontEndParams
    channel : int or str
        Which of them is used, from 1 on; ``"mix"`` or ``"loudest"``.
    """

    def __init__(
        self, rate: int, channels: int, params: FrontEndParams, channel: Channel = MIX
    ) -> None:
        self.conditioner = Conditioner(channels, channel)
        self._path = RatePath(rate, params)

    def push(self, chunk: npt.NDArray[np.generic]) -> Samples:
        """Samples that are ready."""
        return self._path.push(self.conditioner(chunk))

    def finish(self) -> Samples:
        """What the filters still hold."""
        return self._path.finish()


def lost_samples(n: int) -> Iterator[Samples]:
    """Zeros in the place of `n` samples (per channel) that were lost, in blocks."""
    while n > 0:
        block = min(n, _SKIPPED_AT_ONCE)
        n -= block
        yield np.zeros(block, np.float32)


def file_windows(
    audio: Audio, params: FrontEndParams, path: SoundPath, step: int | None = None
) -> Iterator[tuple[float, Samples]]:
    """Windows of a file, one after the other, in memory of a few windows.

    Parameters
    ----------
    audio : Audio
    params : FrontEndParams
    path : SoundPath
        New; its conditioner counts the file's samples and the faulty ones among them.
    step : int, optional
        As in `cut_windows`.

    Yields
    ------
    start : float
        Seconds from the start of the file.
    window : (window_samples,) float32
    """
    return cut_windows(sound_blocks(audio, path), params, step)


def sound_blocks(
    audio: Audio, path: SoundPath, *, start_s: float = 0.0, seconds: float | None = None
) -> Iterator[Samples]:
    """The samples of a file, or of an excerpt, that windows are cut from, block by block."""
    for block in audio.blocks(start_s=start_s, seconds=seconds):
        yield path.push(block)
    yield path.finish()


def check_step(step: int, params: FrontEndParams) -> None:
    """Refuse a distance between windows that makes no sense.

    Raises
    ------
    ParameterError
        If it is out of range.
    """
    if not 1 <= step <= params.window_samples:
        raise ParameterError(
            f"step is {step} samples; it must be from 1 to a whole window ({params.window_samples})"
        )


def cut_windows(
    blocks: Iterable[Samples], params: FrontEndParams, step: int | None = None
) -> Iterator[tuple[float, Samples]]:
    """Windows of a sound that comes in blocks.

    What is left over behind the last window makes one more, reaching back into the one before,
    if it is at least half a step long. A sound shorter than one window is repeated to fill one.

    Parameters
    ----------
    blocks : iterable of (n,) float32
        At the rate of `params`.
    params : FrontEndParams
    step : int, optional
        Distance between the starts of windows, samples, from 1 to a whole window, which is the
        default: windows that neither overlap nor leave anything out.

    Yields
    ------
    start : float
        Seconds from the start of the sound.
    window : (window_samples,) float32

    Raises
    ------
    ParameterError
        If the step is out of range.
    """
    length, rate = params.window_samples, params.sample_rate
    step = length if step is None else step
    check_step(step, params)
    rest = np.zeros(0, np.float32)  # from the start of the latest window on
    start, ahead = 0, 0  # where the rest starts; how far from there the next window does
    for block in blocks:
        rest = np.concatenate([rest, block])
        while len(rest) - ahead >= length:
            rest = rest[ahead:]
            start += ahead
            yield start / rate, rest[:length]
            ahead = step
    if not ahead:
        if len(rest):
            yield 0.0, fill_window(rest, length)
        return
    behind = len(rest) - length
    if behind >= step / 2:
        yield (start + behind) / rate, rest[-length:]
