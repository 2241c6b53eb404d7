"""What a converter is asked for, and what it returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.manifest import TensorInfo

FLOAT32 = "none"
"""The quantization that is none"""


@dataclass(frozen=True)
class Variant:
    """What to make of a network."""

    format: str
    """``"tflite"``, ``"onnx"`` or ``"numpy"``"""
    quantization: str
    """``"none"``, ``"float16"``, ``"dynamic"``, ``"int8"``, ``"int8-float-io"`` or
    ``"int8-mixed"``"""

    @property
    def precision(self) -> str:
        """The quantization as file names have it: ``"float32"`` for none."""
        return "float32" if self.quantization == FLOAT32 else self.quantization

    @property
    def quantizes_input(self) -> bool:
        """Whether the features themselves are rounded to 8 bits."""
        return self.quantization in ("int8", "int8-float-io")

    @property
    def quantizes_weights(self) -> bool:
        """Whether the weights of convolutions are rounded to 8 bits."""
        # ONNX Runtime's dynamic convolutions are slow, so they stay in float; its dense layers
        # alone gain too little by GPTQ.
        return self.quantizes_activations or self == Variant("tflite", "dynamic")

    @property
    def quantizes_activations(self) -> bool:
        """Whether ranges come from representative windows."""
        return self.quantization.startswith("int8")


@dataclass(frozen=True)
class Conversion:
    """A converted network, without its manifest."""

    network: bytes
    """TFLite flatbuffer, ONNX protobuf or .npz archive"""
    input: TensorInfo
    output: TensorInfo
    facts: dict[str, Any] = field(default_factory=dict)
    """How it was made: libraries, opset, layers left in float; for the manifest"""


Windows = npt.NDArray[np.float32]
Convert = Callable[[Any, str, Windows], Conversion]
"""Keras model of logits, quantization, representative windows -> conversion"""
