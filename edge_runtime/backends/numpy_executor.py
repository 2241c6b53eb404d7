"""``.npz`` models with numpy alone: for devices that no other runtime has a wheel for."""

from __future__ import annotations

import threading
from functools import cache

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

from ..errors import ModelFileError, ParameterError
from ..model.file import ModelFile
from .numpy_ops import OPERATIONS
from .numpy_ops.graph import Graph, read_graph
from .numpy_ops.plan import Array, Memory, Step


class NumpyBackend:
    """Runs an ``.npz`` one window at a time; threads are those of the matrix products."""

    name = "numpy"

    def __init__(self, model: ModelFile, *, threads: int) -> None:
        manifest = model.manifest
        for tensor in (manifest.input, manifest.output):
            if tensor.dtype != "float32" or any(size < 1 for size in tensor.shape[1:]):
                raise ModelFileError(
                    f"{model.source}: tensor {tensor.name} is {tensor.dtype} {tensor.shape}; a "
                    "NumPy model is float32 throughout and of fixed size; export it again"
                )
        graph, weights = read_graph(model.network, model.source)
        memory = Memory()
        try:
            self._input = memory.zeros(*manifest.input.shape[1:])
        except ParameterError as error:
            raise ModelFileError(f"{model.source}: input {error}; export it again") from None
        self._steps, output = _plan(graph, self._input, weights, memory, model.source)
        if output.shape != manifest.output.shape[1:]:
            raise ModelFileError(
                f"{model.source}: the network's output is of shape {output.shape}, its manifest "
                f"says {manifest.output.shape[1:]}; export the model again"
            )
        self._output, self._threads = output, threads
        self._lock = threading.Lock()  # of the layers' buffers

    def run(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Outputs of a batch; see `edge_runtime.backends.Backend.run`."""
        results = np.empty((len(features), *self._output.shape), np.float32)
        with self._lock, _blas().limit(limits=self._threads):
            for window, result in zip(features, results, strict=True):
                self._input[:] = window.reshape(self._input.shape)
                for step in self._steps:
                    step()
                result[:] = self._output
        return results


@cache
def _blas() -> ThreadpoolController:
    """The libraries of numpy's matrix products, and how many threads they use.

    OpenBLAS takes every core for products that are larger than a few thousand numbers. For networks
    of a device's size that is slower than one thread, and on a busy machine several times slower.
    The number belongs to the process, so that the program's own is set again after each batch.
    """
    return ThreadpoolController().select(user_api="blas")


def _plan(
    graph: Graph, given: Array, weights: dict[str, Array], memory: Memory, where: str
) -> tuple[tuple[Step, ...], Array]:
    """All steps of a network, and the buffer with its output."""
    buffers = {graph.input: given}
    steps: list[Step] = []
    for layer in graph.layers:
        if layer.op not in OPERATIONS:
            raise ModelFileError(
                f"{where}: layer {layer.name!r} needs the operation {layer.op!r}, which this "
                "runtime does not know; upgrade edge-genre or export the model again"
            )
        inputs = [buffers[name] for name in layer.inputs]
        own = {name: weights[f"{layer.name}/{name}"] for name in layer.weights}
        try:
            planned = OPERATIONS[layer.op](layer, inputs, own, memory)
        except ParameterError as error:
            raise ModelFileError(
                f"{where}: layer {layer.name!r} ({layer.op}) {error}; export the model again"
            ) from None
        buffers[layer.name] = planned.output
        steps += planned.steps
    return tuple(steps), buffers[graph.output]
