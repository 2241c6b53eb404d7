"""``--quantize auto``: the smallest file that still answers as its model."""

from __future__ import annotations

from collections.abc import Iterator

from edge_runtime.errors import ExportParityError

from .artefact import Artefact, Source, make
from .formats import FORMATS
from .formats.conversion import Variant

AUTO = "auto"


def variants(fmt: str) -> tuple[Variant, ...]:
    """Every variant of a format, float32 first."""
    return tuple(Variant(fmt, quantization) for quantization in FORMATS[fmt].quantizations)


def attempts(source: Source, fmt: str) -> Iterator[tuple[Variant, Artefact | ExportParityError]]:
    """Make every variant of a format; one that cannot be converted gives its error."""
    for variant in variants(fmt):
        try:
            yield variant, make(source, variant)
        except ExportParityError as error:
            yield variant, error


def smallest(source: Source, fmt: str) -> Artefact:
    """The smallest variant that passes the gate.

    Raises
    ------
    ExportParityError
        If none does.
    """
    made = [result for _, result in attempts(source, fmt) if isinstance(result, Artefact)]
    passed = [artefact for artefact in made if not artefact.failures]
    if not passed:
        raise ExportParityError(
            f"{source.run.folder}: no {fmt} variant answers as the Keras model; look at one with: "
            "edge-genre export --quantize none --force"
        )
    return min(passed, key=lambda artefact: artefact.bytes)
