"""Figures as pages: one of them, or a sheet of several, as PNG or SVG."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_runtime.atomic_write import write_atomically
from edge_runtime.errors import OutputFileError

from .coefficients import draw_mfcc
from .sound import Sound
from .spectrogram import draw_log_spectrogram, draw_spectrogram
from .spectrum import draw_spectrum
from .timeline import draw_timeline
from .waveform import draw_waveform

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .axes import Canvas

WIDTH_INCHES = 10.0
DPI = 130

_SHEET_COLUMNS = 2
_SHEET_WIDTH_INCHES = 17.0
_LONGEST_NAME = 60

_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same picture on every machine
    "font.size": 11.0,
    "axes.titlesize": 12.0,
    "axes.labelsize": 11.0,
    "legend.fontsize": 10.0,
    "figure.titlesize": 13.0,
    "svg.hashsalt": "edge-genre",  # the same clip gives the same bytes
}


@dataclass(frozen=True)
class Kind:
    """One kind of figure."""

    draw: Callable[[Canvas, Sound], None]
    height: float
    """Inches"""


FIGURES = {
    "waveform": Kind(draw_waveform, 3.6),
    "spectrum": Kind(draw_spectrum, 4.4),
    "spectrogram": Kind(draw_spectrogram, 4.6),
    "log-spectrogram": Kind(draw_log_spectrogram, 4.6),
    "mfcc": Kind(draw_mfcc, 5.0),
    "timeline": Kind(draw_timeline, 6.6),
}
"""By name, in the order of the sheet"""


def draw(sound: Sound, name: str) -> Figure:
    """One figure of its own.

    Parameters
    ----------
    sound : Sound
    name : str
        A key of `FIGURES`. The timeline needs a sound with events.
    """
    from matplotlib.figure import Figure

    kind = FIGURES[name]
    with _style():
        figure = Figure(figsize=(WIDTH_INCHES, kind.height), dpi=DPI, layout="constrained")
        _head(figure, sound)
        kind.draw(figure, sound)
    return figure


def draw_sheet(sound: Sound, names: Sequence[str]) -> Figure:
    """Several figures on one page, two beside each other."""
    from matplotlib.figure import Figure

    rows = [names[i : i + _SHEET_COLUMNS] for i in range(0, len(names), _SHEET_COLUMNS)]
    heights = [max(FIGURES[name].height for name in row) for row in rows]
    with _style():
        figure = Figure(
            figsize=(_SHEET_WIDTH_INCHES, sum(heights) + 0.5), dpi=DPI, layout="constrained"
        )
        _head(figure, sound)
        lines = figure.subfigures(len(rows), 1, height_ratios=heights, squeeze=False, hspace=0.03)
        for line, row in zip(lines[:, 0], rows, strict=True):
            parts = line.subfigures(1, len(row), squeeze=False, wspace=0.04)
            for part, name in zip(parts[0], row, strict=True):
                FIGURES[name].draw(part, sound)
    return figure


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure; the ending of the name says whether as PNG or SVG.

    Raises
    ------
    OutputFileError
        If it cannot be written.
    """
    path = Path(path)
    metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    with _style(), warnings.catch_warnings():
        # A clip's name may hold letters that the font lacks: boxes stand for them.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        content = io.BytesIO()
        figure.savefig(content, format=path.suffix[1:] or None, dpi=DPI, metadata=metadata)
    write_atomically(path, content.getvalue(), error=OutputFileError)


def _style() -> AbstractContextManager[None]:
    from matplotlib import rc_context

    return rc_context(_STYLE)


def _head(figure: Figure, sound: Sound) -> None:
    figure.suptitle(_heading(sound), x=0.008, ha="left", weight="bold", parse_math=False)


def _heading(sound: Sound) -> str:
    """What is pictured, in letters that every font and SVG can take."""
    name = sound.name.encode("utf-8", "replace").decode()
    name = "".join(letter if letter.isprintable() else "?" for letter in name)
    if len(name) > _LONGEST_NAME:
        name = f"{name[: _LONGEST_NAME // 2]}…{name[-_LONGEST_NAME // 2 :]}"
    digits = 1 if sound.seconds >= 1.0 else 4
    heading = f"{name}, {sound.start:.{digits}f} to {sound.end:.{digits}f} s"
    if sound.source_rate < sound.rate:
        heading += f" (sampled at {sound.source_rate} Hz: nothing above {sound.top_hz:.0f} Hz)"
    return heading
