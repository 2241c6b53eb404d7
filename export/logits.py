"""The network up to its logits: what is exported."""

from __future__ import annotations

from typing import Any


def logits_model(model: Any) -> Any:
    """The same network without its final softmax.

    The runtime applies the softmax in float: an int8 softmax can only say multiples of 1/256,
    and calibration by temperature needs logits.

    Parameters
    ----------
    model : keras.Model
        Ends in a ``Softmax`` layer.

    Returns
    -------
    keras.Model
        A functional model (tf2onnx cannot convert a ``Sequential`` of Keras 3).
    """
    import keras

    last = model.layers[-1]
    if not isinstance(last, keras.layers.Softmax):
        raise TypeError(f"the network ends in {type(last).__name__}, not in a Softmax layer")
    return keras.Model(model.inputs, last.input, name=model.name)
