"""ONNX models through ONNX Runtime."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import MissingExtraError, ModelFileError
from ..model.file import ModelFile

_ERRORS_ONLY = 3
"""ONNX Runtime's log level: warnings about missing GPUs are of no use on a device."""


class OnnxBackend:
    """Runs an ``.onnx`` with a batch of any size."""

    def __init__(self, model: ModelFile, *, threads: int) -> None:
        try:
            import onnxruntime
        except ImportError:
            raise MissingExtraError(f"{model.source}: running an ONNX model", "onnx") from None
        onnxruntime.set_default_logger_severity(_ERRORS_ONLY)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = threads
        options.log_severity_level = _ERRORS_ONLY
        try:
            self._session = onnxruntime.InferenceSession(
                model.network, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its exception types are private to the extension module
            reason = " ".join(str(error).split())[:160]
            raise ModelFileError(
                f"{model.source}: ONNX Runtime refuses it ({reason}); export it again"
            ) from None
        self._check(model)
        self.name = f"onnxruntime {onnxruntime.__version__}"
        self._input, self._output = model.manifest.input, model.manifest.output

    def _check(self, model: ModelFile) -> None:
        manifest = model.manifest
        for tensor, found in (
            (manifest.input, self._session.get_inputs()),
            (manifest.output, self._session.get_outputs()),
        ):
            names = [node.name for node in found]
            sizes = tuple(found[0].shape[1:]) if found else ()
            if names != [tensor.name] or sizes != tensor.shape[1:] or tensor.dtype != "float32":
                raise ModelFileError(
                    f"{model.source}: the network's tensors are {', '.join(names)} {sizes}, its "
                    f"manifest says {tensor.name} {tensor.shape[1:]}; export the model again"
                )

    def run(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Outputs of a batch; see `edge_runtime.backends.Backend.run`."""
        batch = features.reshape(-1, *self._input.shape[1:]).astype(self._input.dtype)
        (outputs,) = self._session.run([self._output.name], {self._input.name: batch})
        return np.asarray(outputs, np.float32)
