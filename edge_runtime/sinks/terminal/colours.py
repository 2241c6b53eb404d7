"""The colours of genres, the same on a terminal and on the web page."""

from __future__ import annotations

# Okabe and Ito's palette, safe for colour-blind eyes, with two greys apart from it for the last.
PALETTE = (
    "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2",
    "#D55E00", "#CC79A7", "#B2DF8A", "#CAB2D6", "#8C6D31",
)  # fmt: skip


def colour_of(label: str, labels: tuple[str, ...]) -> str | None:
    """Colour of a label of a model; None for `silence` and `unknown`, which have none."""
    return PALETTE[labels.index(label) % len(PALETTE)] if label in labels else None
