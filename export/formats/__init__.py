"""The formats that a network can be exported to: one entry each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..quantize.gptq import EIGHT_BITS
from . import numpy_graph, onnx, tflite
from .conversion import Convert, Variant, Windows


@dataclass(frozen=True)
class Format:
    """How one format is made."""

    ending: str
    """Of its files, with the dot"""
    quantizations: tuple[str, ...]
    """The variants it has, float32 (``"none"``) first"""
    convert: Convert
    weight_levels: int = EIGHT_BITS
    """The largest 8-bit weight, in steps"""
    activations: Callable[[bytes, Windows], dict[str, Windows]] | None = None
    """Network, windows -> outputs of its layers, by name and in order; to find the worst layer"""


FORMATS: dict[str, Format] = {
    "tflite": Format(
        ".tflite", tflite.QUANTIZATIONS, tflite.convert, activations=tflite.activations
    ),
    "onnx": Format(".onnx", onnx.QUANTIZATIONS, onnx.convert, onnx.WEIGHT_LEVELS, onnx.activations),
    "numpy": Format(".npz", ("none",), lambda model, _, __: numpy_graph.convert(model)),
}

QUANTIZATIONS = tuple(
    dict.fromkeys(name for item in FORMATS.values() for name in item.quantizations)
)
"""Of any format"""


def file_name(name: str, variant: Variant) -> str:
    """What a model's file is called: ``NAME-int8.tflite``."""
    return f"{name}-{variant.precision}{FORMATS[variant.format].ending}"
