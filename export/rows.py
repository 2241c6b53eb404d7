"""The same network, with rows under a long one-dimensional filter as images of their own.

XNNPACK, which runs convolutions in LiteRT, notes for every place of an image where each tap of a
filter finds its input: eight bytes a tap and place (M. Dukhan, "The Indirect Convolution
Algorithm", 2019). A filter along one axis needs that for one row; rows that are images of a batch
share it. With filters of 16 to 67 taps at every place of a spectrogram that is ten megabytes less.
"""

from __future__ import annotations

from typing import Any

_SHORT = 8
"""A filter of so few taps notes little"""


def in_rows(model: Any) -> Any:
    """A copy of a network that gives the same answers and is run in less memory.

    Parameters
    ----------
    model : keras.Model
        Functional, with one input and one output.

    Returns
    -------
    keras.Model
        The network itself where it has no such filters.
    """
    import keras
    from keras import layers

    if all(_long_axis(layer) is None for layer in model.layers):
        return model

    class Shaped(layers.Layer):  # type: ignore[misc]
        """Reshapes across the batch, which Keras's own layers do not."""

        def __init__(self, change: Any) -> None:
            super().__init__()
            self._change = change

        def call(self, x: Any) -> Any:
            return self._change(x)

    def reshaped(x: Any, *shape: int) -> Any:
        return Shaped(lambda values: keras.ops.reshape(values, (-1, *shape)))(x)

    def turned(x: Any) -> Any:
        return Shaped(lambda values: keras.ops.transpose(values, (0, 2, 1, 3)))(x)

    done: set[str] = set()

    def call(layer: Any, x: Any, *arguments: Any, **named: Any) -> Any:
        if layer.name in done:
            return x
        axis = _long_axis(layer)
        if axis is None:
            return layer(x, *arguments, **named)
        _, height, width, channels = x.shape
        if axis == 2:
            y = layer(reshaped(x, 1, width, channels))
            return reshaped(y, height, *y.shape[2:])
        y = layer(reshaped(turned(x), height, 1, channels))
        y = reshaped(y, width, y.shape[1], y.shape[3])
        pooling = _over_rows(model.get_layer(layer.name), width)
        if pooling is None:
            return turned(y)
        done.add(pooling.name)
        y = layers.MaxPooling2D((width, 1), name=f"{pooling.name}_of_rows")(y)
        return reshaped(y, y.shape[2], 1, y.shape[3])

    copy = keras.models.clone_model(model, call_function=call)
    for layer in model.layers:
        if layer.weights:
            copy.get_layer(layer.name).set_weights(layer.get_weights())
    return copy


def _long_axis(layer: Any) -> int | None:
    """The axis along which a convolution's filters are long, if they are one row wide: 1 or 2."""
    from keras.layers import Conv2D

    if type(layer) is not Conv2D or layer.strides != (1, 1) or layer.padding != "valid":
        return None
    height, width = layer.kernel_size
    if min(height, width) > 1 or max(height, width) <= _SHORT:
        return None
    return 2 if height == 1 else 1


def _over_rows(convolution: Any, width: int) -> Any | None:
    """The layer behind a convolution, if it takes the maximum over all of its rows."""
    from keras.layers import MaxPooling2D

    following = [node.operation for node in convolution._outbound_nodes]
    if len(following) == 1 and isinstance(following[0], MaxPooling2D):
        return following[0] if following[0].pool_size == (1, width) else None
    return None
