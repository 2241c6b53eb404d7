"""One run, one format, one quantization: one checked, self-describing file."""

from __future__ import annotations

import dataclasses
import hashlib
import statistics
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime import Classifier
from edge_runtime.classifier import softmax
from edge_runtime.errors import ExportParityError
from edge_runtime.model.file import ModelFile, model_bytes, write_model
from edge_runtime.model.manifest import Manifest, Weights
from edge_runtime.version import __version__

from .formats import FORMATS
from .formats.conversion import FLOAT32, Conversion, Convert, Variant
from .formats.unsupported import unconvertible_layer
from .macs import multiply_accumulates
from .parity import TRAINED_ON, VALIDATION, Parity, compare
from .quantize.equalize import equalized, shift_logits
from .quantize.gptq import apply_gptq
from .quantize.layer_error import layer_errors, worst_layer
from .run import Run, Unheard, logits_model
from .tag_parity import compare_tags
from .temperature import scaled, temperature
from .window_correlation import TrackCalibration, track_calibration

_WORST_LAYER_WINDOWS = 20
"""Representative windows that the worst layer is looked for with, about"""
_LATENCY_CALLS = 200


@dataclass(frozen=True)
class Description:
    """The part of a manifest that no training knows."""

    name: str
    version: str
    licence: str
    attribution: str


class Source:
    """A run, ready to be exported; what every variant needs is computed once."""

    def __init__(self, run: Run, description: Description) -> None:
        self.run, self.description = run, description
        self.model = logits_model(run.model)
        self.macs = multiply_accumulates(self.model)
        self._eight_bit: dict[tuple[bool, int], Any] = {}
        outputs = self.model.predict(run.valid_features[..., np.newaxis], verbose=0)
        self.tag_outputs: npt.NDArray[np.float32]
        """The Keras model's of tags and styles, of the validation windows"""
        logits, self.tag_outputs = np.split(outputs, [len(run.labels)], axis=1)
        raw = softmax(logits)
        windows = run.unheard or Unheard(raw, run.valid_labels, run.valid_tracks)
        self.temperature = temperature(windows.posteriors, windows.labels, windows.tracks)
        self.posteriors: npt.NDArray[np.float32] = scaled(raw, self.temperature)
        """The Keras model's, of the validation windows, calibrated"""
        self.track_calibration: TrackCalibration | None = None
        """None where there are too few tracks to fit one"""
        if windows.tracks is not None:
            self.track_calibration = track_calibration(
                scaled(windows.posteriors, self.temperature),
                windows.labels,
                windows.tracks,
                run.window_correlation,
            )

    @property
    def window_correlation(self) -> float | None:
        """For the manifest."""
        if self.track_calibration is None:
            return self.run.window_correlation
        return self.track_calibration.window_correlation

    @property
    def metrics(self) -> dict[str, Any]:
        """For the manifest: the run's, and what became of whole tracks."""
        if self.track_calibration is None:
            return self.run.metrics
        return {**self.run.metrics, "track_calibration": self.track_calibration.to_dict()}

    @property
    def compared_on(self) -> str:
        """Which windows an exported file is compared on, in words."""
        return VALIDATION if self.run.unheard is None else TRAINED_ON

    def eight_bit(self, variant: Variant) -> Any:
        """The network equalized, its weights on the converter's grid by GPTQ."""
        grid = (variant.quantizes_activations, FORMATS[variant.format].weight_levels)
        if grid not in self._eight_bit:
            windows = self.run.representative
            model = equalized(self.model, windows.features)
            apply_gptq(
                model, windows.features, windows.seed, dense_by_filter=grid[0], levels=grid[1]
            )
            self._eight_bit[grid] = model
        return self._eight_bit[grid]

    @cached_property
    def representative_logits(self) -> npt.NDArray[np.float32]:
        """The Keras model's, of the representative windows."""
        windows = self.run.representative.features[..., np.newaxis]
        logits: npt.NDArray[np.float32] = self.model.predict(windows, verbose=0)
        return logits


@dataclass(frozen=True)
class Artefact:
    """A model that was made and checked; `write` makes a file of it."""

    variant: Variant
    network: bytes
    manifest: Manifest
    parity: Parity
    failures: tuple[str, ...]
    """Why it did not pass, the worst layer included; empty if it passed"""
    bytes: int
    """Of the file"""
    macs: int
    """Multiply-accumulates for one window"""
    latency_ms: float
    """Median time for one window on this machine, one thread, without the front end"""


def make(source: Source, variant: Variant) -> Artefact:
    """Convert a network and compare the result with the Keras model on validation windows.

    Raises
    ------
    ExportParityError
        If the conversion fails, or what it gives is no number.
    """
    conversion = _convert(source, variant)
    manifest = _manifest(source, variant, conversion)
    classifier = Classifier(model_bytes(conversion.network, manifest))
    posteriors, tag_logits = classifier.outputs(source.run.valid_features)
    if not (np.isfinite(posteriors).all() and np.isfinite(tag_logits).all()):
        raise ExportParityError(
            f"{source.run.folder}: {variant.format} ({variant.precision}): the exported network "
            "gives NaN; the converter lost its weights"
        )
    parity = _compared(source, classifier, posteriors, tag_logits)
    failures = parity.failures(variant.quantization)
    if failures and variant.quantization != FLOAT32:
        failures += _worst_layer(source, variant, conversion)
    manifest = dataclasses.replace(
        manifest, parity=parity.to_dict(variant.quantization, source.compared_on)
    )
    return Artefact(
        variant,
        conversion.network,
        manifest,
        parity,
        tuple(failures),
        len(model_bytes(conversion.network, manifest)),
        source.macs,
        _latency_ms(classifier, source.run.valid_features),
    )


def _compared(
    source: Source,
    classifier: Classifier,
    posteriors: npt.NDArray[np.float32],
    tag_logits: npt.NDArray[np.float32],
) -> Parity:
    """An exported file's results for the validation windows against the Keras model's."""
    parity = compare(source.run, source.posteriors, posteriors, source.window_correlation)
    if not (source.run.tags or source.run.styles):
        return parity
    keras_logits = classifier.tag_table.calibrated(source.tag_outputs)
    found, keras = (
        np.split(logits, [len(source.run.tags)], axis=1) for logits in (tag_logits, keras_logits)
    )
    tags, styles = map(compare_tags, keras, found)
    return dataclasses.replace(parity, tags=tags, styles=styles)


def write(artefact: Artefact, path: Path, *, force: bool = False) -> None:
    """Write an artefact that passed, or any with `force`.

    Raises
    ------
    ExportParityError
        If it did not pass; nothing is written.
    ModelFileError
        If the file cannot be written; an old one stays.
    """
    if not force:
        refuse_failed(artefact, path)
    write_model(path, artefact.network, artefact.manifest)


def refuse_failed(artefact: Artefact, path: Path) -> None:
    """Refuse to write what did not pass.

    Raises
    ------
    ExportParityError
        With all that it falls short of.
    """
    if artefact.failures:
        raise ExportParityError(
            f"{path}: {'; '.join(artefact.failures)}; it was not written: try --quantize auto, "
            "or --force to have it all the same"
        )


def _convert(source: Source, variant: Variant) -> Conversion:
    convert = FORMATS[variant.format].convert
    try:
        return _converted(source, variant, convert)
    except ExportParityError as error:
        layer = unconvertible_layer(source.model, convert)
        if layer is None:
            raise
        raise ExportParityError(
            f"{source.run.folder}: {layer} cannot be converted to {variant.format}; train a "
            f"network without it ({error})"
        ) from None


def _converted(source: Source, variant: Variant, convert: Convert) -> Conversion:
    representative = source.run.representative
    if not variant.quantizes_weights:
        return convert(source.model, variant.quantization, representative.features)
    import keras

    # The errors of variants differ, so the bias of a copy is corrected for each.
    shared = source.eight_bit(variant)
    model = keras.models.clone_model(shared)
    model.set_weights(shared.get_weights())
    windows = representative.clipped() if variant.quantizes_input else representative.features
    conversion = convert(model, variant.quantization, windows)
    # Rounding moves the mean of each logit; the bias of the last layer moves it back.
    found = _logits(source, variant, conversion)
    error = (found - source.representative_logits).mean(axis=0, dtype=np.float64)
    labels = error[: len(source.run.labels)]
    labels -= labels.mean()  # what moves all of them alike changes no posterior
    shift_logits(model, -error)
    return convert(model, variant.quantization, windows)


def _logits(source: Source, variant: Variant, conversion: Conversion) -> npt.NDArray[np.float32]:
    manifest = _manifest(source, variant, conversion)
    draft = Classifier(ModelFile("draft", manifest, conversion.network))
    return draft.backend.run(source.run.representative.features)


def _worst_layer(source: Source, variant: Variant, conversion: Conversion) -> list[str]:
    """Which layer adds most error, in words; empty where the format has no outputs of layers."""
    entry = FORMATS[variant.format]
    if entry.activations is None:
        return []
    model = source.eight_bit(variant) if variant.quantizes_weights else source.model
    windows = source.run.representative.features
    sample = windows[:: max(1, len(windows) // _WORST_LAYER_WINDOWS)]
    reference = entry.convert(model, FLOAT32, windows)
    worst = worst_layer(
        layer_errors(
            entry.activations(reference.network, sample),
            entry.activations(conversion.network, sample),
        )
    )
    if worst is None:
        return []
    return [f"the layer that adds most error is {worst.name} ({worst.added:.1%} of its signal)"]


def _latency_ms(classifier: Classifier, features: npt.NDArray[np.float32]) -> float:
    window = features[:1]
    seconds = []
    for _ in range(_LATENCY_CALLS):
        begin = time.perf_counter()
        classifier.backend.run(window)
        seconds.append(time.perf_counter() - begin)
    return 1e3 * statistics.median(seconds)


def _manifest(source: Source, variant: Variant, conversion: Conversion) -> Manifest:
    run, description = source.run, source.description
    facts = dict(conversion.facts)
    if variant.quantizes_activations:
        facts["representative"] = run.representative.to_dict()
    return Manifest(
        name=description.name,
        version=description.version,
        labels=run.labels,
        rejected=run.rejected,
        tags=run.tags,
        styles=run.styles,
        style_threshold=run.style_threshold,
        front_end=run.front_end,
        second_front_end=run.second_front_end,
        input=conversion.input,
        output=conversion.output,
        output_kind="logits",
        temperature=source.temperature,
        window_correlation=source.window_correlation,
        weights=Weights(
            format=variant.format,
            quantization=variant.quantization,
            bytes=len(conversion.network),
            sha256=hashlib.sha256(conversion.network).hexdigest(),
        ),
        training=run.training,
        metrics=source.metrics,
        parity={},
        conversion=facts,
        licence=description.licence,
        attribution=description.attribution,
        minimum_runtime=__version__,
    )
