"""Which layer a converter cannot take."""

from __future__ import annotations

from typing import Any

import numpy as np

from edge_runtime.errors import ExportParityError

from .conversion import FLOAT32, Convert


def unconvertible_layer(model: Any, convert: Convert) -> str | None:
    """The first layer that cannot be converted on its own, in words; None if all can.

    Parameters
    ----------
    model : keras.Model
    convert : callable
        The converter of a format.
    """
    import keras

    for layer in model.operations:  # layers, and arithmetic between them
        if isinstance(layer, keras.layers.InputLayer) or isinstance(layer.input, list):
            continue
        tensor = keras.Input(layer.input.shape[1:], name="features")
        copy = type(layer).from_config(layer.get_config())
        try:
            convert(keras.Model(tensor, copy(tensor)), FLOAT32, np.empty(0, np.float32))
        except ExportParityError:
            return f"layer {layer.name!r} ({type(layer).__name__})"
    return None
