"""The waveform: amplitude against time."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from edge_runtime.audio.conditioning import SILENCE_FLOOR_DBFS, level_dbfs

from .axes import time_axis, title
from .colours import BLUE, LIGHT_BLUE
from .sound import Sound

if TYPE_CHECKING:
    from .axes import Canvas

_STEPS = 1500
"""Stretches of a long clip: about one for each pixel"""


def draw_waveform(figure: Canvas, sound: Sound) -> None:
    """Every sample of a short clip as a line; of a long one the extremes and the RMS."""
    axes = figure.subplots()
    samples = sound.samples
    peak = float(max(samples.max(), -samples.min()))
    if len(samples) <= 2 * _STEPS:
        times = sound.start + np.arange(len(samples)) / sound.rate
        axes.plot(times, samples, color=BLUE, linewidth=0.9, marker="." * (len(samples) < 100))
    else:
        times, low, high, rms = envelope(samples, sound.rate)
        times = sound.start + times
        # The line keeps stretches visible in which the extremes are equal, as in silence.
        axes.fill_between(times, low, high, color=LIGHT_BLUE, linewidth=0.6, label="extremes")
        axes.fill_between(times, -rms, rms, color=BLUE, linewidth=0, label="± RMS")
        axes.legend(
            loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False, borderaxespad=0.2
        )
    axes.axhline(0.0, color="0.4", linewidth=0.5)
    limit = 1.1 * peak if peak else 1.0
    axes.set_ylim(-limit, limit)
    axes.set_ylabel("amplitude (full scale = 1)")
    peak_dbfs = max(SILENCE_FLOOR_DBFS, 20.0 * float(np.log10(max(peak, 1e-12))))
    title(axes, f"Waveform: peak {_db(peak_dbfs)}, RMS {_db(level_dbfs(samples))}")
    axes.grid(alpha=0.3)
    time_axis(axes, sound)


def envelope(samples: npt.NDArray[np.float32], rate: int) -> tuple[npt.NDArray[np.float64], ...]:
    """What a long waveform looks like from afar.

    Returns
    -------
    seconds, low, high, rms : (stretches,) float64
        Middle of each stretch, its smallest and largest sample, and its root mean square.
    """
    edges = np.linspace(0, len(samples), _STEPS + 1).astype(np.int64)
    pieces = [samples[first:end] for first, end in pairwise(edges)]
    return (
        (edges[:-1] + edges[1:]) / (2.0 * rate),
        np.array([piece.min() for piece in pieces], np.float64),
        np.array([piece.max() for piece in pieces], np.float64),
        np.sqrt([float(np.dot(piece, piece)) / len(piece) for piece in pieces]),
    )


def _db(level: float) -> str:
    if level <= SILENCE_FLOOR_DBFS:
        return f"below {SILENCE_FLOOR_DBFS:.0f} dBFS".replace("-", "−")
    return f"{level:.1f} dBFS".replace("-", "−")
