"""Attributes, inputs and weights of a layer, each checked before anything is planned with it."""

from __future__ import annotations

from ...errors import ParameterError
from .graph import Layer
from .plan import Array, Inputs, Weights

_INFINITE = 1e38
"""Above it, float32 has nothing."""

_LARGEST = 2**16
"""No size, stride or dilation of a sensible network comes near it."""


def whole_numbers(
    layer: Layer, name: str, *, least: int, count: int | None = None
) -> tuple[int, ...]:
    """An attribute that is a list of whole numbers."""
    values = layer.attributes.get(name)
    if (
        not isinstance(values, list)
        or (count is not None and len(values) != count)
        or not all(type(value) is int and least <= value <= _LARGEST for value in values)
    ):
        size = "" if count is None else f"{count} "
        raise ParameterError(f"{name} is {values!r}; it must be {size}whole numbers from {least}")
    return tuple(values)


def number(layer: Layer, name: str) -> float:
    """An attribute that is a finite number."""
    value = layer.attributes.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _INFINITE:
        raise ParameterError(f"{name} is {value!r}; it must be a finite number")
    return float(value)


def flag(layer: Layer, name: str) -> bool:
    """An attribute that is true or false."""
    value = layer.attributes.get(name)
    if not isinstance(value, bool):
        raise ParameterError(f"{name} is {value!r}; it must be true or false")
    return value


def choice(layer: Layer, name: str, choices: tuple[str, ...]) -> str:
    """An attribute that is one of certain words."""
    value = layer.attributes.get(name)
    if value not in choices:
        raise ParameterError(f"{name} is {value!r}; it must be {' or '.join(choices)}")
    return str(value)


def only(inputs: Inputs, axes: int | None = None) -> Array:
    """The one input, with a certain number of axes."""
    if len(inputs) != 1:
        raise ParameterError(f"has {len(inputs)} inputs; it takes 1")
    if axes is not None and inputs[0].ndim != axes:
        raise ParameterError(f"has an input of shape {inputs[0].shape}; it takes {axes} axes")
    return inputs[0]


def weight(weights: Weights, name: str, *shape: int | None) -> Array:
    """An array of weights, of a certain shape; None where any size goes."""
    if name not in weights:
        raise ParameterError(f"has no weights {name!r}")
    array = weights[name]
    if array.ndim != len(shape) or any(
        expected not in (None, size) for size, expected in zip(array.shape, shape, strict=True)
    ):
        sizes = ", ".join("any" if size is None else str(size) for size in shape)
        raise ParameterError(f"has {name} of shape {array.shape}; it must be ({sizes})")
    return array
