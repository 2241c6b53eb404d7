"""JSON values to frozen dataclasses, with each type checked."""

from __future__ import annotations

import dataclasses
import math
import types
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from ..errors import ModelFileError, ParameterError

_T = TypeVar("_T")


def dataclass_from_json(cls: type[_T], values: dict[str, Any], where: str) -> _T:
    """Build a frozen dataclass from the values of a JSON object.

    Parameters
    ----------
    cls : type
        A dataclass, of fields that are numbers, strings, dicts, tuples or such dataclasses.
    values : dict
        Unknown keys are ignored.
    where : str
        How to begin the message of an error.

    Raises
    ------
    ModelFileError
        If a key is missing, of the wrong type, or refused by the dataclass.
    """
    hints = get_type_hints(cls)
    arguments = {}
    for item in dataclasses.fields(cls):  # type: ignore[arg-type]  # every cls is a dataclass
        if item.name in values:
            arguments[item.name] = _value(hints[item.name], values[item.name], where, item.name)
        elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            raise ModelFileError(f"{where}: key {item.name!r} is missing; export the model again")
    try:
        return cls(**arguments)
    except ParameterError as error:
        raise ModelFileError(f"{where}: {error}") from None


def _value(hint: Any, value: Any, where: str, name: str) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return _value(next(h for h in get_args(hint) if h is not type(None)), value, where, name)
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return dataclass_from_json(hint, value, f"{where}: {name}")  # type: ignore[arg-type]
    if origin is tuple and isinstance(value, list):
        return tuple(_value(get_args(hint)[0], element, where, name) for element in value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value) if abs(value) < 2**63 else math.inf  # float() of more may overflow
    if isinstance(value, origin or hint) and not (hint is int and isinstance(value, bool)):
        return value
    expected = getattr(origin or hint, "__name__", str(hint))
    raise ModelFileError(f"{where}: key {name!r} is {value!r}; it must be a {expected}")
