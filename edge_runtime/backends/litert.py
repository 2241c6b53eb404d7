"""TFLite models through LiteRT, or through the older runtimes where it has no wheel."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import MissingDependencyError, ModelFileError
from ..model.file import ModelFile
from ..model.manifest import TensorInfo
from ..stderr import quiet_stderr

_RUNTIMES = (
    "ai_edge_litert.interpreter",
    "tflite_runtime.interpreter",
    "tensorflow.lite.python.interpreter",
)


class LiteRTBackend:
    """Runs a ``.tflite`` one window at a time (its batch is 1)."""

    def __init__(self, model: ModelFile, *, threads: int) -> None:
        self.name, self._interpreter = _interpreter(model, threads)
        self._lock = threading.Lock()  # of the interpreter's tensors
        inputs = self._interpreter.get_input_details()[0]
        outputs = self._interpreter.get_output_details()[0]
        self._input, self._output = model.manifest.input, model.manifest.output
        for tensor, details in ((self._input, inputs), (self._output, outputs)):
            shape, dtype = tuple(map(int, details["shape"])), np.dtype(details["dtype"]).name
            if shape != tensor.shape or dtype != tensor.dtype:
                raise ModelFileError(
                    f"{model.source}: tensor {details['name']} is {dtype} {shape}, its manifest "
                    f"says {tensor.dtype} {tensor.shape}; export the model again"
                )
        self._input_index, self._output_index = inputs["index"], outputs["index"]

    def run(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Outputs of a batch; see `edge_runtime.backends.Backend.run`."""
        results = np.empty((len(features), self._output.shape[-1]), np.float32)
        for window, result in zip(features, results, strict=True):
            tensor = quantize(window.reshape(self._input.shape), self._input)
            with self._lock:
                self._interpreter.set_tensor(self._input_index, tensor)
                self._interpreter.invoke()
                output = self._interpreter.get_tensor(self._output_index)
            result[:] = dequantize(output[0], self._output)
        return results


def quantize(values: npt.NDArray[np.float32], tensor: TensorInfo) -> npt.NDArray[np.generic]:
    """Real values as the tensor holds them: ``round(x / scale) + zero_point``, saturated."""
    if tensor.scale is None or tensor.zero_point is None:
        return values
    limits = np.iinfo(tensor.dtype)
    steps = np.round(values / np.float32(tensor.scale)) + np.float32(tensor.zero_point)
    return np.clip(steps, limits.min, limits.max).astype(tensor.dtype)


def dequantize(values: npt.NDArray[Any], tensor: TensorInfo) -> npt.NDArray[np.float32]:
    """Real values of what a tensor holds: ``(q - zero_point) * scale``."""
    if tensor.scale is None or tensor.zero_point is None:
        return values.astype(np.float32)
    real: npt.NDArray[np.float32] = (
        values.astype(np.float32) - np.float32(tensor.zero_point)
    ) * np.float32(tensor.scale)
    return real


def _interpreter(model: ModelFile, threads: int) -> tuple[str, Any]:
    """The first runtime that builds an interpreter for this model.

    Importing proves nothing: tflite-runtime imports under numpy 2 and fails when it builds.
    """
    failures: list[str] = []
    for name in _RUNTIMES:
        try:
            interpreter_class: Callable[..., Any] = importlib.import_module(name).Interpreter
        except ImportError:
            continue
        try:
            with quiet_stderr():
                interpreter = interpreter_class(model_content=model.network, num_threads=threads)
                interpreter.allocate_tensors()
        except (ValueError, RuntimeError, SystemError, MemoryError) as error:
            failures.append(f"{name.split('.')[0]}: {' '.join(str(error).split())[:120]}")
            # Only a runtime that does not fit this machine is worth another try; a network that
            # the newest one refuses is damaged, and TensorFlow would take seconds to say the same.
            if not isinstance(error, SystemError):
                break
            continue
        return name.split(".", maxsplit=1)[0], interpreter
    if failures:
        raise ModelFileError(f"{model.source}: no runtime can load it ({'; '.join(failures)})")
    raise MissingDependencyError(
        f"{model.source}: a .tflite model needs a runtime: pip install ai-edge-litert (or, on "
        '32-bit Pi OS, tflite-runtime); an .onnx model needs: pip install "edge-genre[onnx]"; an '
        ".npz model (edge-genre export --format numpy) needs neither"
    )
