"""Features of one clip, window by window, as it is or as a variation of it."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.audio.conditioning import Conditioner, level_dbfs
from edge_runtime.audio.file import open_audio
from edge_runtime.audio.windows import Samples, SoundPath, cut_windows, file_windows, sound_blocks
from edge_runtime.decoder import DecoderSettings
from edge_runtime.frontend import FrontEndParams
from edge_runtime.regular_file import check_regular

from ..augment.waveform import AudioAugmentation, add_noise, change_sound

SILENCE_DBFS = DecoderSettings().silence_dbfs
"""Windows with a level below this are left out, dBFS."""


@dataclass(frozen=True)
class Clip:
    """A file whose features are wanted."""

    path: Path
    sha256: str
    """Of the file's content"""
    copy: int
    """0 is the clip as it is; others are variations of it"""


def sha256_of(path: Path) -> str:
    """Fingerprint of a file's content.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    check_regular(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def clip_features(
    clip: Clip,
    params: FrontEndParams,
    front_end: Callable[[Samples], npt.NDArray[np.float32]],
    step: int,
    *,
    augmentation: AudioAugmentation | None,
    digest: Any,
) -> Iterator[tuple[float, npt.NDArray[np.float32]]]:
    """Features of the windows of a clip that are not silent.

    A clip as it is takes the memory of a few windows; a variation, that of the whole clip.

    Parameters
    ----------
    clip : Clip
    params : FrontEndParams
        Of the front end whose windows these are.
    front_end : callable
        From samples of a window to its features: `FrontEnd`, or `ModelInput` of two.
    step : int
        Distance between windows, samples.
    augmentation : AudioAugmentation, optional
        How a variation (``clip.copy`` above 0) comes about.
    digest : hash object of hashlib
        Of the decoded sound at its own rate: one channel, float32, damaged samples zeroed.

    Yields
    ------
    start : float
        Seconds from the start of the clip or of its variation.
    features : (frames, coefficients) float32

    Raises
    ------
    AudioFormatError
        If the clip cannot be decoded.
    """
    if clip.copy and augmentation is not None:
        windows = _varied_windows(clip, params, step, augmentation, digest)
    else:
        windows = (
            (start, window, window) for start, window in _windows(clip.path, params, step, digest)
        )
    for start, judged, window in windows:
        if level_dbfs(judged) >= SILENCE_DBFS:
            yield start, front_end(window)


class _HashedConditioner(Conditioner):
    def __init__(self, channels: int, digest: Any) -> None:
        super().__init__(channels)
        self._digest = digest

    def __call__(self, samples: npt.NDArray[np.generic]) -> Samples:
        mono = super().__call__(samples)
        self._digest.update(mono)
        return mono


def _windows(
    file: Path, params: FrontEndParams, step: int, digest: Any
) -> Iterator[tuple[float, Samples]]:
    audio = open_audio(file)
    path = SoundPath(audio.rate, audio.channels, params)
    path.conditioner = _HashedConditioner(audio.channels, digest)
    return file_windows(audio, params, path, step)


def _varied_windows(
    clip: Clip, params: FrontEndParams, step: int, augmentation: AudioAugmentation, digest: Any
) -> Iterator[tuple[float, Samples, Samples]]:
    """Windows of a variation: its start, itself before noise was added, and itself.

    Silence is judged before the noise is added: a pause with noise in it is no music.
    """
    audio = open_audio(clip.path)
    # The device removes the offset of what its microphone records, so that comes last.
    path = SoundPath(audio.rate, audio.channels, dataclasses.replace(params, dc_block_hz=None))
    path.conditioner = _HashedConditioner(audio.channels, digest)
    samples = np.concatenate(list(sound_blocks(audio, path)))
    generator = augmentation.generator(clip.sha256, clip.copy)
    changed = change_sound(samples, params.sample_rate, augmentation, generator)
    noisy = add_noise(changed, augmentation, generator)
    pairs = zip(_cut(changed, params, step), _cut(noisy, params, step), strict=True)
    for (start, judged), (_, window) in pairs:
        yield start, judged, window


def _cut(samples: Samples, params: FrontEndParams, step: int) -> Iterator[tuple[float, Samples]]:
    path = SoundPath(params.sample_rate, 1, params)
    return cut_windows([path.push(samples), path.finish()], params, step)
