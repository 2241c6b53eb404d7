"""Old names of public parameters, which are taken for one more version."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")


def renamed_parameter(old: str, new: str) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """A decorator: the function also takes a parameter by the name that it had before.

    Parameters
    ----------
    old, new : str
        Names of the parameter. A call by the old one gives a `DeprecationWarning`.
    """

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        @functools.wraps(function)
        def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            if old in kwargs and new not in kwargs:
                message = f"the parameter {old} of {function.__qualname__} is now {new}"
                warnings.warn(message, DeprecationWarning, stacklevel=2)
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return call

    return decorate
