"""The same network, with rows under a long one-dimensional filter as images of their own.

XNNPACK, which runs convolutions in LiteRT, notes for every position of an image where each tap of a
filter finds its input: eight bytes a tap and position (M. Dukhan, "The Indirect Convolution
Algorithm", 2019). A filter along one axis needs that for one row; rows that are images of a batch
share it. With filters of 16 to 67 taps at every position of a spectrogram that is ten megabytes
less.

Such filters have one to three input channels, for which most of a kernel's width is wasted. So they
are computed at several positions at once (`export.formats.xnnpack_blocks`), which makes `tiny` take
half the time for a window and `base` six tenths.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from .xnnpack_blocks import block_kernel, blocks_per_filter, positions_per_block

_SHORT = 8
"""Taps of a filter for which XNNPACK notes too little to matter"""


def rows_as_images(model: Any) -> Any:
    """A copy of a network that computes the same and takes XNNPACK less memory and time.

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

    if all(_long_axis(layer) is None and not _is_mean_over_frames(layer) for layer in model.layers):
        return model
    done: set[str] = set()
    called_once = {layer.name for layer in model.layers if len(layer._inbound_nodes) == 1}
    weights = {layer.name: layer.get_weights() for layer in model.layers}

    def call(layer: Any, x: Any, *arguments: Any, **named: Any) -> Any:
        if layer.name in done:
            return x
        if _is_mean_over_frames(layer):
            # In a mean over frames, bands may be channels, of which XNNPACK takes many at once.
            _, height, width, channels = x.shape
            y = layer(_reshaped(x, height, 1, width * channels))
            return _reshaped(y, y.shape[1], width, channels)
        axis = _long_axis(layer)
        if axis is None or layer.name not in called_once:
            return layer(x, *arguments, **named)
        _, rows, length, channels = (x if axis == 2 else _transposed(x)).shape
        kernel = weights[layer.name][0].reshape(-1, channels, layer.filters)
        positions = length - len(kernel) + 1
        block = positions_per_block(channels) if _is_elementwise(layer.activation) else 1
        weights[layer.name] = [
            block_kernel(kernel, block)[None],
            *(bias[None].repeat(block, axis=0).ravel() for bias in weights[layer.name][1:]),
        ]
        y = _filter_outputs(layer, x if axis == 2 else _transposed(x), positions, block)
        pooling = _pooling_behind(model.get_layer(layer.name))
        over = rows if axis == 1 else positions
        if pooling is not None and (pooling.pool_size, pooling.strides) == ((1, over), (1, over)):
            done.add(pooling.name)
            pool = _max_over_rows if axis == 1 else _max_over_positions
            return pool(y, pooling.name, rows, positions, block)
        y = _cut_or_padded(_reshaped(y, rows, y.shape[2] * block, layer.filters), positions)
        return y if axis == 2 else _transposed(y)

    copy = keras.models.clone_model(model, call_function=call)
    for layer in copy.layers:
        if layer.weights:
            layer.set_weights(weights[layer.name])
    return copy


def _filter_outputs(layer: Any, x: Any, positions: int, block: int) -> Any:
    """A filter's outputs in every row: (rows, 1, blocks, block * filters).

    The last block may reach beyond the last position; nothing reads what is there.
    """
    from keras import layers

    _, _, _, channels = x.shape
    blocks = -(-positions // block)
    covered = blocks_per_filter(max(layer.kernel_size), block)
    read = blocks - 1 + covered
    wide = layers.Conv2D(
        block * layer.filters,
        (1, covered),
        activation=layer.activation,
        use_bias=layer.use_bias,
        name=layer.name,
    )
    return wide(_reshaped(_cut_or_padded(x, read * block), 1, read, block * channels))


def _max_over_rows(y: Any, name: str, rows: int, positions: int, block: int) -> Any:
    """(1, positions, 1, filters): the maximum over all rows."""
    from keras import layers

    _, _, blocks, wide = y.shape
    y = layers.MaxPooling2D((rows, 1), name=name)(_reshaped(y, rows, blocks, wide))
    y = _cut_or_padded(_reshaped(y, 1, blocks * block, wide // block), positions)
    return _reshaped(y, positions, 1, wide // block)


def _max_over_positions(y: Any, name: str, rows: int, positions: int, block: int) -> Any:
    """(1, rows, 1, filters): the maximum over all positions of a row."""
    from keras import layers

    _, _, blocks, wide = y.shape
    filters, rest = wide // block, positions - (blocks - 1) * block
    whole = blocks if rest == block else blocks - 1
    parts = []
    if whole:
        # A window as wide as the whole blocks leaves what is behind them out.
        z = layers.MaxPooling2D((1, whole), (1, blocks), name=f"{name}_of_blocks")(y)
        parts.append(_reshaped(z, rows, block, filters))
    if whole < blocks:
        z = across_batch(lambda values: values[:, :, blocks - 1 :, : rest * filters], y)
        parts.append(_reshaped(z, rows, rest, filters))
    z = parts[0]
    if len(parts) > 1:
        z = layers.Concatenate(axis=2, name=f"{name}_parts")(parts)
    return layers.MaxPooling2D((1, z.shape[2]), name=name)(z)


@cache
def _layer_across_batch() -> Any:
    from keras import layers

    class AcrossBatch(layers.Layer):  # type: ignore[misc]
        """Applies a function to a batch as a whole, which Keras's own layers do not."""

        def __init__(self, function: Any) -> None:
            super().__init__()
            self._function = function

        def call(self, x: Any) -> Any:
            return self._function(x)

    return AcrossBatch


def across_batch(function: Any, x: Any) -> Any:
    """Apply a function to a batch as a whole, or to a list of batches."""
    return _layer_across_batch()(function)(x)


def is_across_batch(layer: Any) -> bool:
    """Whether a layer is one that `across_batch` made, which cannot be made again."""
    return isinstance(layer, _layer_across_batch())


def _reshaped(x: Any, *shape: int) -> Any:
    import keras

    return across_batch(lambda values: keras.ops.reshape(values, (-1, *shape)), x)


def _transposed(x: Any) -> Any:
    import keras

    return across_batch(lambda values: keras.ops.transpose(values, (0, 2, 1, 3)), x)


def _cut_or_padded(x: Any, length: int) -> Any:
    """Rows of another length (the third axis): cut off, or with zeros at the end."""
    import keras

    _, rows, old, channels = x.shape
    if length <= old:
        return x if length == old else across_batch(lambda values: values[:, :, :length], x)
    # XNNPACK pads the last axis much faster than the one before it.
    zeros = ((0, 0), (0, 0), (0, (length - old) * channels))
    x = across_batch(
        lambda values: keras.ops.pad(values, zeros), _reshaped(x, rows, old * channels)
    )
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


def _is_mean_over_frames(layer: Any) -> bool:
    from keras.layers import AveragePooling2D

    return type(layer) is AveragePooling2D and (layer.pool_size[1], layer.strides[1]) == (1, 1)


def _is_elementwise(activation: Any) -> bool:
    """Whether an activation maps each value by itself."""
    return getattr(activation, "__name__", "") in ("linear", "relu", "relu6")


def _pooling_behind(convolution: Any) -> Any | None:
    """The layer behind a convolution, if it takes maxima."""
    from keras.layers import MaxPooling2D

    following = [node.operation for node in convolution._outbound_nodes]
    if len(following) == 1 and isinstance(following[0], MaxPooling2D):
        return following[0]
    return None
