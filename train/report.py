"""The report of a training: a page of Markdown and the curves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .run_folder import CURVES, REPORT
from .scores import Scores, scores_text
from .splits import LEAK_WARNING

_BLUE, _ORANGE = "#0072B2", "#E69F00"


def write_report(
    folder: Path, run: dict[str, Any], scores: Scores, history: dict[str, list[float]]
) -> None:
    """Write ``report.md`` and ``history.png`` into a run folder."""
    _plot(folder / CURVES, history, run)
    training = run["training"]
    lines = [f"# {run['name']}: training report", ""]
    if training["split_leaks"]:
        lines += [f"> **Warning:** {LEAK_WARNING}.", ""]
    lines += ["| | |", "|---|---|"]
    lines += [f"| {key.replace('_', ' ')} | {_cell(value)} |" for key, value in training.items()]
    lines += [
        "",
        "## Validation",
        "",
        "The float Keras model on the validation part; a track's answer is the genre with the "
        "largest mean posterior of its windows.",
        "",
        "```",
        scores_text(scores),
        "```",
        "",
        f"![Accuracy and loss over the epochs]({CURVES})",
    ]
    (folder / REPORT).write_text(
        "\n".join(lines) + "\n", encoding="utf-8", errors="surrogateescape"
    )


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_cell(item)}" for key, item in value.items())
    if isinstance(value, list):
        return "<br>".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plot(path: Path, history: dict[str, list[float]], run: dict[str, Any]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    epochs = range(1, len(history["loss"]) + 1)
    for axes, key, title in zip(
        figure.subplots(1, 2), ("accuracy", "loss"), ("Segment accuracy", "Loss"), strict=True
    ):
        axes.plot(epochs, history[key], color=_BLUE, label="training")
        axes.plot(epochs, history[f"val_{key}"], color=_ORANGE, label="validation")
        axes.set(title=title, xlabel="epoch")
        axes.grid(alpha=0.3)
        axes.legend()
    figure.axes[0].set_ylim(0.0, 1.0)
    leaks = " (leaks)" if run["training"]["split_leaks"] else ""
    figure.suptitle(f"{run['name']}, split {run['training']['split']}{leaks}")
    figure.savefig(path, dpi=110)
