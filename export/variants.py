"""Every variant of a format, what became of each, and the smallest that passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from edge_runtime.errors import ExportParityError

from .artefact import Artefact, Source, make
from .formats import FORMATS
from .formats.conversion import Variant
from .parity import PARITY_FIGURES

AUTO = "auto"


@dataclass(frozen=True)
class Row:
    """What became of one variant."""

    variant: Variant
    file: str
    """Name in the folder"""
    artefact: Artefact | None
    """None where the conversion failed"""
    failures: tuple[str, ...]
    """Empty if it passed and was written"""

    @property
    def passed(self) -> bool:
        """Whether the file was written."""
        return not self.failures

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form: one row of the summary."""
        made = self.artefact
        parity: dict[str, Any] = made.manifest.parity if made else {}
        return {
            "file": self.file,
            "format": self.variant.format,
            "quantization": self.variant.quantization,
            "passed": self.passed,
            "failures": list(self.failures),
            "bytes": made.bytes if made else None,
            **{name: parity.get(name) for name in PARITY_FIGURES},
            "macs": made.macs if made else None,
            "latency_ms": round(made.latency_ms, 4) if made else None,
        }


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
            f"{source.run.folder}: no {fmt} variant agrees with the Keras model; look at one with: "
            "edge-genre export --quantize none --force"
        )
    return min(passed, key=lambda artefact: artefact.bytes)
