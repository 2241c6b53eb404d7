"""The same network, with rows under a long one-dimensional filter as images of their own.

XNNPACK, which runs convolutions in LiteRT, notes for every place of an image where each tap of a
filter finds its input: eight bytes a tap and place (M. Dukhan, "The Indirect Convolution
Algorithm", 2019). A filter along one axis needs that for one row; rows that are images of a batch
share it. With filters of 16 to 67 taps at every place of a spectrogram that is ten megabytes less.

Such filters hear one to three channels, for which most of a kernel's width is wasted: they answer
at several places at once (`export.formats.xnnpack_blocks`), which makes `tiny` take half the time
for a window and `base` six tenths.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from .xnnpack_blocks import blocked, blocks_under, places_at_once

_SHORT = 8
"""A filter of so few taps notes little"""


def in_rows(model: Any) -> Any:
    """A copy of a network that gives the same answers and is run in less memory and time.

    Parameters
    ----------
    model : keras.Model
        Functional, with one input and one output.

    Returns
    -------
    keras.Model
        The network itself where there is nothing to change.
    """
    import keras

    if all(_long_axis(layer) is None and not _means_of_frames(layer) for layer in model.layers):
        return model
    done: set[str] = set()
    called_once = {layer.name for layer in model.layers if len(layer._inbound_nodes) == 1}
    weights = {layer.name: layer.get_weights() for layer in model.layers}

    def call(layer: Any, x: Any, *arguments: Any, **named: Any) -> Any:
        if layer.name in done:
            return x
        if _means_of_frames(layer):
            # To a mean over frames bands are channels, of which XNNPACK takes many at once.
            _, height, width, channels = x.shape
            y = layer(_reshaped(x, height, 1, width * channels))
            return _reshaped(y, y.shape[1], width, channels)
        axis = _long_axis(layer)
        if axis is None or layer.name not in called_once:
            return layer(x, *arguments, **named)
        _, rows, length, channels = (x if axis == 2 else _turned(x)).shape
        kernel = weights[layer.name][0].reshape(-1, channels, layer.filters)
        places = length - len(kernel) + 1
        at_once = places_at_once(channels) if _by_value(layer.activation) else 1
        weights[layer.name] = [
            blocked(kernel, at_once)[None],
            *(bias[None].repeat(at_once, axis=0).ravel() for bias in weights[layer.name][1:]),
        ]
        y = _answers(layer, x if axis == 2 else _turned(x), places, at_once)
        pooling = _pooling_behind(model.get_layer(layer.name))
        over = rows if axis == 1 else places
        if pooling is not None and (pooling.pool_size, pooling.strides) == ((1, over), (1, over)):
            done.add(pooling.name)
            loudest = _loudest_row if axis == 1 else _loudest_place
            return loudest(y, pooling.name, rows, places, at_once)
        y = _of_length(_reshaped(y, rows, y.shape[2] * at_once, layer.filters), places)
        return y if axis == 2 else _turned(y)

    copy = keras.models.clone_model(model, call_function=call)
    for layer in copy.layers:
        if layer.weights:
            layer.set_weights(weights[layer.name])
    return copy


def _answers(layer: Any, x: Any, places: int, at_once: int) -> Any:
    """A filter's answers in every row: (rows, 1, blocks, at_once * filters).

    Those of the last block beyond the last place are of no use to anyone.
    """
    from keras import layers

    _, _, _, channels = x.shape
    blocks, under = -(-places // at_once), blocks_under(max(layer.kernel_size), at_once)
    heard = blocks - 1 + under
    wide = layers.Conv2D(
        at_once * layer.filters,
        (1, under),
        activation=layer.activation,
        use_bias=layer.use_bias,
        name=layer.name,
    )
    return wide(_reshaped(_of_length(x, heard * at_once), 1, heard, at_once * channels))


def _loudest_row(y: Any, name: str, rows: int, places: int, at_once: int) -> Any:
    """(1, places, 1, filters): the maximum over all rows."""
    from keras import layers

    _, _, blocks, wide = y.shape
    y = layers.MaxPooling2D((rows, 1), name=name)(_reshaped(y, rows, blocks, wide))
    y = _of_length(_reshaped(y, 1, blocks * at_once, wide // at_once), places)
    return _reshaped(y, places, 1, wide // at_once)


def _loudest_place(y: Any, name: str, rows: int, places: int, at_once: int) -> Any:
    """(1, rows, 1, filters): the maximum over all places of a row."""
    from keras import layers

    _, _, blocks, wide = y.shape
    filters, rest = wide // at_once, places - (blocks - 1) * at_once
    whole = blocks if rest == at_once else blocks - 1
    parts = []
    if whole:
        # A window as wide as the whole blocks leaves what is behind them out.
        z = layers.MaxPooling2D((1, whole), (1, blocks), name=f"{name}_of_blocks")(y)
        parts.append(_reshaped(z, rows, at_once, filters))
    if whole < blocks:
        z = _changed(lambda values: values[:, :, blocks - 1 :, : rest * filters], y)
        parts.append(_reshaped(z, rows, rest, filters))
    z = parts[0]
    if len(parts) > 1:
        z = layers.Concatenate(axis=2, name=f"{name}_parts")(parts)
    return layers.MaxPooling2D((1, z.shape[2]), name=name)(z)


@cache
def _change_layer() -> Any:
    from keras import layers

    class Change(layers.Layer):  # type: ignore[misc]
        """Changes shapes across the batch, which Keras's own layers do not."""

        def __init__(self, change: Any) -> None:
            super().__init__()
            self._change = change

        def call(self, x: Any) -> Any:
            return self._change(x)

    return Change


def _changed(change: Any, x: Any) -> Any:
    return _change_layer()(change)(x)


def _reshaped(x: Any, *shape: int) -> Any:
    import keras

    return _changed(lambda values: keras.ops.reshape(values, (-1, *shape)), x)


def _turned(x: Any) -> Any:
    import keras

    return _changed(lambda values: keras.ops.transpose(values, (0, 2, 1, 3)), x)


def _of_length(x: Any, length: int) -> Any:
    """Rows (the third axis) cut off, or made longer by zeros."""
    import keras

    _, rows, old, channels = x.shape
    if length <= old:
        return x if length == old else _changed(lambda values: values[:, :, :length], x)
    # XNNPACK pads the last axis much faster than the one before it.
    more = ((0, 0), (0, 0), (0, (length - old) * channels))
    x = _changed(lambda values: keras.ops.pad(values, more), _reshaped(x, rows, old * channels))
    return _reshaped(x, rows, length, channels)


def _long_axis(layer: Any) -> int | None:
    """The axis along which a convolution's filters are long, if they are one row wide: 1 or 2."""
    from keras.layers import Conv2D

    if type(layer) is not Conv2D or layer.padding != "valid" or layer.groups != 1:
        return None
    if layer.strides != (1, 1) or layer.dilation_rate != (1, 1):
        return None
    height, width = layer.kernel_size
    if min(height, width) > 1 or max(height, width) <= _SHORT:
        return None
    return 2 if height == 1 else 1


def _means_of_frames(layer: Any) -> bool:
    from keras.layers import AveragePooling2D

    return type(layer) is AveragePooling2D and (layer.pool_size[1], layer.strides[1]) == (1, 1)


def _by_value(activation: Any) -> bool:
    """Whether an activation looks at each value by itself."""
    return getattr(activation, "__name__", "") in ("linear", "relu", "relu6")


def _pooling_behind(convolution: Any) -> Any | None:
    """The layer behind a convolution, if it takes maxima."""
    from keras.layers import MaxPooling2D

    following = [node.operation for node in convolution._outbound_nodes]
    if len(following) == 1 and isinstance(following[0], MaxPooling2D):
        return following[0]
    return None
