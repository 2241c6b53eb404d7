"""The published schema is that of the dataclasses, and exports are valid by it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import edge_runtime
from edge_runtime.model.file import read_model
from edge_runtime.model.manifest import CHECKSUM_KEY, with_checksum
from tests.pipeline import VARIANTS, Pipeline

from ..manifests import FAKE_TFLITE, manifest_for
from .schema import manifest_schema

PUBLISHED = Path(edge_runtime.__file__).parent / "model" / "manifest_schema.json"
VALIDATOR = jsonschema.Draft202012Validator(json.loads(PUBLISHED.read_text(encoding="utf-8")))


def test_the_published_schema_is_made_from_the_dataclasses() -> None:
    fresh = json.dumps(manifest_schema(), indent=2, ensure_ascii=False) + "\n"
    assert PUBLISHED.read_text(encoding="utf-8") == fresh, (
        "write it again: json.dumps(tests.edge_runtime.model.schema.manifest_schema(), indent=2)"
    )


@pytest.mark.parametrize("variant", VARIANTS, ids="-".join)
def test_what_is_exported_obeys_it(pipeline: Pipeline, variant: tuple[str, str]) -> None:
    manifest = read_model(pipeline.exports[variant]).manifest
    VALIDATOR.validate(json.loads(with_checksum(manifest.to_json())))


def test_it_is_a_schema() -> None:
    VALIDATOR.check_schema(VALIDATOR.schema)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"labels": "jazz"}, "$.labels"),
        ({"labels": ["jazz", 7]}, "$.labels[1]"),
        ({"temperature": "1"}, "$.temperature"),
        ({"rejected": None}, "$.rejected"),
        ({"weights": {"format": "tflite", "quantization": "none", "bytes": 1.5, "sha256": ""}},
         "$.weights.bytes"),
        ({"weights": {"format": "tflite", "quantization": "none", "bytes": 1}}, "$.weights"),
        ({CHECKSUM_KEY: 7}, f"$.{CHECKSUM_KEY}"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_not_valid(changes: dict[str, Any], where: str) -> None:
    manifest = json.loads(with_checksum(manifest_for(FAKE_TFLITE).to_json()))
    VALIDATOR.validate(manifest)
    with pytest.raises(jsonschema.ValidationError) as caught:
        VALIDATOR.validate({**manifest, **changes})
    assert caught.value.json_path == where
