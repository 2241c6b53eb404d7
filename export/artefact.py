"""One run, one format, one quantization: one checked, self-describing file."""

from __future__ import annotations

import dataclasses
import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_runtime import Classifier, __version__
from edge_runtime.manifest import Manifest, Weights
from edge_runtime.model_file import write_model

from . import numpy_model, onnx, tflite
from .calibration import scaled, temperature
from .conversion import Conversion, Variant
from .logits import logits_model
from .parity import Parity, check, compare
from .run import Run


@dataclass(frozen=True)
class Artefact:
    """A file that was written."""

    path: Path
    bytes: int
    parity: Parity


@dataclass(frozen=True)
class Description:
    """What only a person can say of a model."""

    name: str
    version: str
    licence: str
    attribution: str


def export(run: Run, variant: Variant, path: Path, description: Description) -> Artefact:
    """Convert, compare with the Keras model on validation windows, then write.

    Raises
    ------
    ExportParityError
        If the conversion fails or the file does not answer as the model; nothing is written.
    """
    keras = run.model.predict(run.valid_features[..., np.newaxis], verbose=0)
    by = temperature(keras, run.valid_labels)
    conversion = _convert(run, variant)
    manifest = dataclasses.replace(_manifest(run, variant, conversion, description), temperature=by)
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / path.name
        write_model(draft, conversion.network, manifest)
        parity = compare(run, scaled(keras, by), Classifier(draft))
    check(parity, variant.quantization, str(path))
    write_model(path, conversion.network, dataclasses.replace(manifest, parity=parity.to_dict()))
    return Artefact(path, path.stat().st_size, parity)


def _convert(run: Run, variant: Variant) -> Conversion:
    model = logits_model(run.model)
    if variant.format == "numpy":
        return numpy_model.convert(model)
    converter = tflite if variant.format == "tflite" else onnx
    return converter.convert(model, variant.quantization, run.calibration_features)


def _manifest(
    run: Run, variant: Variant, conversion: Conversion, description: Description
) -> Manifest:
    return Manifest(
        name=description.name,
        version=description.version,
        labels=run.labels,
        front_end=run.front_end,
        input=conversion.input,
        output=conversion.output,
        output_kind="logits",
        weights=Weights(
            format=variant.format,
            quantization=variant.quantization,
            bytes=len(conversion.network),
            sha256=hashlib.sha256(conversion.network).hexdigest(),
        ),
        training=run.training,
        metrics=run.metrics,
        parity={},
        licence=description.licence,
        attribution=description.attribution,
        minimum_runtime=__version__,
    )
