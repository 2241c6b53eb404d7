"""The MFCCs: what a network of the student report's kind hears."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .axes import DB_COLOURS, colour_bar, column_edges, picture, time_axis, title
from .sound import Sound
from .spectra import columns, mfcc

if TYPE_CHECKING:
    from matplotlib.figure import FigureBase

_BOTH_SIGNS = "PuOr_r"
"""Two hues that no common colour blindness confuses, white at 0"""
_NEARLY_ALL = 99.5
"""Percentile of the magnitudes at which the colours end: a few clicks must not pale the rest"""


def draw_mfcc(figure: FigureBase, sound: Sound) -> None:
    """Coefficient 0 apart from the others: it is ten times as large and would drown them."""
    rows, share = columns(mfcc(sound.log_mel, sound.params))
    coefficients = rows.T
    edges = column_edges(sound, len(rows), share)
    n = len(coefficients)
    upper, lower = figure.subplots(2, 1, height_ratios=(max(3, n - 1), 2.2))
    others = coefficients[1:]
    if n > 1:
        limit = max(1.0, float(np.percentile(np.abs(others), _NEARLY_ALL)))
        image = picture(
            upper,
            sound,
            others,
            seconds=edges,
            vertical=(0.5, n - 0.5),
            limits=(-limit, limit),
            colours=_BOTH_SIGNS,
        )
        image.set_interpolation("nearest")
        colour_bar(figure, image, upper, "value (dB)")
        upper.set_yticks(range(1, n, 1 if n <= 24 else 5))
    upper.set_ylabel("coefficient")
    title(
        upper, f"MFCCs: {n} from {sound.params.n_mels} mel bands; 0, the level, has its own scale"
    )
    time_axis(upper, sound, label=False)
    first = coefficients[:1]
    low, high = float(first.min()), float(first.max())
    image = picture(
        lower,
        sound,
        first,
        seconds=edges,
        vertical=(-0.5, 0.5),
        limits=(low, max(high, low + 1.0)),
        colours=DB_COLOURS,
    )
    figure.colorbar(image, ax=lower, label="(dB)", pad=0.01, fraction=0.06, aspect=4)
    lower.set_yticks([0])
    time_axis(lower, sound)
