"""JSON that every browser can read."""

from __future__ import annotations

import json
import math
from typing import Any


def to_json(value: Any) -> str:
    """One line of JSON; numbers that are not finite, which JSON has no word for, become null."""
    # Escaped, because a file's name may hold what cannot be encoded.
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
