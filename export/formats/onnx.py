"""Keras to ONNX, with any quantization."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ExportParityError
from edge_runtime.model.manifest import TensorInfo

from ..quantize.last_layers import outermost
from .conversion import FLOAT32, Conversion

QUANTIZATIONS = (FLOAT32, "float16", "dynamic", "int8", "int8-mixed")

OPSET = 17
"""tf2onnx writes 13 to 18"""

WEIGHT_LEVELS = 64
"""Largest 8-bit weight, in steps: seven bits. Processors with AVX2 but no VNNI add two products
in 16 bits and saturate with eight (ONNX Runtime, "Quantize ONNX models", on reduce_range)."""

_INPUT, _OUTPUT = "features", "logits"
_READ_BACK = "_DequantizeLinear_Output"
_WEIGHTED = ("Conv", "MatMul", "Gemm")


def convert(model: Any, quantization: str, windows: npt.NDArray[np.float32]) -> Conversion:
    """Convert a network with a batch of any size.

    Parameters
    ----------
    model : keras.Model
        Functional; gives logits.
    quantization : str
        ``"none"``, ``"float16"`` (weights and activations, float32 in and out), ``"dynamic"``
        (int8 dense layers: ONNX Runtime's dynamic convolutions are several times slower than
        float), ``"int8"`` (static QDQ, per channel, float inputs and outputs) or ``"int8-mixed"``
        (the first and the last layer with weights, of each output, stay in float).
    windows : (n, frames, coefficients) float32
        Representative data set of the int8 ranges.

    Raises
    ------
    ExportParityError
        If the converter fails, or onnx's checker refuses what it wrote.
    """
    import onnx
    import onnxruntime

    shape = model.input_shape[1:]
    try:
        proto, converter = _keras_to_onnx(model, _INPUT, _OUTPUT)
        facts: dict[str, Any] = {"converter": converter, "opset": OPSET}
        if quantization != FLOAT32:
            facts["quantizer"] = f"onnxruntime {onnxruntime.__version__}"
        if quantization == "float16":
            proto = _half(proto)
        elif quantization == "dynamic":
            proto = _dynamic(_prepared(proto))
        elif quantization != FLOAT32:
            # ONNX Runtime's own optimiser goes first: it may fuse nodes and rename them.
            proto = _prepared(proto)
            facts["float_layers"] = _outermost(model, proto) if quantization == "int8-mixed" else []
            proto = _static(proto, windows.reshape(-1, *shape), facts["float_layers"])
        onnx.checker.check_model(proto, full_check=True)
    except Exception as error:  # three libraries, each with exceptions of its own
        reason = " ".join(str(error).split())[:300]
        raise ExportParityError(f"ONNX ({quantization}): conversion failed: {reason}") from error
    network: bytes = proto.SerializeToString(deterministic=True)
    n_classes = int(model.output_shape[-1])
    return Conversion(
        network,
        TensorInfo(name=_INPUT, shape=(-1, *shape), dtype="float32"),
        TensorInfo(name=_OUTPUT, shape=(-1, n_classes), dtype="float32"),
        facts,
    )


def activations(
    network: bytes, windows: npt.NDArray[np.float32]
) -> dict[str, npt.NDArray[np.float32]]:
    """Outputs of each layer for windows, by tensor name and in order.

    Parameters
    ----------
    network : bytes
    windows : (n, frames, coefficients) float32
    """
    import onnx
    import onnxruntime

    proto = onnx.shape_inference.infer_shapes(onnx.load_from_string(network))
    infos = {info.name: info for info in proto.graph.value_info}
    floats = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)
    layers: dict[str, str] = {}
    for node in proto.graph.node:
        for name in node.output:
            # The output of a quantized layer is what is read back from its 8 bits: its ReLU may
            # have become the range of the quantization.
            read_back = node.op_type == "DequantizeLinear" and name.endswith(_READ_BACK)
            if read_back:
                layers[name.removesuffix(_READ_BACK)] = name
            elif node.op_type not in ("DequantizeLinear", "QuantizeLinear", "Cast"):
                layers.setdefault(name, name)
    layers = {
        layer: name
        for layer, name in layers.items()
        if name in infos and infos[name].type.tensor_type.elem_type in floats
    }
    proto.graph.output.extend(infos[name] for name in layers.values())
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    shape = tuple(session.get_inputs()[0].shape[1:])
    batch = windows.reshape(-1, *shape).astype(np.float32)
    values = session.run([*layers.values(), _OUTPUT], {_INPUT: batch})
    return {
        name: np.asarray(value, np.float32)
        for name, value in zip([*layers, _OUTPUT], values, strict=True)
    }


def _keras_to_onnx(model: Any, input_name: str, output_name: str) -> tuple[Any, str]:
    """An ONNX protobuf with a batch of any size, and what made it.

    Parameters
    ----------
    model : keras.Model
        Functional, with one input and one output.
    input_name, output_name : str
        What to call the tensors.
    """
    import tensorflow as tf
    import tf2onnx

    # from_function is the route that works with Keras 3; from_keras fails on a Sequential.
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    signature = [tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name=input_name)]
    function = tf.function(
        lambda features: {output_name: model(features, training=False)}, input_signature=signature
    )
    proto, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET)
    del proto.metadata_props[:]
    return proto, f"tf2onnx {tf2onnx.__version__}"


def _half(proto: Any) -> Any:
    from onnxruntime.transformers.float16 import convert_float_to_float16
    from onnxruntime.transformers.onnx_model import OnnxModel

    half = OnnxModel(convert_float_to_float16(proto, keep_io_types=True))
    half.topological_sort()  # the casts at the inputs are appended behind their users
    return half.model


def _outermost(model: Any, proto: Any) -> list[str]:
    """The nodes with weights where rounding hurts most."""
    weighted = [node.name for node in proto.graph.node if node.op_type in _WEIGHTED]
    (end,) = (node.name for node in proto.graph.node if _OUTPUT in node.output)
    return outermost(model, weighted, end)


def _prepared(proto: Any) -> Any:
    from onnxruntime.quantization.shape_inference import quant_pre_process

    return _through_files(proto, quant_pre_process)


def _dynamic(proto: Any) -> Any:
    from onnxruntime import quantization as ort

    def quantize(source: str, target: str) -> None:
        ort.quantize_dynamic(
            source,
            target,
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            weight_type=ort.QuantType.QInt8,
            reduce_range=True,
        )

    return _through_files(proto, quantize)


def _static(proto: Any, windows: npt.NDArray[np.float32], in_float: list[str]) -> Any:
    from onnxruntime import quantization as ort

    class Representative(ort.CalibrationDataReader):  # type: ignore[misc]  # onnxruntime is untyped
        """Hands windows out one by one, as ONNX Runtime's calibration asks for them."""

        def __init__(self) -> None:
            self._windows = iter(windows[:, np.newaxis])

        def get_next(self) -> dict[str, npt.NDArray[np.float32]] | None:
            window = next(self._windows, None)
            return None if window is None else {_INPUT: window}

    def quantize(source: str, target: str) -> None:
        ort.quantize_static(
            source,
            target,
            Representative(),
            quant_format=ort.QuantFormat.QDQ,
            per_channel=True,
            activation_type=ort.QuantType.QInt8,
            weight_type=ort.QuantType.QInt8,
            reduce_range=True,
            nodes_to_exclude=in_float,
        )

    return _through_files(proto, quantize)


def _through_files(proto: Any, function: Callable[[str, str], object]) -> Any:
    """ONNX Runtime's tools read a file and write another."""
    import onnx

    with tempfile.TemporaryDirectory() as folder:
        source, target = (str(Path(folder) / name) for name in ("source.onnx", "target.onnx"))
        onnx.save(proto, source)
        function(source, target)
        return onnx.load(target)
