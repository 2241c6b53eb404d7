"""Values as C source text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

GENERATED = "/* Written by edge-genre export; do not edit. */\n"


def float_literal(value: float) -> str:
    """A float32 that the compiler reads back bit for bit.

    >>> float_literal(0.1), float_literal(1e-10), float_literal(-3.0)
    ('0.100000001f', '1.00000001e-10f', '-3.0f')
    """
    text = f"{np.float32(value):.9g}"
    return f"{text}f" if any(mark in text for mark in ".e") else f"{text}.0f"


def float_array(name: str, values: npt.NDArray[np.generic]) -> str:
    """A constant array of floats, row after row."""
    return _array("float", name, (float_literal(value) for value in values.ravel().tolist()))


def uint16_array(name: str, values: Iterable[int]) -> str:
    """A constant array of 16-bit numbers."""
    return _array("uint16_t", name, map(str, values))


def string_literal(text: str) -> str:
    """A string in UTF-8; what is not plain ASCII is written as octal escapes.

    Octal, because a hexadecimal escape would swallow a digit that follows it. Question marks are
    escaped, too: two of them may begin a trigraph.

    >>> print(string_literal('a "b" ü'))
    "a \\"b\\" \\303\\274"
    """
    plain = {ord('"'): '\\"', ord("\\"): "\\\\"}
    return '"{}"'.format(
        "".join(
            plain.get(byte) or (chr(byte) if 32 <= byte < 127 and byte != 63 else f"\\{byte:03o}")
            for byte in text.encode(errors="backslashreplace")
        )
    )


def wrapped(items: Iterable[str]) -> str:
    """Items between commas, in lines that an editor can show."""
    return textwrap.fill(", ".join(items), 96, initial_indent="  ", subsequent_indent="  ")


def header(guard: str, body: str) -> str:
    """A header file that may be included twice, from C and from C++."""
    return (
        f"{GENERATED}#ifndef {guard}\n#define {guard}\n\n{body.strip()}\n\n#endif /* {guard} */\n"
    )


def _array(kind: str, name: str, items: Iterable[str]) -> str:
    items = list(items)
    return f"static const {kind} {name}[{len(items)}] = {{\n{wrapped(items)}\n}};\n"
