"""The colours of genres, the same on a terminal and on the web page."""

from __future__ import annotations

from ...decoder import NOT_MUSIC, OTHER

# Okabe and Ito's palette, safe for colour-blind eyes, with two greys apart from it for the last.
PALETTE = (
    "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2",
    "#D55E00", "#CC79A7", "#B2DF8A", "#CAB2D6", "#8C6D31",
)  # fmt: skip


OTHER_COLOUR, NOT_MUSIC_COLOUR = "#7688BE", "#70644C"
"""Of music of no genre that the model knows, and of what is no music. Paler than the palette's, and
12 or more (CIE 1976) from each of those and from the page's grey, for colour-blind eyes as well"""
_OF_NO_GENRE = {OTHER: OTHER_COLOUR, NOT_MUSIC: NOT_MUSIC_COLOUR}


def colour_of(label: str, labels: tuple[str, ...]) -> str | None:
    """Colour of a label of a model; None for `silence` and `unknown`, which have none."""
    if label not in labels:
        return None
    return _OF_NO_GENRE.get(label, PALETTE[labels.index(label) % len(PALETTE)])
