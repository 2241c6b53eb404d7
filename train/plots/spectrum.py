"""The power spectrum of the whole clip: level against frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .axes import BLUE, hertz_text, hertz_ticks, title
from .sound import Sound
from .spectra import FLOOR_DBFS, decibels

if TYPE_CHECKING:
    from matplotlib.figure import FigureBase

_LOWEST_HZ = 20.0
_SHOWN_DB = 100.0


def draw_spectrum(figure: FigureBase, sound: Sound) -> None:
    """The mean power of each frequency, on a logarithmic axis."""
    axes = figure.subplots()
    hz, power = sound.spectrum
    level = decibels(power)
    shown = (hz > 0.0) & (hz <= sound.top_hz)
    axes.semilogx(hz[shown], level[shown], color=BLUE, linewidth=1.0)
    axes.fill_between(
        hz[shown], level[shown], FLOOR_DBFS - 40.0, color=BLUE, alpha=0.15, linewidth=0
    )
    axes.set_xlim(_LOWEST_HZ, sound.top_hz)
    ticks = hertz_ticks(_LOWEST_HZ, sound.top_hz)
    axes.set_xticks(ticks, [hertz_text(tick) for tick in ticks])
    axes.tick_params(axis="x", which="minor", labelbottom=False)
    top = max(10.0 * np.ceil(float(level[shown].max()) / 10.0) + 5.0, FLOOR_DBFS + 50.0)
    softest = 10.0 * np.floor(float(level[shown & (hz >= _LOWEST_HZ)].min()) / 10.0)
    axes.set_ylim(max(top - _SHOWN_DB, min(softest, top - 50.0)), top)
    axes.set_xlabel("frequency (Hz)")
    axes.set_ylabel("power (dBFS)")
    axes.grid(alpha=0.3, which="both")
    title(axes, f"Power spectrum: mean of the clip, in bins of {hz[1]:.1f} Hz")
