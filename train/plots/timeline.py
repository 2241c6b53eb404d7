"""The genre timeline: the device's labels, under the log-mel of its input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from edge_runtime import Event
from edge_runtime.decoder import NOT_MUSIC, OTHER, SILENCE, UNKNOWN
from edge_runtime.frontend.mel import hz_to_mel
from edge_runtime.sinks.terminal import clock
from edge_runtime.sinks.terminal.colours import NOT_MUSIC_COLOUR, OTHER_COLOUR

from .axes import (
    apart,
    colour_bar,
    column_edges,
    decibel_range,
    hertz_text,
    hertz_ticks,
    picture,
    time_axis,
    title,
)
from .colours import (
    HATCHES,
    OTHERS_GREY,
    PALETTE,
    SILENCE_GREY,
    UNKNOWN_GREY,
    genre_colours,
    text_colour,
)
from .sound import Sound
from .spectra import columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .axes import Canvas

_GENRES_SHOWN = 6
"""The likeliest, and any others that are labels of an event"""
_NAMED = 4
_INCHES_PER_LETTER = 0.07
_AXES_SHARE = 0.78
"""Of the figure's width, about"""


@dataclass(frozen=True)
class Stretch:
    """Time in which the label stays the same."""

    start: float
    """Seconds"""
    end: float
    """Seconds"""
    label: str
    """A genre, ``other``, ``not music``, ``silence`` or ``unknown``"""


def stretches(events: tuple[Event, ...]) -> list[Stretch]:
    """The labels, each for the sound that was new in its window, without gaps from 0 s on."""
    found: list[Stretch] = []
    covered = 0.0
    for event in events:
        if found and found[-1].label == event.label:
            found[-1] = Stretch(found[-1].start, event.end, event.label)
        else:
            found.append(Stretch(covered, event.end, event.label))
        covered = event.end
    return found


def shown_genres(labels: tuple[str, ...], events: tuple[Event, ...]) -> list[str]:
    """The genres worth a colour, the likeliest first: labels of events, then the next likely."""
    sounding = [event.raw_posterior for event in events if event.label != SILENCE]
    if not sounding:
        return []
    mean = {label: float(np.mean([one[label] for one in sounding])) for label in labels}
    ranked = sorted(labels, key=lambda label: -mean[label])
    given = {event.label for event in events}
    chosen = [label for label in ranked if label in given][: len(PALETTE)]
    chosen += [label for label in ranked if label not in given][
        : max(0, _GENRES_SHOWN - len(chosen))
    ]
    return sorted(chosen, key=ranked.index)


def draw_timeline(figure: Canvas, sound: Sound) -> None:
    """Log-mel; below it the label as a strip; below that each window's own posteriors."""
    mel, strip, shares = figure.subplots(3, 1, height_ratios=(3.0, 0.42, 2.0))
    _draw_log_mel(figure, mel, sound)
    genres = shown_genres(sound.labels, sound.events)
    no_genre = {
        OTHER: OTHER_COLOUR,
        NOT_MUSIC: NOT_MUSIC_COLOUR,
        SILENCE: SILENCE_GREY,
        UNKNOWN: UNKNOWN_GREY,
    }
    shown = [label for label in genres if label not in no_genre]
    colours = genre_colours(sound.labels, shown) | no_genre
    width = figure.bbox.width / figure.dpi * _AXES_SHARE
    _draw_strip(strip, sound, colours, width)
    _draw_posteriors(shares, sound, genres, colours)


def _draw_log_mel(figure: Canvas, axes: Axes, sound: Sound) -> None:
    params = sound.params
    rows, share = columns(sound.log_mel)
    low, high = (hz_to_mel(hz, params.mel_scale) for hz in (params.fmin, params.upper_hz))
    step = (high - low) / (params.n_mels + 1)  # bands overlap by half: their middles are so far
    bottom, brightest = decibel_range(rows, 10.0 * np.log10(params.log_floor))
    image = picture(
        axes,
        sound,
        rows.T,
        seconds=column_edges(sound, len(rows), share),
        vertical=(low + 0.5 * step, high - 0.5 * step),
        vmin=bottom,
        vmax=brightest,
    )
    colour_bar(figure, image, axes, "mel power (dB)")
    top_hz = min(sound.top_hz, params.upper_hz)
    top = min(hz_to_mel(top_hz, params.mel_scale), high - 0.5 * step)
    axes.set_ylim(low + 0.5 * step, top)
    ticks = hertz_ticks(max(100.0, params.fmin), top_hz)
    places = [hz_to_mel(tick, params.mel_scale) for tick in ticks]
    labelled = apart(places, top - low)
    axes.set_yticks(
        places,
        [hertz_text(tick) if chosen else "" for tick, chosen in zip(ticks, labelled, strict=True)],
    )
    axes.set_ylabel("frequency (Hz, mel scale)")
    title(axes, f"Genre timeline: {_summary(sound.events)}")
    time_axis(axes, sound, label=False)


def _summary(events: tuple[Event, ...]) -> str:
    """How long each label stood, the longest first."""
    seconds: dict[str, float] = {}
    for stretch in stretches(events):
        seconds[stretch.label] = seconds.get(stretch.label, 0.0) + stretch.end - stretch.start
    ranked = sorted(seconds.items(), key=lambda item: -item[1])
    named = [f"{label} {clock(round(length))}" for label, length in ranked[:_NAMED]]
    more = len(ranked) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _draw_strip(axes: Axes, sound: Sound, colours: dict[str, str], width: float) -> None:
    for stretch in stretches(sound.events):
        colour = colours.get(stretch.label, OTHERS_GREY)
        length = stretch.end - stretch.start
        axes.axvspan(sound.start + stretch.start, sound.start + stretch.end, **_filling(colour))
        if length / sound.seconds * width >= _INCHES_PER_LETTER * (len(stretch.label) + 1):
            axes.text(
                sound.start + stretch.start + length / 2,
                0.5,
                stretch.label,
                color=text_colour(colour),
                bbox={"facecolor": colour, "linewidth": 0, "pad": 2.0},
                ha="center",
                va="center_baseline",
                clip_on=True,
                parse_math=False,
            )
    axes.set_ylim(0.0, 1.0)
    axes.set_yticks([0.5], ["label"])
    axes.tick_params(axis="y", length=0)
    time_axis(axes, sound, label=False)


def _draw_posteriors(axes: Axes, sound: Sound, genres: list[str], colours: dict[str, str]) -> None:
    from matplotlib.patches import Patch

    edges = sound.start + np.array([0.0, *(event.end for event in sound.events)])
    silent = np.array([event.label == SILENCE for event in sound.events])
    handles = []
    below = np.zeros(len(sound.events))
    for genre, shares in _layers(sound.events, genres, silent):
        colour = colours.get(genre, OTHERS_GREY)
        axes.stairs(below + shares, edges, baseline=below, fill=True, **_filling(colour))
        handles.append(Patch(label=genre, **_filling(colour)))
        below = below + shares
    for label in (UNKNOWN, SILENCE):
        if any(event.label == label for event in sound.events):
            handles.append(Patch(label=label, **_filling(colours[label])))
    if silent.any():
        axes.stairs(silent.astype(float), edges, fill=True, **_filling(SILENCE_GREY))
    axes.set_ylim(0.0, 1.0)
    axes.set_ylabel("posterior of\neach window")
    time_axis(axes, sound)
    # The legend has the order of the layers, from the top down.
    axes.legend(
        handles=handles[::-1],
        loc="upper left",
        bbox_to_anchor=(1.005, 1.03),
        frameon=False,
        borderaxespad=0.0,
        handlelength=1.0,
        labelspacing=0.25,
    )


def _filling(colour: str) -> dict[str, Any]:
    """How an area of a colour is drawn."""
    return {"facecolor": colour, "edgecolor": "white", "linewidth": 0, "hatch": HATCHES.get(colour)}


def _layers(
    events: tuple[Event, ...], genres: list[str], silent: npt.NDArray[np.bool_]
) -> list[tuple[str, npt.NDArray[np.float64]]]:
    """Posteriors of each genre that is shown, and of the rest, window by window."""
    layers = [
        (genre, np.where(silent, 0.0, [event.raw_posterior[genre] for event in events]))
        for genre in genres
    ]
    if genres and len(genres) < len(events[0].raw_posterior):
        rest = 1.0 - sum(shares for _, shares in layers)
        # Beside a label that is called `other` it needs another name.
        name = "the rest" if OTHER in genres else "others"
        layers.append((name, np.where(silent, 0.0, np.maximum(rest, 0.0))))
    return layers
