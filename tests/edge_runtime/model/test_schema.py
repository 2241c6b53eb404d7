"""The published schema is that of the dataclasses, and exports are valid by it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import edge_runtime
from edge_runtime.model.file import read_model
from edge_runtime.model.manifest import with_checksum
from edge_runtime.model.schema import manifest_schema
from tests.pipeline import VARIANTS, Pipeline

PUBLISHED = Path(edge_runtime.__file__).parent / "model" / "manifest_schema.json"
TYPES: dict[str, Any] = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float),
    "boolean": bool, "null": type(None),
}  # fmt: skip


def check(value: Any, schema: dict[str, Any], where: str) -> None:
    """The few words of JSON Schema that the manifest's schema uses."""
    names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    assert any(isinstance(value, TYPES[name]) for name in names), where
    for name in schema.get("required", ()):
        assert name in value, f"{where}: {name}"
    for name, inner in schema.get("properties", {}).items():
        if name in value:
            check(value[name], inner, f"{where}.{name}")
    for element in value if "items" in schema and value else ():
        check(element, schema["items"], f"{where}[]")


def test_the_published_schema_is_made_from_the_dataclasses() -> None:
    fresh = json.dumps(manifest_schema(), indent=2, ensure_ascii=False) + "\n"
    assert PUBLISHED.read_text(encoding="utf-8") == fresh, (
        "write it again: json.dumps(edge_runtime.model.schema.manifest_schema(), indent=2)"
    )


@pytest.mark.parametrize("variant", VARIANTS, ids="-".join)
def test_what_is_exported_obeys_it(pipeline: Pipeline, variant: tuple[str, str]) -> None:
    manifest = read_model(pipeline.exports[variant]).manifest
    check(json.loads(with_checksum(manifest.to_json())), manifest_schema(), "manifest")
