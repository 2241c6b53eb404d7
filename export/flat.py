"""A network without networks inside, so that each layer can be looked at and rounded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def flattened(model: Any) -> Any:
    """A network whose layers are all its own.

    Parameters
    ----------
    model : keras.Model
        May call other models as layers, each several times.

    Returns
    -------
    keras.Model
        `model` itself where it calls none.
    """
    import keras

    if not any(isinstance(layer, keras.Model) for layer in model.layers):
        return model
    inputs = [keras.Input(tensor.shape[1:], name=tensor.name) for tensor in model.inputs]
    outputs = _run(model, inputs if len(inputs) > 1 else inputs[0])
    flat = keras.Model(inputs, outputs, name=model.name)
    # The layers have calls in both models; those of a copy have calls in one.
    copy = keras.models.clone_model(flat)
    copy.set_weights(flat.get_weights())
    return copy


def _run(model: Any, inputs: Any) -> Any:
    """Call the layers of a model, and of the models in it, on symbolic tensors."""
    import keras

    if isinstance(model, keras.Sequential):
        model = keras.Model(model.inputs, model.outputs)
    return model._run_through_graph(inputs, operation_fn=_called)


def _called(operation: Any) -> Callable[..., Any]:
    import keras

    if not isinstance(operation, keras.Model):
        found: Callable[..., Any] = operation
        return found
    return lambda inputs, **_: _run(operation, inputs)


def calls(model: Any) -> dict[str, list[Any]]:
    """Where each layer is called in a model: Keras's nodes by the layer's name, in order."""
    found: dict[str, list[Any]] = {}
    # Keras has no public list of calls; a layer's own list has those of other models as well.
    for _, nodes in sorted(model._nodes_by_depth.items(), reverse=True):
        for node in nodes:
            if not node.is_input:
                found.setdefault(node.operation.name, []).append(node)
    return found
