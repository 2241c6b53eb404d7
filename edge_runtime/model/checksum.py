"""The checksum of a manifest, inside the manifest itself.

It tells a file that was edited by hand, or damaged, from one that ``edge-genre export`` wrote. It
is no signature: whoever computes it anew can write what they like.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ..errors import ModelFileError

SEAL = "manifest_sha256"
"""Key of the checksum; it covers all other keys and their values, whatever the layout."""


def sealed(text: str) -> str:
    """A manifest's JSON with its checksum as the last key."""
    values = json.loads(text)
    return json.dumps({**values, SEAL: _digest(values)}, indent=2, ensure_ascii=False) + "\n"


def check_seal(text: str, source: str) -> None:
    """Refuse a manifest that was changed after it was written.

    Manifests of schema 1.0 were written without a checksum and are let through; so is what is no
    JSON object, which whoever reads it will refuse.

    Raises
    ------
    ModelFileError
        If the checksum does not match, or is missing where there must be one.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return
    if not isinstance(values, dict):
        return
    expected = values.pop(SEAL, None)
    if expected is None and values.get("schema_version") == "1.0":
        return
    if expected != _digest(values):
        raise ModelFileError(
            f"{source}: its manifest does not match its own checksum: it was edited by hand or "
            "damaged; to change labels or decoder settings use: edge-genre export --from"
        )


def _digest(values: dict[str, Any]) -> str:
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
