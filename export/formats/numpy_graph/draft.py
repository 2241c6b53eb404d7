"""A graph that is being put together, and batch normalisation folded into it."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.backends.numpy_ops.graph import Layer

_CHANNELS = {"conv2d": (3,), "depthwise_conv2d": (2, 3), "dense": (1,)}
"""Axes of the kernel that make the output's channels, for every operation that folds."""


class Draft:
    """Layers and weights, in the order in which they run."""

    def __init__(self, input_name: str) -> None:
        self.layers: dict[str, Layer] = {}
        self.weights: dict[str, npt.NDArray[Any]] = {}
        self._input = input_name

    def add(
        self,
        op: str,
        name: str,
        *inputs: str,
        weights: dict[str, npt.NDArray[Any]] | None = None,
        **attributes: Any,
    ) -> str:
        """Add a layer; returns what it is called here (Keras may call one layer twice)."""
        unique, times = name, 1
        while unique in self.layers or unique == self._input:
            times += 1
            unique = f"{name}.{times}"
        arrays = weights or {}
        self.layers[unique] = Layer(
            op=op, name=unique, inputs=inputs, weights=tuple(arrays), attributes=attributes
        )
        self.weights.update({f"{unique}/{array}": value for array, value in arrays.items()})
        return unique


def share_weights(draft: Draft) -> None:
    """Keep one copy of the arrays of a layer that is called several times."""
    first: dict[bytes, str] = {}
    for name, layer in draft.layers.items():
        keys = [f"{name}/{array}" for array in layer.weights]
        if not keys:
            continue
        digest = hashlib.sha256(repr(layer.weights).encode())
        for key in keys:
            array = np.ascontiguousarray(draft.weights[key], np.float32)
            digest.update(repr(array.shape).encode() + array.tobytes())
        original = first.setdefault(digest.digest(), name)
        if original != name:
            draft.layers[name] = dataclasses.replace(layer, weights_of=original)
            for key in keys:
                del draft.weights[key]


def fold_batch_norm(draft: Draft, output: str) -> str:
    """Fold each scale-and-shift into the convolution or dense layer right before it.

    One behind a nonlinearity or a pool stays: a maximum of scaled values is not the scaled maximum
    where a scale is negative.

    Returns
    -------
    str
        The graph's output, which may have been folded away.
    """
    uses = Counter(name for layer in draft.layers.values() for name in layer.inputs) + Counter(
        [output]
    )
    folded: dict[str, str] = {}
    for name, found in list(draft.layers.items()):
        inputs = tuple(folded.get(source, source) for source in found.inputs)
        draft.layers[name] = layer = dataclasses.replace(draft.layers[name], inputs=inputs)
        if layer.op != "scale_shift":
            continue
        target = _target(draft, layer, uses)
        if target is None:
            continue
        _fold(draft, target, draft.weights.pop(f"{name}/scale"), draft.weights.pop(f"{name}/shift"))
        del draft.layers[name]
        folded[name] = inputs[0]
        uses[inputs[0]] = uses[name]
    return folded.get(output, output)


def _target(draft: Draft, layer: Layer, uses: Counter[str]) -> Layer | None:
    """The layer that can absorb the scale, if its result goes nowhere else."""
    channels = len(draft.weights[f"{layer.name}/scale"])
    name = layer.inputs[0]
    while name in draft.layers and uses[name] == 1:
        source = draft.layers[name]
        if source.op in _CHANNELS:
            kernel = draft.weights[f"{name}/kernel"]
            made = np.prod([kernel.shape[axis] for axis in _CHANNELS[source.op]])
            return source if made == channels else None
        if source.op != "reshape" or source.attributes["shape"][-1] != channels:
            return None
        name = source.inputs[0]
    return None


def _fold(draft: Draft, layer: Layer, scale: npt.NDArray[Any], shift: npt.NDArray[Any]) -> None:
    kernel = draft.weights[f"{layer.name}/kernel"].astype(np.float64)
    bias = draft.weights.get(f"{layer.name}/bias", np.zeros(len(scale)))
    channels = kernel.shape[min(_CHANNELS[layer.op]) :]
    draft.weights[f"{layer.name}/kernel"] = kernel * scale.reshape(channels)
    draft.weights[f"{layer.name}/bias"] = bias * scale + shift
    draft.layers[layer.name] = dataclasses.replace(layer, weights=("kernel", "bias"))
