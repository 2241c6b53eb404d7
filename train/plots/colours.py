"""Colours for any colour vision (M. Okabe and K. Ito, "Color Universal Design", 2008)."""

from __future__ import annotations

from collections.abc import Iterable

from edge_runtime.sinks.terminal.colours import NOT_MUSIC_COLOUR, OTHER_COLOUR

BLUE, ORANGE, VERMILION = "#0072B2", "#E69F00", "#D55E00"
LIGHT_BLUE = "#8CC4E8"
"""Beside `BLUE`, for what lies behind it"""

PALETTE = (
    BLUE, "#F0E442", "#332288", "#CC79A7", "#009E73", ORANGE, "#000000", "#56B4E9", "#7F0036",
    VERMILION,
)  # fmt: skip
"""Okabe and Ito's eight, an indigo and a wine red.

At least 15 apart (CIE 1976) for normal eyes and, simulated after Machado et al. (2009), for all
three kinds of colour blindness.
"""
SILENCE_GREY, UNKNOWN_GREY, OTHERS_GREY = "#8A8A8A", "#B8B8B8", "#E3E3E3"
HATCHES = {SILENCE_GREY: "//", UNKNOWN_GREY: "..", OTHER_COLOUR: "\\\\", NOT_MUSIC_COLOUR: "xx"}
"""What is pale may look like a genre's colour to the colour-blind; its pattern does not."""


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
    """Black or white, whichever has more contrast to a colour (WCAG 2)."""
    luminance = 0.0
    for i, weight in ((1, 0.2126), (3, 0.7152), (5, 0.0722)):
        value = int(background[i : i + 2], 16) / 255
        luminance += weight * (
            value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        )
    return "black" if luminance > 0.179 else "white"
