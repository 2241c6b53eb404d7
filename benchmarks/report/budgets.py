"""What the product may cost at most, and what the committed results say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_Results = dict[str, dict[str, Any]]
"""By the name of the file, without its ending"""

DEFAULT_MODEL, DEFAULT_FILE = "tiny", "tiny-dynamic.tflite"


@dataclass(frozen=True)
class Budget:
    """One figure, and how good it has to be."""

    what: str
    measured: Callable[[_Results], float]
    gate: float
    stretch: float | None
    text: str
    """Format of the figure"""
    at_least: bool = False
    """Whether more is better"""

    def row(self, results: _Results) -> str:
        """A row of the table."""
        value = self.measured(results)
        sign = "≥" if self.at_least else "≤"

        def met(limit: float) -> bool:
            return value >= limit if self.at_least else value <= limit

        verdict = "met" if met(self.gate) else "**missed**"
        stretch = "–"
        if self.stretch is not None:
            stretch = f"{sign} {self.text.format(self.stretch)}"
            verdict += ", stretch too" if met(self.stretch) else ""
        gate, found = self.text.format(self.gate), self.text.format(value)
        return f"| {self.what} | {sign} {gate} | {stretch} | {found} | {verdict} |"


def _model(results: _Results) -> dict[str, Any]:
    found: dict[str, Any] = results["bench"]["models"][DEFAULT_MODEL]
    return found


def _variant(results: _Results) -> dict[str, Any]:
    rows = results["variants"]["models"][DEFAULT_MODEL]["variants"]
    found: dict[str, Any] = next(row for row in rows if row["file"] == DEFAULT_FILE)
    return found


def _points_lost(results: _Results) -> float:
    before = results["variants"]["models"][DEFAULT_MODEL]["float"]["track_accuracy"]
    return max(0.0, 100.0 * float(before - _variant(results)["track_accuracy"]))


BUDGETS = (
    Budget(
        "MFCCs of a window, times as fast as librosa",
        lambda r: r["frontend"]["segment_vs"]["librosa"], 3.5, 5, "{:.1f}", at_least=True,
    ),
    Budget(
        "MFCCs as a stream, 87.6 % overlap, times as fast",
        lambda r: r["frontend"]["stream_vs"]["0.876"]["librosa"], 12, 20, "{:.1f}", at_least=True,
    ),
    Budget(
        "... 50 % overlap",
        lambda r: r["frontend"]["stream_vs"]["0.50"]["librosa"], 5, 7, "{:.1f}", at_least=True,
    ),
    Budget(
        "error of an MFCC against librosa",
        lambda r: r["frontend"]["max_abs_error_mfcc"], 5e-4, 3e-4, "{:.1e}",
    ),
    Budget(
        "listening, 48 kHz in, CPU s for a second of sound",
        lambda r: _model(r)["pipeline"]["cpu_s_per_s"], 0.002, 0.001, "{:.4f}",
    ),
    Budget(
        "cold start to the result for a file, s",
        lambda r: _model(r)["process"]["cold_start_s"], 0.35, 0.2, "{:.2f}",
    ),
    Budget(
        "peak memory of `listen`, MiB",
        lambda r: _model(r)["process"]["listen_peak_rss_mib"], 60, 45, "{:.1f}",
    ),
    Budget(
        "growth of memory in a day, MiB", lambda r: r["soak"]["rss_growth_mib"], 1, 0, "{:.2f}"
    ),
    Budget("default model, KB", lambda r: _model(r)["file_bytes"] / 1000, 250, 100, "{:.0f}"),
    Budget(
        "... million multiply-accumulates a window",
        lambda r: r["variants"]["models"][DEFAULT_MODEL]["macs"] / 1e6, 30, 10, "{:.1f}",
    ),
    Budget(
        "... windows labelled as in float, %",
        lambda r: 100 * _variant(r)["agreement"], 98.5, 99.5, "{:.2f}", at_least=True,
    ),
    Budget("... points of track accuracy lost", _points_lost, 0.5, 0, "{:.1f}"),
    Budget(
        "base install beyond numpy, MB",
        lambda r: r["footprint"]["beyond_numpy_bytes"] / 1e6, 80, None, "{:.0f}",
    ),
)  # fmt: skip


def section(results: _Results) -> list[str]:
    """Lines of Markdown."""
    return [
        "## Budgets",
        "",
        f"`{DEFAULT_MODEL}` is the default model; sources of the figures are below.",
        "",
        "| | asked | better still | measured | |",
        "|---|---|---|---|---|",
        *(budget.row(results) for budget in BUDGETS),
        "",
    ]
