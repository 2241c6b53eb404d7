"""The converter from Keras to ONNX: the one place that knows which library does it, and how."""

from __future__ import annotations

import logging
from typing import Any

OPSET = 17
"""tf2onnx writes 13 to 18"""


def keras_to_onnx(model: Any, input_name: str, output_name: str) -> tuple[Any, str]:
    """An ONNX protobuf with a batch of any size, and what made it.

    Parameters
    ----------
    model : keras.Model
        Functional, with one input and one output.
    input_name, output_name : str
        What to call the tensors.
    """
    import tensorflow as tf
    import tf2onnx

    # from_function is the route that works with Keras 3; from_keras fails on a Sequential.
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    signature = [tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name=input_name)]
    function = tf.function(
        lambda features: {output_name: model(features, training=False)}, input_signature=signature
    )
    proto, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET)
    del proto.metadata_props[:]
    return proto, f"tf2onnx {tf2onnx.__version__}"
