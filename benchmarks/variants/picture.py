"""Accuracy against time and against bytes, drawn by matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from .page import fingerprint

mpl.use("Agg")

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
_MARKERS = {"tflite": "o", "onnx": "s", "numpy": "^"}
_FORMATS = {"tflite": "TFLite", "onnx": "ONNX", "numpy": "numpy"}


def front(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those of (cost, worth) that nothing cheaper equals, by cost (V. Pareto)."""
    best: list[tuple[float, float]] = []
    for cost, worth in sorted(points, key=lambda point: (point[0], -point[1])):
        if not best or worth > best[-1][1]:
            best.append((cost, worth))
    return best


def draw(results: dict[str, Any], path: Path) -> None:
    """Two panels that share the accuracy; variants that the gate refuses are hollow.

    The file says which results it is of (`fingerprint`).
    """
    figure = Figure(figsize=(10, 5.2), dpi=130)
    left, right = figure.subplots(1, 2, sharey=True)
    _panel(left, results["models"], lambda row: row["latency_ms"])
    _panel(right, results["models"], lambda row: row["bytes"] / 1000)
    left.set_xlabel("milliseconds for a window of 3 s, one thread")
    right.set_xlabel("kilobytes of the file")
    left.set_ylabel("track accuracy on music that it was not trained on")
    right.tick_params(labelleft=False)
    machine = results["machine"]
    left.set_title(f"time on {machine['model']}", loc="left")
    right.set_title("size", loc="left")
    handles = [
        Line2D([], [], color=colour, marker="o", linestyle="", label=f"{name} (bar: 95 %)")
        for (name, colour) in zip(results["models"], _COLOURS, strict=False)
    ]
    handles += [
        Line2D([], [], color="0.35", marker=marker, linestyle="", label=_FORMATS[fmt])
        for fmt, marker in _MARKERS.items()
    ]
    handles += [
        Line2D(
            [], [], color="0.35", marker="o", mfc="white", linestyle="", label="gate refuses it"
        ),
        Line2D([], [], color="0.6", linewidth=1.2, label="none is better and cheaper"),
    ]
    figure.legend(handles=handles, loc="lower center", ncols=4, frameon=False)
    figure.tight_layout(rect=(0, 0.12, 1, 1))
    figure.savefig(path, metadata={"Source": fingerprint(results)})


def _panel(axes: Axes, models: dict[str, Any], cost: Any) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.margins(x=0.12)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="0.92")
    axes.set_axisbelow(True)
    everything = []
    for (name, model), colour in zip(models.items(), _COLOURS, strict=False):
        rows = [row for row in model["variants"] if "bytes" in row]
        for row in rows:
            axes.plot(
                cost(row),
                row["track_accuracy"],
                _MARKERS[row["format"]],
                color=colour,
                mfc=colour if row["passed"] else "white",
                markersize=6.5,
                alpha=0.85,
                zorder=3,
            )
        passed = [row for row in rows if row["passed"]]
        everything += [(cost(row), row["track_accuracy"], row) for row in passed]
        # One bar for the model: those of its variants are alike.
        low, high = model["float"]["track_accuracy_ci95"]
        place = 0.8 * min(map(cost, rows))
        axes.plot([place, place], [low, high], color=colour, linewidth=1.5, alpha=0.5)
        axes.annotate(
            name, (place, high), xytext=(0, 4), textcoords="offset points", color=colour,
            ha="center", weight="bold",
        )  # fmt: skip
    best = front([(x, y) for x, y, _ in everything])
    axes.step([x for x, _ in best], [y for _, y in best], where="post", color="0.6", linewidth=1.2)
    for place, point in enumerate(best):
        row = next(row for x, y, row in everything if (x, y) == point)
        axes.annotate(
            f"{row['quantization']} {_FORMATS[row['format']]}",
            point,
            xytext=(4, (8, -15)[place % 2]),  # above and below in turn: neighbours are near
            textcoords="offset points",
            fontsize=8,
            color="0.25",
        )
