"""A session of a model that says more of music than its genre."""

from __future__ import annotations

from edge_runtime.decoder import NOT_MUSIC, OTHER
from edge_runtime.stream.session import Session
from tests.edge_runtime.tagged_models import tagged_model


def tagged_session() -> Session:
    """Of a model with blues and jazz, what is neither, six tags and five styles."""
    model = tagged_model(labels=("blues", "jazz", OTHER, NOT_MUSIC))
    return Session(source="mic", manifest=model.manifest, interval_s=1.0)
