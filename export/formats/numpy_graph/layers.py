"""What each Keras layer becomes in the graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ExportParityError

from .draft import Draft

_Shape = tuple[int, ...]


@dataclass(frozen=True)
class Call:
    """A layer where it is called."""

    layer: Any
    """Keras layer or operation"""
    name: str
    inputs: tuple[str, ...]
    """What the layers of its inputs are called in the graph"""
    input_shapes: tuple[_Shape, ...]
    """Without the batch"""
    output_shapes: tuple[_Shape, ...]


def add_layer(call: Call, draft: Draft) -> str:
    """Add a Keras layer to the graph; what its output is called there.

    Raises
    ------
    ExportParityError
        If the NumPy backend does not run it, or not as it is set.
    """
    import keras

    kinds = {getattr(keras.layers, name): converter for name, converter in _CONVERTERS.items()}
    converter = kinds.get(type(call.layer))  # exactly: what a subclass does is unknown
    if converter is None:
        refuse(call, "which the NumPy backend does not run")
    if any(None in shape for shape in call.output_shapes) or len(call.output_shapes) != 1:
        refuse(call, "whose outputs are not one tensor of fixed size")
    if len(call.inputs) != 1 and converter not in _OF_SEVERAL:
        refuse(call, f"with {len(call.inputs)} inputs, of which the NumPy backend takes one")
    if getattr(call.layer, "data_format", "channels_last") != "channels_last":
        refuse(call, "with channels first; train it with channels last")
    return converter(call, draft)


def refuse(call: Call, why: str) -> NoReturn:
    """Raise the error that names the layer."""
    raise ExportParityError(
        f"NumPy: layer {call.name!r} is a {type(call.layer).__name__} {why}; export the model as "
        "TFLite or ONNX, or change the layer"
    )


def _convolution(call: Call, draft: Draft) -> str:
    layer = call.layer
    if layer.groups != 1:
        refuse(call, f"with {layer.groups} groups")
    return _on_map(call, draft, [("conv2d", "", _array(layer.kernel))])


def _depthwise(call: Call, draft: Draft) -> str:
    return _on_map(call, draft, [("depthwise_conv2d", "", _array(call.layer.kernel))])


def _separable(call: Call, draft: Draft) -> str:
    layer = call.layer
    return _on_map(
        call,
        draft,
        [
            ("depthwise_conv2d", ".depthwise", _array(layer.depthwise_kernel)),
            ("conv2d", "", _array(layer.pointwise_kernel)),
        ],
    )


def _on_map(call: Call, draft: Draft, kernels: list[tuple[str, str, npt.NDArray[Any]]]) -> str:
    """Convolutions, the last with the bias and the activation; over time alone, a map is 1 wide."""
    layer = call.layer
    if layer.padding not in ("valid", "same"):
        refuse(call, f"with padding {layer.padding!r}")
    over_time = len(call.input_shapes[0]) == 2
    name = _to_map(call, draft)
    for place, (op, suffix, kernel) in enumerate(kernels):
        weights = {"kernel": kernel[:, np.newaxis] if over_time else kernel}
        if place == len(kernels) - 1 and layer.use_bias:
            weights["bias"] = _array(layer.bias)
        name = draft.add(
            op,
            f"{call.name}{suffix}",
            name,
            weights=weights,
            strides=_pair(layer.strides) if place == 0 else [1, 1],
            padding=layer.padding,
            dilation=_pair(layer.dilation_rate) if place == 0 else [1, 1],
        )
    return _activated(call, draft, _from_map(call, draft, name), layer.activation)


def _to_map(call: Call, draft: Draft) -> str:
    shape = call.input_shapes[0]
    if len(shape) == 3:
        return call.inputs[0]
    return draft.add("reshape", f"{call.name}.map", call.inputs[0], shape=[shape[0], 1, shape[1]])


def _from_map(call: Call, draft: Draft, name: str) -> str:
    shape = call.output_shapes[0]
    if len(shape) == 3:
        return name
    return draft.add("reshape", f"{call.name}.sequence", name, shape=list(shape))


def _pool(op: str) -> Callable[[Call, Draft], str]:
    def converter(call: Call, draft: Draft) -> str:
        layer = call.layer
        name = draft.add(
            op,
            call.name,
            _to_map(call, draft),
            pool_size=_pair(layer.pool_size),
            strides=_pair(layer.strides),
            padding=layer.padding,
        )
        return _from_map(call, draft, name)

    return converter


def _global_pool(op: str) -> Callable[[Call, Draft], str]:
    def converter(call: Call, draft: Draft) -> str:
        name = draft.add(op, call.name, call.inputs[0])
        if not call.layer.keepdims:
            return name
        shape = list(call.output_shapes[0])
        return draft.add("reshape", f"{call.name}.keepdims", name, shape=shape)

    return converter


def _dense(call: Call, draft: Draft) -> str:
    layer = call.layer
    weights = {"kernel": _array(layer.kernel)}
    if layer.use_bias:
        weights["bias"] = _array(layer.bias)
    name = draft.add("dense", call.name, call.inputs[0], weights=weights)
    return _activated(call, draft, name, layer.activation)


def _batch_norm(call: Call, draft: Draft) -> str:
    layer = call.layer
    axis = layer.axis[0] if isinstance(layer.axis, list | tuple) else layer.axis
    if axis not in (-1, len(call.input_shapes[0])):
        refuse(call, f"over axis {axis}; only the last one is run")
    scale = 1.0 / np.sqrt(_array(layer.moving_variance) + layer.epsilon)
    if layer.scale:
        scale *= _array(layer.gamma)
    shift = -_array(layer.moving_mean) * scale
    if layer.center:
        shift += _array(layer.beta)
    weights = {"scale": scale, "shift": shift}
    return draft.add("scale_shift", call.name, call.inputs[0], weights=weights)


def _gru(call: Call, draft: Draft) -> str:
    layer = call.layer
    activations = (_name_of(layer.activation), _name_of(layer.recurrent_activation))
    if activations != ("tanh", "sigmoid"):
        refuse(call, f"with activations {' and '.join(activations)}, not tanh and sigmoid")
    if layer.stateful:
        refuse(call, "with a state that outlasts a window; windows are independent")
    size = 3 * layer.units
    bias = _array(layer.cell.bias) if layer.use_bias else np.zeros((2, size))
    weights = {
        "kernel": _array(layer.cell.kernel),
        "recurrent_kernel": _array(layer.cell.recurrent_kernel),
        "bias": bias.reshape(-1, size)[0],
    }
    if layer.reset_after:
        weights["recurrent_bias"] = bias[1]
    return draft.add(
        "gru",
        call.name,
        call.inputs[0],
        weights=weights,
        reset_after=bool(layer.reset_after),
        go_backwards=bool(layer.go_backwards),
        return_sequences=bool(layer.return_sequences),
    )


def _reshaped(call: Call, draft: Draft) -> str:
    return draft.add("reshape", call.name, call.inputs[0], shape=list(call.output_shapes[0]))


def _permuted(call: Call, draft: Draft) -> str:
    axes = [axis - 1 for axis in call.layer.dims]  # Keras counts the batch
    return draft.add("permute", call.name, call.inputs[0], axes=axes)


def _merged(op: str) -> Callable[[Call, Draft], str]:
    def converter(call: Call, draft: Draft) -> str:
        if len({len(shape) for shape in call.input_shapes}) != 1:
            refuse(call, f"of shapes {', '.join(map(str, call.input_shapes))}")
        return draft.add(op, call.name, *call.inputs)

    return converter


def _concatenated(call: Call, draft: Draft) -> str:
    axes = len(call.output_shapes[0]) + 1
    axis = call.layer.axis % axes
    if axis == 0:
        refuse(call, "over the batch")
    return draft.add("concatenate", call.name, *call.inputs, axis=[axis - 1])


def _margins(op: str, argument: str) -> Callable[[Call, Draft], str]:
    """Margins of the map put on or taken off; over time alone there are none beside it."""

    def converter(call: Call, draft: Draft) -> str:
        margins = getattr(call.layer, argument)
        over_time = len(call.input_shapes[0]) == 2
        rows, columns = (margins, (0, 0)) if over_time else margins
        name = draft.add(
            op, call.name, _to_map(call, draft), rows=list(rows), columns=list(columns)
        )
        return _from_map(call, draft, name)

    return converter


def _activation(call: Call, draft: Draft) -> str:
    return _activated(call, draft, call.inputs[0], call.layer.activation)


def _activated(call: Call, draft: Draft, source: str, function: Any) -> str:
    """What an ``activation=`` argument does: a function, or a layer."""
    import keras

    name = f"{call.name}.{_name_of(function)}"
    if isinstance(function, keras.layers.Layer):
        shape = call.output_shapes
        return add_layer(Call(function, name, (source,), shape, shape), draft)
    if function in (None, keras.activations.linear):
        return source
    operations: dict[Any, tuple[str, dict[str, Any]]] = {
        keras.activations.relu: ("relu", {}),
        keras.activations.relu6: ("relu", {"max_value": 6.0}),
        keras.activations.leaky_relu: ("leaky_relu", {"slope": 0.2}),
        keras.activations.elu: ("elu", {"alpha": 1.0}),
        keras.activations.sigmoid: ("sigmoid", {}),
        keras.activations.tanh: ("tanh", {}),
        keras.activations.silu: ("swish", {}),
        keras.activations.softmax: ("softmax", {}),
    }
    if function not in operations:
        refuse(call, f"with activation {_name_of(function)}, which the NumPy backend does not run")
    op, attributes = operations[function]
    return draft.add(op, name, source, **attributes)


def _relu(call: Call, draft: Draft) -> str:
    layer = call.layer
    if layer.threshold or (layer.negative_slope and layer.max_value is not None):
        refuse(call, "with a threshold, or with a negative slope and a largest value")
    if layer.negative_slope:
        return _leaky_relu(call, draft)
    limit: dict[str, Any] = {} if layer.max_value is None else {"max_value": float(layer.max_value)}
    return draft.add("relu", call.name, call.inputs[0], **limit)


def _leaky_relu(call: Call, draft: Draft) -> str:
    slope = float(call.layer.negative_slope)
    return draft.add("leaky_relu", call.name, call.inputs[0], slope=slope)


def _elu(call: Call, draft: Draft) -> str:
    return draft.add("elu", call.name, call.inputs[0], alpha=float(call.layer.alpha))


def _softmax(call: Call, draft: Draft) -> str:
    if call.layer.axis not in (-1, len(call.output_shapes[0])):
        refuse(call, f"over axis {call.layer.axis}; only the last one is run")
    return draft.add("softmax", call.name, call.inputs[0])


def _nothing(call: Call, draft: Draft) -> str:
    return call.inputs[0]


def _array(variable: Any) -> npt.NDArray[np.float64]:
    import keras

    return np.asarray(keras.ops.convert_to_numpy(variable), np.float64)


def _pair(sizes: Any) -> list[int]:
    """Two sizes; over time alone the other one is 1."""
    values = [int(size) for size in np.atleast_1d(sizes)]
    return values if len(values) == 2 else [values[0], 1]


def _name_of(function: Any) -> str:
    return str(getattr(function, "__name__", None) or getattr(function, "name", function))


_add, _multiply = _merged("add"), _merged("multiply")

_OF_SEVERAL = (_add, _multiply, _concatenated)

_CONVERTERS: dict[str, Callable[[Call, Draft], str]] = {
    "Activation": _activation,
    "Add": _add,
    "AveragePooling1D": _pool("average_pool"),
    "AveragePooling2D": _pool("average_pool"),
    "BatchNormalization": _batch_norm,
    "Concatenate": _concatenated,
    "Conv1D": _convolution,
    "Conv2D": _convolution,
    "Cropping1D": _margins("cropping", "cropping"),
    "Cropping2D": _margins("cropping", "cropping"),
    "Dense": _dense,
    "DepthwiseConv1D": _depthwise,
    "DepthwiseConv2D": _depthwise,
    "Dropout": _nothing,
    "ELU": _elu,
    "Flatten": _reshaped,
    "GRU": _gru,
    "GlobalAveragePooling1D": _global_pool("global_average_pool"),
    "GlobalAveragePooling2D": _global_pool("global_average_pool"),
    "GlobalMaxPooling1D": _global_pool("global_max_pool"),
    "GlobalMaxPooling2D": _global_pool("global_max_pool"),
    "LeakyReLU": _leaky_relu,
    "MaxPooling1D": _pool("max_pool"),
    "MaxPooling2D": _pool("max_pool"),
    "Multiply": _multiply,
    "Permute": _permuted,
    "ReLU": _relu,
    "Reshape": _reshaped,
    "SeparableConv1D": _separable,
    "SeparableConv2D": _separable,
    "Softmax": _softmax,
    "SpatialDropout1D": _nothing,
    "SpatialDropout2D": _nothing,
    "ZeroPadding1D": _margins("zero_padding", "padding"),
    "ZeroPadding2D": _margins("zero_padding", "padding"),
}
