"""A model with its front end: sound in, posteriors out."""

from __future__ import annotations

import difflib
import os
import warnings
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from . import backends
from .audio.conditioning import Conditioner, level_dbfs, offset_warning
from .audio.file import naming, open_audio
from .audio.resample import missing_band
from .audio.samples import Audio, audio_samples, shortfall
from .audio.windows import SoundPath, file_windows, fill_window
from .decoder import SILENCE, genre_or_unknown
from .deprecation import renamed_parameter
from .errors import ModelFileError, ModelWarning, ParameterError
from .frontend import FrontEnd
from .model.file import BUNDLED_MODEL, ModelFile, read_model
from .model.manifest import Manifest


@dataclass(frozen=True)
class WindowClassification:
    """The label of one window of a file."""

    start: float
    """Seconds from the start of the file"""
    end: float
    """Seconds from the start of the file"""
    label: str
    """A genre or ``silence``; ``unknown`` where a rejected label is the likeliest"""
    posterior: dict[str, float]
    """By label"""
    level_dbfs: float


@dataclass(frozen=True)
class Classification:
    """The label of one file."""

    path: str
    """``samples`` where samples were classified"""
    label: str
    """A genre, ``silence`` or ``unknown``"""
    posterior: dict[str, float]
    """Mean over the windows that are not silent, by label; all 0 where all of them are"""
    windows: tuple[WindowClassification, ...]
    seconds: float
    """Duration of the file"""
    warnings: tuple[str, ...]
    """What was odd about the file, though it could be classified"""

    @property
    def confidence(self) -> float:
        """Posterior of the likeliest label, a rejected one included."""
        return max(self.posterior.values())

    @property
    def segments(self) -> tuple[WindowClassification, ...]:
        """The old name of `windows`."""
        warnings.warn("Classification.segments is now .windows", DeprecationWarning, stacklevel=2)
        return self.windows

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "path": self.path,
            "label": self.label,
            "posterior": _rounded(self.posterior),
            "seconds": round(self.seconds, 3),
            "segments": [
                {
                    "start": round(window.start, 3),
                    "end": round(window.end, 3),
                    "label": window.label,
                    "posterior": _rounded(window.posterior),
                    "level_dbfs": round(window.level_dbfs, 1),
                }
                for window in self.windows
            ],
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True)
class WindowResult:
    """Posterior and level of one window of samples."""

    posterior: npt.NDArray[np.float32]
    """(classes,)"""
    level_dbfs: float


class Classifier:
    """A genre classifier.

    One may be used by several threads: the labels are those of one thread. They take turns at the
    front end and at the network; where they are to compute at the same time, give each its own.
    A `ClassifierStream` belongs to one thread; several of them may share a classifier.

    Parameters
    ----------
    model : str, Path, bytes or ModelFile, optional
        A model file, its content, what `edge_runtime.model.file.read_model` gave, or the name of
        one that ships with the package (``"tiny"``, ``"base"``, ``"seed-cnn"``); ``tiny`` where
        none is named.
    threads : int
        Inference threads.
    only, ignored : collection of str
        Genres that are `ignored`, and all but those of `only` where it names any, are rejected: the
        label is ``unknown`` where one of them is the likeliest.

    Raises
    ------
    ParameterError
        If `only` or `ignored` names a genre that the model does not have, or no genre is left; if
        `model` is none of the above.
    ModelFileError
        If the file is not a model that can be run.
    MissingExtraError
        If the library that runs it is not installed.

    Examples
    --------
    >>> from edge_runtime import Classifier
    >>> result = Classifier().classify("demo")
    >>> result.label
    'jazz'
    """

    def __init__(
        self,
        model: str | Path | bytes | ModelFile | None = None,
        *,
        threads: int = 1,
        only: Collection[str] = (),
        ignored: Collection[str] = (),
    ) -> None:
        if not isinstance(model, ModelFile):
            model = read_model(BUNDLED_MODEL if model is None else model)
        self.manifest: Manifest = model.manifest
        self.rejected = _rejected(self.manifest, only, ignored)
        """Labels that become ``unknown``: the manifest's, and those of the user"""
        self.backend = backends.load(model, threads=threads)
        try:
            self.front_end = FrontEnd(self.manifest.front_end)
        except ParameterError as error:
            raise ModelFileError(f"{model.source}: manifest: front_end: {error}") from None
        if self.manifest.parity.get("status") == "failed":
            warnings.warn(
                f"{model.source}: does not agree with the model it was made from (its parity check "
                "failed, and it was written with --force); see: edge-genre info",
                ModelWarning,
                stacklevel=2,
            )

    @property
    def labels(self) -> tuple[str, ...]:
        """Genres and rejected labels, in the order of the posterior."""
        return self.manifest.labels

    @renamed_parameter("path", "audio")
    def classify(
        self, audio: str | Path | npt.NDArray[np.generic], *, rate: int | None = None
    ) -> Classification:
        """Classify a file or samples, window by window: a file of any length takes a few MB.

        Parameters
        ----------
        audio : str, Path, or array of (n,) or (n, channels), float or int16
            Path of a file, where ``"demo"`` is the clip that ships with the package; or samples,
            floats with full scale at 1.
        rate : int, optional
            Of samples, hertz, from 8000 to 192000; a file has its own.

        Raises
        ------
        AudioFormatError
            If the file cannot be read, or the samples are of another shape or type.
        ParameterError
            If the rate is missing beside samples, makes no sense, or is given beside a file.
        MissingExtraError
            If a file needs soundfile and that is not installed.

        Examples
        --------
        >>> import numpy as np
        >>> from edge_runtime import Classifier
        >>> Classifier().classify(np.zeros((48000, 2), dtype=np.int16), rate=48000).label
        'silence'
        """
        if not isinstance(audio, (str, os.PathLike)):
            return self.classify_audio(audio_samples(audio, rate))
        if rate is not None:
            raise ParameterError(f"rate is {rate} beside a file, which has its own; leave it out")
        opened = open_audio(audio)
        with naming(opened.path):
            return self.classify_audio(opened)

    def classify_audio(self, audio: Audio) -> Classification:
        """Classify a file that was opened before, or samples that were checked."""
        path = SoundPath(audio.rate, audio.channels, self.manifest.front_end)
        conditioner = path.conditioner
        windows, posteriors, offset = [], [], 0.0
        window_s = self.manifest.front_end.window_seconds
        for start, window in file_windows(audio, self.manifest.front_end, path):
            result = self.classify_window(window)
            offset = max(offset, abs(float(window.mean())))
            label = SILENCE
            if result.level_dbfs >= self.manifest.decoder.silence_dbfs:
                label = genre_or_unknown(result.posterior, self.labels, self.rejected)
                posteriors.append(result.posterior)
            end = min(start + window_s, conditioner.frames / audio.rate)
            by_label = self.by_label(result.posterior)
            windows.append(WindowClassification(start, end, label, by_label, result.level_dbfs))
        posterior = np.mean(posteriors, axis=0) if posteriors else np.zeros(len(self.labels))
        return Classification(
            path=str(audio.path),
            label=self._label(posterior, silent=not posteriors),
            posterior=self.by_label(posterior),
            windows=tuple(windows),
            seconds=conditioner.frames / audio.rate,
            warnings=tuple(self._warnings(audio, conditioner, offset)),
        )

    def classify_window(self, window: npt.NDArray[np.float32]) -> WindowResult:
        """Classify one window of samples at the model's own rate.

        Parameters
        ----------
        window : (window_samples,) float32
            Shorter sound is repeated to fill a window.
        """
        posterior = self.posteriors(self.features(window)[np.newaxis])[0]
        return WindowResult(posterior, level_dbfs(window))

    def features(self, window: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The model input of a window: (frames, coefficients) float32, normalised.

        Parameters
        ----------
        window : (window_samples,) float32
            Shorter sound is repeated to fill a window.
        """
        if len(window) < self.manifest.front_end.window_samples:
            window = fill_window(window, self.manifest.front_end.window_samples)
        return self.front_end(window)

    def posteriors(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Posteriors of a batch of features.

        Parameters
        ----------
        features : (n, frames, coefficients) float32
            From this model's front end, normalised.

        Returns
        -------
        (n, classes) float32
            Each row sums to 1.
        """
        outputs = self.backend.run(features)
        if self.manifest.output_kind == "posterior":
            return outputs
        return softmax(outputs / np.float32(self.manifest.temperature))

    def by_label(self, posterior: Iterable[float]) -> dict[str, float]:
        """A posterior as a dict, by label."""
        return {label: float(p) for label, p in zip(self.labels, posterior, strict=True)}

    def _label(self, posterior: npt.NDArray[np.floating[Any]], *, silent: bool) -> str:
        if silent:
            return SILENCE
        return genre_or_unknown(
            posterior,
            self.labels,
            self.rejected,
            threshold=self.manifest.decoder.rejection_threshold,
        )

    def _warnings(self, audio: Audio, conditioner: Conditioner, offset: float) -> Iterable[str]:
        if audio.warning:
            yield audio.warning
        window_s = self.manifest.front_end.window_seconds
        seconds = conditioner.frames / audio.rate
        lacking = shortfall(audio, conditioner.frames)
        if lacking:
            yield lacking
        if seconds < window_s:
            yield (
                f"{audio.path}: {seconds:.2f} s is shorter than the model's window of "
                f"{window_s:.0f} s; it was repeated to fill one, so the label is less certain"
            )
        lacking = missing_band(audio.rate, self.manifest.front_end)
        if lacking:
            yield f"{audio.path}: {lacking}"
        # The mean of a click is no offset.
        if seconds >= window_s and (of_offset := offset_warning(offset, self.manifest.front_end)):
            yield f"{audio.path}: {of_offset}"
        if conditioner.non_finite_samples:
            yield (
                f"{audio.path}: {conditioner.non_finite_samples} samples are NaN, infinite or "
                "absurdly large, or could not be decoded; they were taken as zero"
            )


def _rejected(
    manifest: Manifest, only: Collection[str], ignored: Collection[str]
) -> tuple[str, ...]:
    for label in (*only, *ignored):
        if label not in manifest.labels:
            near = difflib.get_close_matches(label, manifest.labels, 1)
            guess = f" (did you mean {near[0]!r}?)" if near else ""
            raise ParameterError(
                f"{manifest.name} knows no genre {label!r}{guess}; it knows "
                f"{', '.join(manifest.genres)}"
            )
    genres = set(only or manifest.genres).difference(ignored, manifest.rejected)
    if not genres:
        raise ParameterError("no genre is left; ignore fewer of them")
    return tuple(label for label in manifest.labels if label not in genres)


def softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Softmax over the last axis."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    posterior: npt.NDArray[np.float32] = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return posterior


def _rounded(posterior: dict[str, float]) -> dict[str, float]:
    return {label: round(value, 4) for label, value in posterior.items()}
