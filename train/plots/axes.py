"""What the figures share: axes in s, Hz and dB, colour bars, and colours for the colour-blind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .sound import Sound
from .spectra import FLOOR_DBFS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.image import AxesImage

    Canvas = Figure | SubFigure
    """A page, or a part of one"""

DB_COLOURS = "magma"
"""Perceptually uniform, and the level can be read from the lightness alone"""
RANGE_DB = 80.0
"""Below the loudest; softer is as dark as can be"""

_HZ_TICKS = (20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)
_ROOM_FOR_A_LABEL = 0.055
"""Of an axis; closer labels would touch each other"""


def time_axis(axes: Axes, sound: Sound, *, label: bool = True) -> None:
    """Seconds from the start of the file."""
    axes.set_xlim(sound.start, sound.end)
    if label:
        axes.set_xlabel("time (s)")
    else:
        axes.tick_params(labelbottom=False)


def title(axes: Axes, text: str) -> None:
    """Say what is shown, at the left above the axes."""
    axes.set_title(text, loc="left", parse_math=False)


def hertz_ticks(low: float, high: float) -> list[int]:
    """Frequencies in steps of 1, 2 and 5 from `low` to `high`."""
    return [hz for hz in _HZ_TICKS if low <= hz <= high]


def hertz_text(hz: float) -> str:
    """A frequency as tick labels have it: ``500``, ``2k``."""
    return f"{hz / 1000:g}k" if hz >= 1000 else f"{hz:g}"


def apart(places: list[float], span: float) -> list[bool]:
    """Which of some ascending places on an axis get a label, so that no two touch."""
    chosen = [False] * len(places)
    above = float("inf")
    for index in reversed(range(len(places))):
        if above - places[index] >= _ROOM_FOR_A_LABEL * span:
            chosen[index], above = True, places[index]
    return chosen


def decibel_range(
    values: npt.NDArray[np.floating], floor: float = FLOOR_DBFS
) -> tuple[float, float]:
    """Lower and upper end of a colour bar: whole steps of 5 dB, `RANGE_DB` apart.

    Silence lies at the lower end, not in the middle.
    """
    top = max(5.0 * np.ceil(float(values.max()) / 5.0), floor + RANGE_DB)
    return top - RANGE_DB, top


def picture(
    axes: Axes,
    sound: Sound,
    values: npt.NDArray[np.floating],
    *,
    seconds: tuple[float, float],
    vertical: tuple[float, float],
    **how: Any,
) -> AxesImage:
    """Draw values by (row, column), the first row at the bottom.

    Parameters
    ----------
    axes : Axes
    sound : Sound
    values : (rows, columns) float
    seconds : (float, float)
        Outer edges of the first and the last column, from the start of the sound.
    vertical : (float, float)
        Outer edges of the first and the last row.
    **how
        For matplotlib's ``imshow``: above all, the values at the ends of the colours.
    """
    left, right = (sound.start + edge for edge in seconds)
    return axes.imshow(
        values,
        aspect="auto",
        origin="lower",
        extent=(left, right, *vertical),
        # Where a pixel covers several values, its colour is that of their mean.
        **{"cmap": DB_COLOURS, "interpolation_stage": "data", **how},
    )


def column_edges(sound: Sound, n_columns: int, share: int) -> tuple[float, float]:
    """Outer edges of columns that are the mean of `share` frames each, seconds."""
    hop = sound.params.hop_seconds
    return -0.5 * hop, (n_columns * share - 0.5) * hop


def colour_bar(figure: Canvas, image: AxesImage, axes: Axes, label: str, **how: Any) -> None:
    """A scale at the right of the axes, as near in every figure."""
    scale = axes.inset_axes((1.012, 0.0, 0.018, 1.0))
    figure.colorbar(image, cax=scale, label=label, **how)
