"""What a converter hands over."""

from __future__ import annotations

from dataclasses import dataclass

from edge_runtime.manifest import TensorInfo


@dataclass(frozen=True)
class Variant:
    """What to make of a network."""

    format: str
    """``"tflite"``, ``"onnx"`` or ``"numpy"``"""
    quantization: str
    """``"none"``, ``"float16"``, ``"dynamic"`` or ``"int8"``"""


@dataclass(frozen=True)
class Conversion:
    """A converted network, without its manifest."""

    network: bytes
    """TFLite flatbuffer, ONNX protobuf or .npz archive"""
    input: TensorInfo
    output: TensorInfo
