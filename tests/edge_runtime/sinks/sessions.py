"""A session of a model that says more of music than its genre."""

from __future__ import annotations

from typing import Any

from edge_runtime.model.manifest import Manifest, Tag, TensorInfo
from edge_runtime.stream.session import Session
from tests.edge_runtime.manifests import FAKE_TFLITE, manifest_for

TAGS = (
    Tag(name="indie", kind="genre", base_rate=0.1),
    Tag(name="mellow", kind="mood", base_rate=0.1),
    Tag(name="guitar", kind="instrument", base_rate=0.2),
    Tag(name="80s", kind="era", base_rate=0.1),
)
STYLES = (
    Tag(name="techno", kind="genre", family="electronic", base_rate=0.05),
    Tag(name="salsa", kind="genre", family="latin", base_rate=0.05),
)


def tagged_manifest(**values: Any) -> Manifest:
    """Blues and jazz, what is neither, four tags and two styles; `values` replace its fields."""
    fields = {
        "labels": ("blues", "jazz", "other", "not music"),
        "rejected": ("other", "not music"),
        "tags": TAGS,
        "styles": STYLES,
        **values,
    }
    outputs = sum(len(fields[name]) for name in ("labels", "tags", "styles"))
    output = TensorInfo(name="logits", shape=(1, outputs), dtype="float32")
    return manifest_for(FAKE_TFLITE, output=output, **fields)


def tagged_session(**values: Any) -> Session:
    """Of that model."""
    return Session(source="mic", manifest=tagged_manifest(**values), interval_s=1.0)
