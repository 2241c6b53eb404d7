"""What stays the same while a stream is classified."""

import pytest

from edge_runtime.model.manifest import Tag
from edge_runtime.stream.session import Session
from tests.edge_runtime.tagged_models import STYLES, tagged_model


@pytest.mark.parametrize(
    ("kinds", "styles", "names_style", "names_mood"),
    [
        ((), False, False, False), (("genre",), False, True, False),
        (("mood", "era"), False, False, True), ((), True, True, False),
    ],
)  # fmt: skip
def test_only_what_a_model_has_tags_for_is_named(*, kinds, styles, names_style, names_mood):
    named = tuple(Tag(name=kind, kind=kind, base_rate=0.1) for kind in kinds)
    logits = (0.0,) * (4 + len(named) + len(STYLES) * styles)
    model = tagged_model(logits, tags=named, styles=STYLES if styles else ())
    shown = Session(source="mic", manifest=model.manifest, interval_s=1.0)
    assert (shown.names_style, shown.names_mood) == (names_style, names_mood)
