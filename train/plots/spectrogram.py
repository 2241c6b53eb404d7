"""The spectrogram, in linear power and in dB."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .axes import colour_bar, decibel_range, picture, time_axis, title
from .sound import Sound
from .spectra import decibels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

    from .axes import Canvas

_FAINT = 0.01


def draw_spectrogram(figure: Canvas, sound: Sound) -> None:
    """Linear power, which leaves most of the picture dark, and says so."""
    axes = figure.subplots()
    power = sound.spectrogram.power
    most = float(power.max())
    image = _image(axes, sound, power, (0.0, most or 1.0))
    colour_bar(figure, image, axes, "power (full-scale sine = 1)")
    if most:
        faint = float(np.mean(power < _FAINT * most))
        title(
            axes, f"Spectrogram, linear power: {_percent(faint)} of it is below 1 % of its maximum"
        )
    else:
        title(axes, "Spectrogram, linear power: silence")


def draw_log_spectrogram(figure: Canvas, sound: Sound) -> None:
    """The same in dB."""
    axes = figure.subplots()
    level = decibels(sound.spectrogram.power)
    image = _image(axes, sound, level, decibel_range(level))
    colour_bar(figure, image, axes, "power (dBFS)")
    params = sound.params
    title(
        axes,
        f"Log spectrogram: {params.n_fft} samples ({1000 * params.n_fft / sound.rate:.0f} ms) a "
        "frame",
    )


def _image(
    axes: Axes, sound: Sound, values: npt.NDArray[np.float64], limits: tuple[float, float]
) -> AxesImage:
    shown = sound.spectrogram
    bins, n_columns = values.shape
    left = -0.5 * shown.hop_seconds
    image = picture(
        axes,
        sound,
        values,
        seconds=(left, left + n_columns * shown.seconds_per_column),
        vertical=(-0.5 * shown.hz_per_bin, (bins - 0.5) * shown.hz_per_bin),
        vmin=limits[0],
        vmax=limits[1],
    )
    axes.set_ylim(0.0, sound.top_hz)
    axes.set_ylabel("frequency (Hz)")
    time_axis(axes, sound)
    return image


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share < 0.9995 else "over 99.9 %"
