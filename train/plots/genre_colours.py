"""Colours of genres that colour-blind people can tell apart."""

from __future__ import annotations

from collections.abc import Iterable

PALETTE = (
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
    "#332288",
    "#882255",
    "#6B4C2A",
)
"""Okabe and Ito's (2008), then three dark ones"""
SILENCE_COLOUR, UNKNOWN_COLOUR, OTHERS_COLOUR = "#5F5F5F", "#9A9A9A", "#E3E3E3"


def genre_colours(labels: tuple[str, ...], shown: Iterable[str]) -> dict[str, str]:
    """A colour for each genre that is shown, all different.

    A model with up to ten genres gives each the same colour in every picture; with more, a genre
    whose colour is taken by one before it in `shown` gets the next that is free.

    Parameters
    ----------
    labels : tuple of str
        All of the model.
    shown : iterable of str
        Ten at most, the most important first.
    """
    free = list(PALETTE)
    colours = {}
    for genre in shown:
        wanted = PALETTE[labels.index(genre) % len(PALETTE)]
        colours[genre] = wanted if wanted in free else free[0]
        free.remove(colours[genre])
    return colours


def text_colour(background: str) -> str:
    """Black or white, whichever is easier to read on a colour."""
    red, green, blue = (int(background[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.45 else "white"
