"""A model with its front end: sound in, posteriors out."""

from __future__ import annotations

import difflib
import os
import warnings
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from . import backends
from .audio.conditioning import offset_warning, window_level
from .audio.excerpts import ExcerptReader
from .audio.file import naming, open_audio
from .audio.mixdown import MIX, Channel
from .audio.resample import missing_band
from .audio.samples import Audio, audio_samples, shortfall
from .audio.sampling import Sampling
from .audio.windows import fill_window
from .classification import Classification, WindowClassification, WindowResult
from .decoder import SILENCE, combined_posterior, genre_or_unknown, silence_gate
from .deprecation import renamed_parameter
from .errors import ModelFileError, ModelWarning, ParameterError
from .frontend import FrontEnd, FrontEndParams, ModelInput
from .model.file import BUNDLED_MODEL, ModelFile, read_model
from .model.manifest import Manifest
from .tags import TagTable


class Classifier:
    """A genre classifier.

    One may be used by several threads: the labels are those of one thread. They take turns at the
    front end and at the network; where they are to compute at the same time, give each its own.
    A `ClassifierStream` belongs to one thread; several of them may share a classifier.

    Parameters
    ----------
    model : str, Path, bytes or ModelFile, optional
        A model file, its content, what `edge_runtime.model.file.read_model` gave, or the name of
        one that ships with the package (``"tiny"``, ``"base"``, ``"plus"``, ``"seed-cnn"``);
        ``tiny`` where none is named.
    threads : int
        Inference threads.
    only, ignored : collection of str
        Genres that are `ignored`, and all but those of `only` where it names any: the label is
        ``unknown`` where one of them is the likeliest.

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
        self.ignored = _ignored(self.manifest, only, ignored)
        """Labels that the user does not want: ``unknown`` stands in their place"""
        self.tag_table = TagTable(self.manifest)
        """How the outputs behind those of the labels are read"""
        self.backend = backends.load(model, threads=threads)
        self.front_end = _front_end(model, "front_end", self.manifest.front_end)
        second = self.manifest.second_front_end
        self.model_input = ModelInput(
            self.front_end,
            None if second is None else _front_end(model, "second_front_end", second),
        )
        if self.manifest.parity.get("status") == "failed":
            warnings.warn(
                f"{model.source}: does not agree with the model it was made from (its parity check "
                "failed, and it was written with --force); see: edge-genre info",
                ModelWarning,
                stacklevel=2,
            )

    @property
    def labels(self) -> tuple[str, ...]:
        """Genres, ``other`` and ``not music`` where there are, in the order of the posterior."""
        return self.manifest.labels

    @property
    def rejected(self) -> tuple[str, ...]:
        """Labels that are no genre, and those that the user does not want."""
        no_genre = {*self.manifest.rejected, *self.ignored}
        return tuple(label for label in self.labels if label in no_genre)

    @renamed_parameter("path", "audio")
    def classify(
        self,
        audio: str | Path | npt.NDArray[np.generic],
        *,
        rate: int | None = None,
        channel: Channel = MIX,
    ) -> Classification:
        """Classify a file or samples, window by window: a file of any length takes a few MB.

        Parameters
        ----------
        audio : str, Path, or array of (n,) or (n, channels), float or int16
            Path of a file, where ``"demo"`` is the clip that ships with the package; or samples,
            floats with full scale at 1.
        rate : int, optional
            Of samples, hertz, from 8000 to 192000; a file has its own.
        channel : int or str
            Number of the one that is used, from 1 on; ``"mix"`` is the mean of all, or the loudest
            one where that cancels; ``"loudest"``.

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
            return self.classify_audio(audio_samples(audio, rate), channel=channel)
        if rate is not None:
            raise ParameterError(f"rate is {rate} beside a file, which has its own; leave it out")
        opened = open_audio(audio)
        with naming(opened.path):
            return self.classify_audio(opened, channel=channel)

    def classify_audio(
        self, audio: Audio, *, channel: Channel = MIX, sampling: Sampling | None = None
    ) -> Classification:
        """Classify a file that was opened before, or samples that were checked.

        Parameters
        ----------
        audio : Audio
            What `edge_runtime.audio.file.open_audio` gave, or samples.
        channel : int or str
            As in `classify`.
        sampling : Sampling, optional
            Excerpts that stand for the whole: no window spans two of them, and the times of the
            windows are those of the whole. All of it where none is given.

        Raises
        ------
        AudioFormatError
            If it cannot be decoded.
        """
        sound = ExcerptReader(audio, self.manifest.front_end, channel, sampling)
        windows, posteriors, logits, offset = [], [], [], 0.0
        window_s = self.manifest.front_end.window_seconds
        gate = silence_gate(self.manifest.decoder, hysteresis=False)
        for start, window in sound.windows():
            result = self.classify_window(window)
            offset = max(offset, abs(float(window.mean())))
            label = SILENCE
            if not gate.is_silent(result.level, window_s):
                label = genre_or_unknown(result.posterior, self.labels, self.ignored)
                posteriors.append(result.posterior)
                logits.append(result.tag_logits)
            end = min(start + window_s, sound.end_s)
            by_label = self.by_label(result.posterior)
            windows.append(WindowClassification(start, end, label, by_label, result.level_dbfs))
        posterior = combined_posterior(
            np.array(posteriors).reshape(-1, len(self.labels)), self.manifest.window_correlation
        )
        label = self._label(posterior, silent=not posteriors)
        mean_logits = np.mean(logits, axis=0) if logits else None
        described = self.tag_table.describe(mean_logits, label)
        return Classification(
            path=str(audio.path),
            label=label,
            posterior=self.by_label(posterior),
            windows=tuple(windows),
            seconds=sound.seconds,
            warnings=tuple(self._warnings(audio, sound, offset)),
            tags=described.tags,
            styles=described.styles,
            style=described.style,
            mood=described.mood,
            tag_logits=() if mean_logits is None else tuple(map(float, mean_logits)),
        )

    def classify_window(self, window: npt.NDArray[np.float32]) -> WindowResult:
        """Classify one window of samples at the model's own rate.

        Parameters
        ----------
        window : (window_samples,) float32
            Shorter sound is repeated to fill a window.
        """
        level = window_level(window, self.manifest.front_end.sample_rate)
        posteriors, tag_logits = self.outputs(self.features(window)[np.newaxis])
        return WindowResult(posteriors[0], level, tag_logits[0])

    def features(self, window: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The model input of a window: (rows, coefficients) float32, normalised.

        Parameters
        ----------
        window : (window_samples,) float32
            Shorter sound is repeated to fill a window.
        """
        if len(window) < self.manifest.front_end.window_samples:
            window = fill_window(window, self.manifest.front_end.window_samples)
        return self.model_input(window)

    def posteriors(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Posteriors of a batch of features.

        Parameters
        ----------
        features : (n, rows, coefficients) float32
            As `features` gives them.

        Returns
        -------
        (n, classes) float32
            Each row sums to 1.
        """
        return self.outputs(features)[0]

    def outputs(
        self, features: npt.NDArray[np.float32]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Posteriors of a batch of features, and what one run of the network says beside them.

        Parameters
        ----------
        features : (n, rows, coefficients) float32
            As `features` gives them.

        Returns
        -------
        posteriors : (n, classes) float32
            Each row sums to 1.
        tag_logits : (n, tags + styles) float32
            Calibrated: `edge_runtime.tags.probabilities` makes probabilities of them.
        """
        outputs = self.backend.run(features)
        if self.manifest.output_kind == "posterior":
            return outputs, outputs[:, len(self.labels) :]
        logits, rest = outputs[:, : len(self.labels)], outputs[:, len(self.labels) :]
        posteriors = softmax(logits / np.float32(self.manifest.temperature))
        return posteriors, self.tag_table.calibrated(rest) if rest.shape[1] else rest

    def by_label(self, posterior: Iterable[float]) -> dict[str, float]:
        """A posterior as a dict, by label."""
        return {label: float(p) for label, p in zip(self.labels, posterior, strict=True)}

    def _label(self, posterior: npt.NDArray[np.floating[Any]], *, silent: bool) -> str:
        if silent:
            return SILENCE
        return genre_or_unknown(
            posterior,
            self.labels,
            self.ignored,
            threshold=self.manifest.decoder.rejection_threshold,
        )

    def _warnings(self, audio: Audio, sound: ExcerptReader, offset: float) -> Iterable[str]:
        if audio.warning:
            yield audio.warning
        window_s = self.manifest.front_end.window_seconds
        seconds = sound.frames / audio.rate
        lacking = shortfall(audio, sound.frames, sound.wanted_frames)
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
        if sound.mixdown_warning:
            yield f"{audio.path}: {sound.mixdown_warning}"
        # The mean of a click is no offset.
        if seconds >= window_s and (of_offset := offset_warning(offset, self.manifest.front_end)):
            yield f"{audio.path}: {of_offset}"
        if sound.non_finite_samples:
            yield (
                f"{audio.path}: {sound.non_finite_samples} samples are NaN, infinite or "
                "absurdly large, or could not be decoded; they were taken as zero"
            )


def _front_end(model: ModelFile, key: str, params: FrontEndParams) -> FrontEnd:
    try:
        return FrontEnd(params)
    except ParameterError as error:
        raise ModelFileError(f"{model.source}: manifest: {key}: {error}") from None


def _ignored(
    manifest: Manifest, only: Collection[str], ignored: Collection[str]
) -> tuple[str, ...]:
    for label in (*only, *ignored):
        if label not in manifest.labels:
            near = difflib.get_close_matches(label, manifest.labels, 1)
            guess = f" (did you mean {near[0]!r}?)" if near else ""
            known = manifest.genres if label in only else manifest.labels
            raise ParameterError(
                f"{manifest.name} knows no genre {label!r}{guess}; it knows {', '.join(known)}"
            )
    genres = set(only or manifest.genres).difference(ignored, manifest.rejected)
    if not genres:
        raise ParameterError(
            f"no genre is left of those that {manifest.name} knows ({', '.join(manifest.genres)}); "
            "leave one or more of them"
        )
    # "not music" and "other" are answers of their own, unless the user ignores them, too.
    wanted = genres.union(manifest.rejected).difference(ignored)
    return tuple(label for label in manifest.labels if label not in wanted)


def softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Softmax over the last axis."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    posterior: npt.NDArray[np.float32] = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return posterior
