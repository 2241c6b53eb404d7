"""Keras to TFLite, with any quantization."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ExportParityError, ModelFileError
from edge_runtime.model.manifest import TensorInfo

from ..quantize.last_layers import outermost
from .conversion import FLOAT32, Conversion
from .patches_as_batch import patches_as_batch
from .xnnpack_rows import rows_as_images

QUANTIZATIONS = (FLOAT32, "float16", "dynamic", "int8", "int8-float-io", "int8-mixed")

_INPUT, _OUTPUT = "features", "logits"
_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


def convert(model: Any, quantization: str, windows: npt.NDArray[np.float32]) -> Conversion:
    """Convert a network with a static batch of 1.

    Parameters
    ----------
    model : keras.Model
        Gives logits.
    quantization : str
        ``"none"``, ``"float16"`` (weights), ``"dynamic"`` (int8 weights; activations are float
        between layers and rounded by their own range within), ``"int8"`` (everything, inputs and
        outputs included), ``"int8-float-io"`` (the same network with float inputs and outputs) or
        ``"int8-mixed"`` (the first and the last layer with weights, of each output, and the inputs
        and outputs stay in float).
    windows : (n, frames, coefficients) float32
        Representative data set of the int8 ranges.

    Raises
    ------
    ExportParityError
        If the converter fails.
    ModelFileError
        If there is no space for what the converter reads.
    """
    import keras
    import tensorflow as tf

    model = patches_as_batch(rows_as_images(model))
    shape = (1, *model.input_shape[1:])
    facts: dict[str, Any] = {"converter": f"tensorflow {tf.__version__}"}
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
        try:
            archive.write_out(folder, verbose=False)
        except (OSError, tf.errors.OpError) as error:
            reason = " ".join(str(error).split())[-200:]
            raise ModelFileError(
                f"{folder}: cannot be written ({reason}); make space there, or name a folder "
                "with more in TMPDIR"
            ) from None
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        _configure(tf, converter, quantization, windows, shape)
        try:
            network: bytes
            if quantization == "int8-mixed":
                network, facts["float_layers"] = _mixed(tf, converter, model)
            else:
                network = converter.convert()
        except Exception as error:  # the converter raises its own and plain RuntimeErrors
            reason = " ".join(str(error).split())[:300]
            raise ExportParityError(
                f"TFLite ({quantization}): conversion failed: {reason}"
            ) from None
    return Conversion(network, *_tensors(network), facts)


def activations(
    network: bytes, windows: npt.NDArray[np.float32]
) -> dict[str, npt.NDArray[np.float32]]:
    """Outputs of each layer for windows, in real units, by tensor name and in order.

    Parameters
    ----------
    network : bytes
    windows : (n, frames, coefficients) float32
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    from edge_runtime.backends.litert import dequantize, quantize

    interpreter = Interpreter(
        model_content=network,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    fed = interpreter.get_input_details()[0]
    info = _tensor(fed)
    found: dict[str, list[npt.NDArray[np.float32]]] = {}
    for window in windows:
        interpreter.set_tensor(fed["index"], quantize(window.reshape(info.shape), info))
        interpreter.invoke()
        of_window: dict[str, dict[str, Any]] = {}
        for details in _layer_outputs(interpreter):
            # The converter may give pieces of one layer the same name: the first stands for it.
            of_window.setdefault(_plain(details["name"]), details)
        for name, details in of_window.items():
            values = interpreter.get_tensor(details["index"])
            found.setdefault(name, []).append(dequantize(values, _tensor(details)))
    return {name: np.stack(values) for name, values in found.items()}


def _layer_outputs(interpreter: Any) -> Iterator[dict[str, Any]]:
    details = {item["index"]: item for item in interpreter.get_tensor_details()}
    # The operators in the order of execution; LiteRT offers no public list of them.
    for op in interpreter._get_ops_details():
        for index in op["outputs"]:
            item = details.get(int(index))
            if item is None or len(item["shape"]) < 2 or op["op_name"] == "DELEGATE":
                continue
            if np.dtype(item["dtype"]).name in ("float32", "int8"):
                yield item


def _plain(name: str) -> str:
    """A layer's name without what the converter puts around it."""
    return str(name).split(";", maxsplit=1)[0]


def _configure(
    tf: Any,
    converter: Any,
    quantization: str,
    windows: npt.NDArray[np.float32],
    shape: tuple[int, ...],
) -> None:
    if quantization == FLOAT32:
        return
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    # A step for each filter of a dense layer is more than tflite-runtime 2.14 can load.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = (
        quantization == "dynamic"
    )
    if quantization == "float16":
        converter.target_spec.supported_types = [tf.float16]
    elif quantization.startswith("int8"):

        def representative() -> Iterator[list[npt.NDArray[np.float32]]]:
            for window in windows:
                yield [window.reshape(shape).astype(np.float32)]

        converter.representative_dataset = representative
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    if quantization == "int8":
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8


def _mixed(tf: Any, converter: Any, model: Any) -> tuple[bytes, list[str]]:
    """Everything in int8 but the first layer with weights, and the last of each output.

    They are where rounding hurts most (docs/explanation/quantization.md): the first reads features
    whose 256 levels alone change labels, the last writes the logits that are compared.
    """
    tools = tf.lite.experimental
    representative = converter.representative_dataset

    def one_window() -> Iterator[list[npt.NDArray[np.float32]]]:
        yield next(iter(representative()))

    # The debugger knows the layers by names that exist nowhere else, so it is asked first.
    debugger = tools.QuantizationDebugger(converter=converter, debug_dataset=one_window)
    debugger.run()
    text = io.StringIO()
    debugger.layer_statistics_dump(text)
    text.seek(0)
    rows = list(csv.DictReader(text))
    weighted = [row["tensor_name"] for row in rows if row["op_name"] in _WEIGHTED]
    in_float = outermost(model, weighted, rows[-1]["tensor_name"])
    options = tools.QuantizationDebugOptions(denylisted_nodes=in_float)
    debugger = tools.QuantizationDebugger(
        converter=converter, debug_dataset=one_window, debug_options=options
    )
    return debugger.get_nondebug_quantized_model(), [_plain(name) for name in in_float]


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
