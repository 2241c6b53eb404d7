"""The same network, with what it calls for each of several patches called once for all of them.

Every operation of a TFLite file has its weights packed by XNNPACK for itself, so that a network of
patches would lie in memory once for each.
"""

from __future__ import annotations

from typing import Any

from ..flat import calls
from .xnnpack_rows import across_batch, is_across_batch


def patches_as_batch(model: Any) -> Any:
    """A copy of a network that computes the same and takes XNNPACK less memory.

    Parameters
    ----------
    model : keras.Model
        Functional, with one input and one output.

    Returns
    -------
    keras.Model
        The network itself where no layer is called twice, or calls do not stand side by side.
    """
    import keras

    nodes = calls(model)
    if all(len(own) == 1 for own in nodes.values()):
        return model
    inputs = keras.Input(model.input_shape[1:], name="features")
    walk = _Walk({id(model.inputs[0]): inputs})
    try:
        for name, own in nodes.items():
            walk.call(model.get_layer(name), own)
        copy = keras.Model(inputs, walk.tensor(model.outputs[0]), name=model.name)
    except _NotSideBySide:
        return model
    for layer in copy.layers:
        if layer.weights:
            layer.set_weights(model.get_layer(layer.name).get_weights())
    return copy


class _NotSideBySide(Exception):
    """A call takes what another call of the same layer gives, or more than one tensor."""


class _Walk:
    """Old tensors' places in the new network, while it is built."""

    def __init__(self, tensors: dict[int, Any]) -> None:
        self._tensors = tensors
        self._in_batch: dict[int, tuple[Any, int]] = {}

    def call(self, layer: Any, nodes: list[Any]) -> None:
        """Call a layer, once for all of its calls."""
        copy = _copied(layer)
        if len(nodes) == 1:
            (node,) = nodes
            given = {id(tensor): self.tensor(tensor) for tensor in node.input_tensors}
            args, named = node.arguments.fill_in(given)
            self._tensors[id(node.outputs[0])] = copy(*args, **named)
            return
        if any(len(node.input_tensors) != 1 for node in nodes):
            raise _NotSideBySide
        output = copy(self._batch([node.input_tensors[0] for node in nodes]))
        for index, node in enumerate(nodes):
            self._in_batch[id(node.outputs[0])] = (output, index)

    def tensor(self, old: Any) -> Any:
        """What stands in a tensor's place."""
        if id(old) not in self._tensors:
            if id(old) not in self._in_batch:
                raise _NotSideBySide
            batch, index = self._in_batch[id(old)]
            self._tensors[id(old)] = across_batch(lambda values: values[index : index + 1], batch)
        return self._tensors[id(old)]

    def _batch(self, old: list[Any]) -> Any:
        """Several tensors as one batch."""
        import keras

        found = [self._in_batch.get(id(tensor)) for tensor in old]
        whole = found[0]
        if whole is not None and all(
            own is not None and own[0] is whole[0] and own[1] == index
            for index, own in enumerate(found)
        ):
            return whole[0]
        return across_batch(
            lambda values: keras.ops.concatenate(values, axis=0), [self.tensor(x) for x in old]
        )


def _copied(layer: Any) -> Any:
    """A layer of the new network's own, so that the old one keeps its calls."""
    if is_across_batch(layer):
        return layer
    return type(layer).from_config(layer.get_config())
