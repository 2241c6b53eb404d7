"""Keras to TFLite, with any quantization."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ExportParityError
from edge_runtime.manifest import TensorInfo

from .conversion import Conversion

_INPUT, _OUTPUT = "features", "logits"


def convert(model: Any, quantization: str, calibration: npt.NDArray[np.float32]) -> Conversion:
    """Convert a network with a static batch of 1.

    Parameters
    ----------
    model : keras.Model
        Gives logits.
    quantization : str
        ``"none"``, ``"float16"`` (weights), ``"dynamic"`` (int8 weights, float activations) or
        ``"int8"`` (everything, inputs and outputs included).
    calibration : (n, frames, coefficients) float32
        Representative data set of the int8 ranges.

    Returns
    -------
    Conversion

    Raises
    ------
    ExportParityError
        If the converter fails.
    """
    import keras
    import tensorflow as tf

    shape = (1, *model.input_shape[1:])
    with tempfile.TemporaryDirectory() as folder:
        # The route through an ExportArchive is the one that keeps the weights: passing a Keras 3
        # model to from_concrete_functions "succeeds" and writes a file without them.
        archive = keras.export.ExportArchive()
        archive.track(model)
        archive.add_endpoint(
            "serve",
            lambda features: {_OUTPUT: model(features, training=False)},
            input_signature=[tf.TensorSpec(shape, tf.float32, name=_INPUT)],
        )
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        _configure(tf, converter, quantization, calibration, shape)
        try:
            network: bytes = converter.convert()
        except Exception as error:  # the converter raises its own and plain RuntimeErrors
            reason = " ".join(str(error).split())[:300]
            raise ExportParityError(
                f"TFLite ({quantization}): conversion failed: {reason}"
            ) from None
    return Conversion(network, *_tensors(network))


def _configure(
    tf: Any,
    converter: Any,
    quantization: str,
    calibration: npt.NDArray[np.float32],
    shape: tuple[int, ...],
) -> None:
    if quantization == "none":
        return
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantization == "float16":
        converter.target_spec.supported_types = [tf.float16]
    elif quantization == "int8":

        def representative() -> Iterator[list[npt.NDArray[np.float32]]]:
            for window in calibration:
                yield [window.reshape(shape).astype(np.float32)]

        converter.representative_dataset = representative
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8


def _tensors(network: bytes) -> tuple[TensorInfo, TensorInfo]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=network)
    interpreter.allocate_tensors()
    return (
        _tensor(interpreter.get_input_details()[0]),
        _tensor(interpreter.get_output_details()[0]),
    )


def _tensor(details: dict[str, Any]) -> TensorInfo:
    dtype = np.dtype(details["dtype"])
    scale, zero_point = details["quantization"]
    quantized = dtype.kind in "iu"
    return TensorInfo(
        name=str(details["name"]),
        shape=tuple(int(size) for size in details["shape"]),
        dtype=dtype.name,
        scale=float(scale) if quantized else None,
        zero_point=int(zero_point) if quantized else None,
    )
