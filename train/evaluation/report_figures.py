"""Pictures of a training report, of a comparison and of a rejection.

Hues never carry a meaning that position, shape or words do not.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..plots.colours import BLUE, VERMILION
from .comparison import Comparison
from .rejection import ACCEPTANCE, Rejection
from .scores import Scores

_GREY = "#555555"
_MANY = 24
"""Genres above which a confusion matrix has no room for counts."""


def plot_history(path: Path, history: dict[str, list[float]], title: str) -> None:
    """Accuracy and loss over the epochs, of training and validation."""
    with _figure(path, 9, 3.6, title) as figure:
        from matplotlib.ticker import MaxNLocator

        kinds = {"accuracy": (0.0, 1.02), "loss": (0.0, None)}
        shown = [key for key in kinds if key in history]
        for axes, key in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
            for name, colour, line, side in (
                (key, BLUE, "-", "training"),
                (f"val_{key}", VERMILION, "--", "validation"),
            ):
                if name in history:
                    values = history[name]
                    # One epoch is a point, and a line without markers would not show it.
                    marker = "o" if len(values) == 1 else None
                    epochs = range(1, len(values) + 1)
                    axes.plot(epochs, values, line, color=colour, label=side, marker=marker)
            axes.set(xlabel="epoch", ylabel="window accuracy" if key == "accuracy" else key)
            axes.set_ylim(*kinds[key])
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(alpha=0.3)
            axes.legend()


def plot_confusion(path: Path, scores: Scores, title: str) -> None:
    """Confusion matrix: shades are shares of the row, numbers are tracks."""
    present = [index for index, label in enumerate(scores.labels) if label in scores.per_genre]
    counts = scores.confusion[present]
    n_tracks = np.array([own.n_tracks for own in scores.per_genre.values()])
    columns = list(scores.labels)
    if scores.n_rejected:
        counts = np.column_stack([counts, n_tracks - counts.sum(axis=1)])
        columns.append("no genre")
    shares = counts / n_tracks[:, np.newaxis]
    rows, wide = counts.shape
    size = 0.55 if wide <= _MANY else 0.3
    with _figure(path, 3.2 + size * wide, 1.9 + size * rows, title) as figure:
        axes = figure.subplots()
        image = axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
        axes.set_xticks(range(wide), columns, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(
            range(rows), [f"{label} ({own.n_tracks})" for label, own in scores.per_genre.items()]
        )
        axes.set(xlabel="label", ylabel="true genre (tracks)")
        if wide <= _MANY:
            for row, column in zip(*np.nonzero(counts), strict=True):
                colour = "white" if shares[row, column] > 0.55 else "black"
                axes.text(column, row, str(counts[row, column]), ha="center", va="center",
                          color=colour)  # fmt: skip
        # Lines between the cells, so that the eye finds its row.
        axes.set_xticks(np.arange(wide + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="0.85", linewidth=0.6)
        axes.tick_params(which="minor", length=0)
        figure.colorbar(image, ax=axes, label="share of the genre's tracks", shrink=0.8)


def plot_recall(path: Path, scores: Scores, title: str) -> None:
    """Recall of each genre, best first."""
    ranked = sorted(scores.per_genre.items(), key=lambda item: item[1].recall)
    recall = [own.recall for _, own in ranked]
    with _figure(path, 7, 1.6 + 0.34 * len(ranked), title) as figure:
        axes = figure.subplots()
        axes.barh(range(len(ranked)), recall, color=BLUE, height=0.72)
        for place, (_, own) in enumerate(ranked):  # a column of its own: the line crosses bars
            right = round(own.recall * own.n_tracks)
            words = f"{own.recall:.2f}   {right} of {own.n_tracks}"
            axes.text(1.02, place, words, va="center", fontsize=9)
        axes.axvline(scores.macro_recall, color=VERMILION, linestyle="--",
                     label=f"macro recall, the mean: {scores.macro_recall:.3f}")  # fmt: skip
        axes.set_yticks(range(len(ranked)), [label for label, _ in ranked])
        axes.set(xlabel="recall: share of the genre's tracks that were labelled rightly")
        axes.set_xlim(0.0, 1.28)  # room for the words
        axes.set_xticks(np.linspace(0.0, 1.0, 6))
        axes.grid(axis="x", alpha=0.3)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        figure.legend(loc="outside lower center", frameon=False)


def plot_comparison(path: Path, comparison: Comparison) -> None:
    """Track accuracy of each run with its interval, split under split."""
    n_runs = sum(len(group.runs) for group in comparison.groups)
    height = 1.6 + 0.36 * n_runs + 0.4 * len(comparison.groups)
    with _figure(path, 9, height, "Track accuracy and its 95 % interval") as figure:
        axes = figure.subplots()
        place, ticks, names = 0.0, [], []
        for group in comparison.groups:
            colour, marker = (VERMILION, "D") if group.leaks else (BLUE, "o")
            words = f"split {group.split}" + (", LEAKS" if group.leaks else "")
            words += f", {group.runs[0].scores.n_tracks} tracks"
            if group.has_namesake:
                words += f" (hash {group.sha256[:8]}, not comparable with its namesake)"
            axes.text(0.005, place, words, color=colour, va="center", weight="bold", fontsize=9)
            place += 1.0
            for name, run in zip(group.names, group.runs, strict=True):
                accuracy = run.scores.accuracy
                low, high = run.scores.accuracy_interval
                axes.plot([low, high], [place, place], color=colour, linewidth=2)
                axes.plot(accuracy, place, marker, color=colour, markersize=7)
                axes.text(max(high, accuracy) + 0.012, place, f"{accuracy:.3f}", va="center",
                          fontsize=9)  # fmt: skip
                ticks.append(place)
                names.append(name)
                place += 1.0
            place += 0.2
        axes.set_yticks(ticks, names)
        axes.set(xlabel="track accuracy", ylabel="model")
        axes.set_xlim(0.0, 1.09)
        axes.set_ylim(place - 0.4, -0.7)
        axes.set_xticks(np.linspace(0.0, 1.0, 6))
        axes.grid(axis="x", alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)


def plot_rejection(path: Path, rejection: Rejection, title: str) -> None:
    """False accepts over accepted music, and by kind where most music is accepted."""
    kinds = list(rejection.windows.other)
    with _figure(path, 11, 1.8 + 0.3 * max(10, len(kinds)), title) as figure:
        curve, bars = figure.subplots(1, 2, width_ratios=(1.0, 1.2))
        for separation, colour, line, name in (
            (rejection.windows, BLUE, "-", "windows"),
            (rejection.tracks, VERMILION, "--", "tracks and clips"),
        ):
            thresholds = np.unique(np.concatenate([separation.music, separation.all_other]))
            accepted = [1.0, *(np.mean(separation.music > limit) for limit in thresholds)]
            false = [1.0, *(np.mean(separation.all_other > limit) for limit in thresholds)]
            curve.plot(accepted, false, line, color=colour,
                       label=f"{name}, AUC {separation.auc:.3f}")  # fmt: skip
        curve.axvline(ACCEPTANCE, color=_GREY, linestyle=":", label=f"{ACCEPTANCE:.0%}")
        curve.set(xlabel="share of music accepted", ylabel="share of other sounds accepted")
        curve.set(xlim=(0.5, 1.005), ylim=(-0.01, 1.01))
        curve.grid(alpha=0.3)
        curve.legend(loc="upper left")
        places = np.arange(len(kinds))
        for shift, separation, colour, name in (
            (-0.19, rejection.windows, BLUE, "windows"),
            (0.19, rejection.tracks, VERMILION, "clips"),
        ):
            rates = [separation.false_accepts[kind] for kind in kinds]
            bars.barh(places + shift, rates, height=0.36, color=colour, label=name)
            for place, rate in zip(places + shift, rates, strict=True):
                bars.text(rate + 0.01, place, f"{rate:.2f}", va="center", fontsize=7)
        bars.set_yticks(places, kinds, fontsize=8)
        bars.invert_yaxis()
        bars.set(xlabel=f"false accepts where {ACCEPTANCE:.0%} of music is accepted")
        bars.set_xlim(0.0, 1.12)
        bars.set_xticks(np.linspace(0.0, 1.0, 6))
        bars.grid(axis="x", alpha=0.3)
        bars.set_axisbelow(True)
        bars.spines[["top", "right"]].set_visible(False)
        bars.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)


@contextmanager
def _figure(path: Path, width: float, height: float, title: str) -> Iterator[Any]:
    """A figure that is drawn by the caller and then written."""
    import matplotlib
    from matplotlib.figure import Figure

    # Genres and splits are named by users: a "$" in them is no formula.
    with matplotlib.rc_context({"text.parse_math": False}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=(width, height), layout="constrained")
        figure.suptitle(title, fontsize=11)
        yield figure
        figure.savefig(path, dpi=110)
