"""How many threads numpy's matrix products use, while a network runs.

OpenBLAS takes every core for products that are larger than a few thousand numbers. For networks of
a device's size that is slower than one thread, and on a busy machine several times slower.
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

_SPELLINGS = ("scipy_openblas_{}64_", "openblas_{}64_", "scipy_openblas_{}", "openblas_{}")
"""numpy's wheels rename the functions of the OpenBLAS that they bring; Debian's does not"""


@contextmanager
def blas_threads(count: int) -> Iterator[None]:
    """Run matrix products with so many threads; another BLAS than OpenBLAS does as it likes.

    The number belongs to the process, so that of the program around us is set again afterwards.
    """
    functions = _functions()
    if functions is None:
        yield
        return
    get, put = functions
    before = get()
    if before != count:
        put(count)
    try:
        yield
    finally:
        if before != count:
            put(before)


@cache
def _functions() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """OpenBLAS's getter and setter, looked up in what numpy's own extension is linked with."""
    try:
        extension = importlib.import_module("numpy.linalg._umath_linalg")
        library = ctypes.CDLL(str(extension.__file__))
    except (ImportError, OSError, AttributeError):
        return None
    for spelling in _SPELLINGS:
        get = getattr(library, spelling.format("get_num_threads"), None)
        put = getattr(library, spelling.format("set_num_threads"), None)
        if get and put:
            get.argtypes, get.restype = [], ctypes.c_int
            put.argtypes, put.restype = [ctypes.c_int], None
            return get, put
    return None
