"""Keras to the ``.npz`` that `edge_runtime.backends.numpy_executor` runs."""

from __future__ import annotations

from typing import Any

from edge_runtime.backends.numpy_ops.graph import Graph, write_graph
from edge_runtime.model.manifest import TensorInfo

from ..conversion import Conversion
from .draft import Draft, fold_batch_norm, share_weights
from .layers import Call, add_layer

_INPUT, _OUTPUT = "features", "logits"


def convert(model: Any) -> Conversion:
    """Convert a network to float32; nothing is quantized.

    Parameters
    ----------
    model : keras.Model
        Functional or sequential; gives logits.

    Raises
    ------
    ExportParityError
        If a layer is one that the NumPy backend does not run; the message names it.
    """
    draft = Draft(_INPUT)
    (output,) = _walk(model, [_INPUT], draft, "")
    output = fold_batch_norm(draft, output)
    share_weights(draft)
    graph = Graph(input=_INPUT, output=output, layers=tuple(draft.layers.values()))
    return Conversion(
        write_graph(graph, draft.weights),
        TensorInfo(name=_INPUT, shape=(-1, *model.input_shape[1:]), dtype="float32"),
        TensorInfo(name=_OUTPUT, shape=(-1, int(model.output_shape[-1])), dtype="float32"),
    )


def _walk(model: Any, inputs: list[str], draft: Draft, prefix: str) -> list[str]:
    """Add every layer of a model; the names of the model's outputs."""
    import keras

    if isinstance(model, keras.Sequential):
        model = keras.Model(model.inputs, model.outputs)
    tensors = dict(zip(map(id, model.inputs), inputs, strict=True))
    # Keras has no public list of its layers in order in which one called twice is there twice.
    nodes = [
        node for _, nodes in sorted(model._nodes_by_depth.items(), reverse=True) for node in nodes
    ]
    for node in nodes:
        if node.is_input:
            continue
        inputs = [tensors[id(tensor)] for tensor in node.input_tensors]
        name = f"{prefix}{node.operation.name}"
        if isinstance(node.operation, keras.Model):
            outputs = _walk(node.operation, inputs, draft, f"{name}.")
        else:
            call = Call(
                node.operation,
                name,
                tuple(inputs),
                tuple(tuple(tensor.shape[1:]) for tensor in node.input_tensors),
                tuple(tuple(tensor.shape[1:]) for tensor in node.outputs),
            )
            outputs = [add_layer(call, draft)]
        tensors.update(zip(map(id, node.outputs), outputs, strict=True))
    return [tensors[id(tensor)] for tensor in model.outputs]
