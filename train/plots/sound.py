"""The clip that pictures are made of: the model's input, and its labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_runtime import Classifier, ClassifierStream, Event, FrontEndParams
from edge_runtime.audio.file import AudioFile, naming, open_audio
from edge_runtime.audio.resample import missing_band
from edge_runtime.audio.windows import SoundPath
from edge_runtime.errors import AudioFormatError, ParameterError

from .spectra import Spectrogram, log_mel, mean_spectrum, spectrogram

LONGEST_SECONDS = 3600.0
"""An hour takes 1 GB while it is drawn, and a pixel is 3 s: more would show nothing."""


@dataclass(frozen=True)
class Sound:
    """A clip, or a part of one."""

    name: str
    """Of the file, for titles"""
    samples: npt.NDArray[np.float32]
    """(n,), mono at the rate of `params`, by the same path as on the device"""
    params: FrontEndParams
    """The model's front end"""
    source_rate: int
    """Of the file, hertz"""
    start: float
    """Of the part in the file, seconds"""
    labels: tuple[str, ...]
    """The model's genres"""
    events: tuple[Event, ...]
    """Those of `ClassifierStream`, whose times count from `start`; empty without `classify`"""
    warnings: tuple[str, ...]
    """What was odd about the file, though it can be drawn"""

    @property
    def rate(self) -> int:
        """Hertz."""
        return self.params.sample_rate

    @property
    def seconds(self) -> float:
        """Duration."""
        return len(self.samples) / self.rate

    @property
    def end(self) -> float:
        """Of the part in the file, seconds."""
        return self.start + self.seconds

    @property
    def top_hz(self) -> float:
        """The highest frequency that the file can hold and the model's rate keeps."""
        return min(self.rate, self.source_rate) / 2

    @cached_property
    def spectrum(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Frequencies, and the power at each: see `mean_spectrum`."""
        return mean_spectrum(self.samples, self.rate)

    @cached_property
    def spectrogram(self) -> Spectrogram:
        """With the front end's frames, up to `top_hz`: see `spectrogram`."""
        return spectrogram(self.samples, self.params, self.top_hz)

    @cached_property
    def log_mel(self) -> npt.NDArray[np.float32]:
        """(frames, n_mels), dB: see `log_mel`."""
        return log_mel(self.samples, self.params)


def read_sound(
    path: str | Path,
    classifier: Classifier,
    *,
    start: float = 0.0,
    seconds: float | None = None,
    classify: bool = True,
) -> Sound:
    """Read a clip by the device's path from file to front end.

    Parameters
    ----------
    path : str or Path
        ``"demo"`` is the clip that ships with the package.
    classifier : Classifier
        Its front end says the rate.
    start : float
        Where to begin, seconds.
    seconds : float, optional
        How much to take; by default, all that follows.
    classify : bool
        Whether to run the classifier, too.

    Raises
    ------
    AudioFormatError
        If the file cannot be read.
    ParameterError
        If the file ends before `start`, or the part is too long for a picture.
    """
    audio = open_audio(path)
    params = classifier.manifest.front_end
    if not 0.0 <= start < audio.seconds:
        raise ParameterError(
            f"start is {start:g} s; {audio.path} lasts {audio.seconds:.2f} s: begin earlier"
        )
    wanted = audio.seconds - start if seconds is None else min(seconds, audio.seconds - start)
    if wanted > LONGEST_SECONDS:
        raise ParameterError(
            f"{audio.path}: {wanted:.0f} s do not fit into one picture; choose a part of up to "
            f"{LONGEST_SECONDS:.0f} s with --start and --seconds"
        )
    pieces, events = [], []
    with naming(audio.path):
        sound_path = SoundPath(audio.rate, audio.channels, params)
        stream = ClassifierStream(classifier, rate=audio.rate, channels=audio.channels)
        for block in _part(audio, start, LONGEST_SECONDS if seconds is None else wanted):
            pieces.append(sound_path.push(block))
            if classify:
                # The file's own samples: the stream takes them down the same path by itself.
                events += stream.push(block)
        pieces.append(sound_path.finish())
    if classify:
        events += stream.finish()
    samples = np.concatenate(pieces)
    if not len(samples):
        raise AudioFormatError(f"{audio.path}: no sound from {start:g} s on; begin earlier")
    return Sound(
        name=audio.path.name,
        samples=samples,
        params=params,
        source_rate=audio.rate,
        start=start,
        labels=classifier.labels,
        events=tuple(events),
        warnings=tuple(_warnings(audio, params, sound_path, events)),
    )


def _part(audio: AudioFile, start: float, seconds: float) -> Iterator[npt.NDArray[np.float32]]:
    first = round(start * audio.rate)
    last = first + max(1, round(seconds * audio.rate))
    position = 0
    for block in audio.blocks():
        begin, end = max(0, first - position), min(len(block), last - position)
        if end > begin:
            yield block[begin:end]
        position += len(block)
        if position >= last:
            return


def _warnings(
    audio: AudioFile, params: FrontEndParams, path: SoundPath, events: list[Event]
) -> Iterator[str]:
    if audio.warning:
        yield audio.warning
    bad = path.conditioner.non_finite_samples
    if bad:
        yield (
            f"{audio.path}: {bad} samples are NaN, infinite or absurdly large, or could not be "
            "decoded; drawn as zero"
        )
    lacking = missing_band(audio.rate, params)
    if events and lacking:
        yield f"{audio.path}: {lacking}"
    if events and events[0].padded:
        yield (
            f"{audio.path}: shorter than the model's window of {params.window_seconds:.0f} s; it "
            "was repeated to fill one, so trust the timeline less"
        )
