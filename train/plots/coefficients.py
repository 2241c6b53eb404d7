"""The MFCCs: the input of the student report's network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .axes import colour_bar, column_edges, picture, time_axis, title
from .sound import Sound
from .spectra import columns, mfcc

if TYPE_CHECKING:
    from .axes import Canvas

_BOTH_SIGNS = "PuOr_r"
"""Two hues that no common colour blindness confuses, white at 0"""
_NEARLY_ALL = 99.5
"""Percentile of the magnitudes at which the colours end: a few clicks must not pale the rest"""
_LINEAR_DB = 15.0
"""Colours are linear up to about here, then logarithmic: coefficient 1 is several times as large
as 12"""
_TICKS_DB = (-400, -200, -100, -50, -20, -10, 0, 10, 20, 50, 100, 200, 400)
_FADES = 1.0
"""Percentile of coefficient 0 at which its colours begin: a fade-out is ten times as deep as the
music"""

_SHARP = 12
"""Rows per coefficient: matplotlib smooths columns where they are many, and must not blur these"""


def draw_mfcc(figure: Canvas, sound: Sound) -> None:
    """Coefficient 0 apart from the others: it is ten times as large and would drown them."""
    from matplotlib.colors import AsinhNorm
    from matplotlib.ticker import ScalarFormatter

    rows, share = columns(mfcc(sound.log_mel, sound.params))
    coefficients = rows.T
    edges = column_edges(sound, len(rows), share)
    n = len(coefficients)
    upper, lower = figure.subplots(2, 1, height_ratios=(max(3, n - 1), 2.2))
    others = coefficients[1:]
    limit = max(20.0, float(np.percentile(np.abs(others), _NEARLY_ALL))) if n > 1 else 20.0
    image = picture(
        upper,
        sound,
        np.repeat(others, _SHARP, axis=0),
        seconds=edges,
        vertical=(0.5, max(n, 2) - 0.5),
        norm=AsinhNorm(_LINEAR_DB, -limit, limit),
        cmap=_BOTH_SIGNS,
    )
    ticks = [tick for tick in _TICKS_DB if abs(tick) <= limit]
    colour_bar(
        figure, image, upper, "value (dB)", extend="both", ticks=ticks, format=ScalarFormatter()
    )
    upper.set_yticks(range(1, n, 1 if n <= 24 else 5))
    upper.set_ylabel("coefficient")
    title(upper, f"MFCCs: {n} from {sound.params.n_mels} mel bands; 0 (level) has its own scale")
    time_axis(upper, sound, label=False)
    first = coefficients[:1]
    low, high = float(np.percentile(first, _FADES)), float(first.max())
    image = picture(
        lower,
        sound,
        first,
        seconds=edges,
        vertical=(-0.5, 0.5),
        vmin=low,
        vmax=max(high, low + 1.0),
    )
    colour_bar(figure, image, lower, "(dB)", extend="min")
    lower.set_yticks([0])
    time_axis(lower, sound)
