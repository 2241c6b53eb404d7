"""The power spectrum of the whole clip: level against frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .axes import hertz_text, hertz_ticks, title
from .colours import BLUE, LIGHT_BLUE
from .sound import Sound
from .spectra import FLOOR_DBFS, decibels

if TYPE_CHECKING:
    from .axes import Canvas

_LOWEST_HZ = 20.0
_SHOWN_DB = 100.0
_OCTAVE_SHARE = 6
_DEEPEST = 2.0
"""Percentile of the levels at which the axis ends: the drop at the very end may fall out of it"""


def draw_spectrum(figure: Canvas, sound: Sound) -> None:
    """The mean power of each frequency, on a logarithmic axis."""
    axes = figure.subplots()
    hz, power = sound.spectrum
    width = hz[1]
    audible = (hz >= _LOWEST_HZ) & (hz <= sound.top_hz)
    hz, power = hz[audible], power[audible]
    level = decibels(power)
    axes.semilogx(hz, level, color=LIGHT_BLUE, linewidth=0.8, label=f"bins of {width:.3g} Hz")
    label = f"mean of 1/{_OCTAVE_SHARE} octave"
    axes.plot(hz, decibels(octave_means(hz, power)), color=BLUE, linewidth=1.8, label=label)
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False, borderaxespad=0.2
    )
    axes.set_xlim(_LOWEST_HZ, sound.top_hz)
    ticks = hertz_ticks(_LOWEST_HZ, sound.top_hz)
    axes.set_xticks(ticks, [hertz_text(tick) for tick in ticks])
    axes.tick_params(axis="x", which="minor", labelbottom=False)
    top = max(10.0 * np.ceil(float(level.max()) / 10.0) + 5.0, FLOOR_DBFS + 50.0)
    bottom = 10.0 * np.floor(float(np.percentile(level, _DEEPEST)) / 10.0) - 5.0
    axes.set_ylim(min(max(bottom, top - _SHOWN_DB), top - 50.0), top)
    axes.set_xlabel("frequency (Hz)")
    axes.set_ylabel("power (dBFS)")
    axes.grid(alpha=0.3, which="both")
    title(axes, "Power spectrum: mean over the clip")


def octave_means(
    hz: npt.NDArray[np.float64], power: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Mean power of the bins that lie within a sixth of an octave around each frequency.

    Parameters
    ----------
    hz : (bins,) float64
        Ascending.
    power : (bins,) float64
    """
    reach = 2.0 ** (0.5 / _OCTAVE_SHARE)
    first = np.searchsorted(hz, hz / reach, side="left")
    behind = np.searchsorted(hz, hz * reach, side="right")
    total = np.concatenate([[0.0], np.cumsum(power)])
    return (total[behind] - total[first]) / (behind - first)
