"""Keras to ONNX, with any quantization."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ExportParityError
from edge_runtime.manifest import TensorInfo

from .conversion import Conversion

OPSET = 17

_INPUT, _OUTPUT = "features", "logits"


def convert(model: Any, quantization: str, calibration: npt.NDArray[np.float32]) -> Conversion:
    """Convert a network with a batch of any size.

    Parameters
    ----------
    model : keras.Model
        Functional; gives logits.
    quantization : str
        ``"none"``, ``"float16"`` (weights and activations, float32 in and out), ``"dynamic"``
        (int8 dense layers: ONNX Runtime's dynamic convolutions are several times slower than
        float) or ``"int8"`` (static QDQ, per channel).
    calibration : (n, frames, coefficients) float32
        Representative data set of the int8 ranges.

    Returns
    -------
    Conversion

    Raises
    ------
    ExportParityError
        If the converter fails, or onnx's checker refuses what it wrote.
    """
    import onnx

    shape = model.input_shape[1:]
    try:
        proto = _to_onnx(model)
        if quantization == "float16":
            proto = _half(proto)
        elif quantization in ("dynamic", "int8"):
            proto = _quantized(proto, quantization, calibration.reshape(-1, *shape))
        del proto.metadata_props[:]
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
    )


def _to_onnx(model: Any) -> Any:
    import tensorflow as tf
    import tf2onnx

    # from_function is the route that works with Keras 3; from_keras fails on a Sequential.
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    signature = [tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name=_INPUT)]
    function = tf.function(
        lambda features: {_OUTPUT: model(features, training=False)}, input_signature=signature
    )
    proto, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET)
    return proto


def _half(proto: Any) -> Any:
    from onnxruntime.transformers.float16 import convert_float_to_float16
    from onnxruntime.transformers.onnx_model import OnnxModel

    half = OnnxModel(convert_float_to_float16(proto, keep_io_types=True))
    half.topological_sort()  # the casts at the inputs are appended behind their users
    return half.model


def _quantized(proto: Any, quantization: str, calibration: npt.NDArray[np.float32]) -> Any:
    import onnx
    from onnxruntime import quantization as ort
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Calibration(ort.CalibrationDataReader):  # type: ignore[misc]  # onnxruntime is untyped
        """Hands windows out one by one, as ONNX Runtime's calibration asks for them."""

        def __init__(self) -> None:
            self._windows = iter(calibration[:, np.newaxis])

        def get_next(self) -> dict[str, npt.NDArray[np.float32]] | None:
            window = next(self._windows, None)
            return None if window is None else {_INPUT: window}

    with tempfile.TemporaryDirectory() as folder:
        source, prepared, target = (
            str(Path(folder) / f"{name}.onnx") for name in ("source", "prepared", "target")
        )
        onnx.save(proto, source)
        quant_pre_process(source, prepared)
        if quantization == "dynamic":
            ort.quantize_dynamic(
                prepared,
                target,
                op_types_to_quantize=["MatMul", "Gemm"],
                per_channel=True,
                weight_type=ort.QuantType.QInt8,
            )
        else:
            ort.quantize_static(
                prepared,
                target,
                Calibration(),
                quant_format=ort.QuantFormat.QDQ,
                per_channel=True,
                activation_type=ort.QuantType.QInt8,
                weight_type=ort.QuantType.QInt8,
            )
        return onnx.load(target)
