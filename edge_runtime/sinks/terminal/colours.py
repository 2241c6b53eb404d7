"""The colours of genres, the same on a terminal and on the web page."""

from __future__ import annotations

from ...decoder import NOT_MUSIC, OTHER

# Okabe and Ito's palette, safe for colour-blind eyes, with two greys apart from it for the last.
PALETTE = (
    "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2",
    "#D55E00", "#CC79A7", "#B2DF8A", "#CAB2D6", "#8C6D31",
)  # fmt: skip


_OF_NO_GENRE = {OTHER: "#7A88A0", NOT_MUSIC: "#948C82"}
"""A bluish and a brownish grey, darker than those of the palette: music, and none"""


def colour_of(label: str, labels: tuple[str, ...]) -> str | None:
    """Colour of a label of a model; None for `silence` and `unknown`, which have none."""
    if label not in labels:
        return None
    return _OF_NO_GENRE.get(label, PALETTE[labels.index(label) % len(PALETTE)])
