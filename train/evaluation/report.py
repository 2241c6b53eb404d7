"""The report of a training: a page of Markdown and its pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edge_runtime.model.run_folder import CURVES, REPORT

from ..data.splits import LEAK_WARNING
from ..features.files import storing
from ..run.predictions import REJECTED, Predictions
from .report_figures import plot_confusion, plot_history, plot_recall
from .scores import Scores, labelled_text, score_predictions, three_digits

CONFUSION, RECALL = "confusion.png", "recall.png"

_WORST = 15


def write_report(
    folder: Path,
    run: dict[str, Any],
    predictions: Predictions,
    history: dict[str, list[float]] | None,
) -> None:
    """Write ``report.md`` and its pictures into a run folder.

    Parameters
    ----------
    folder : Path
    run : dict
        The contents of ``run.json``.
    predictions : Predictions
        Of the validation part.
    history : dict, optional
        By name (``accuracy``, ``loss``, and the same of the validation part with ``val_``), a
        value per epoch. A model that is not fitted in epochs has none.
    """
    with storing(folder, "the run is finished, but for its report"):
        _write_report(folder, run, predictions, history)


def _write_report(
    folder: Path,
    run: dict[str, Any],
    predictions: Predictions,
    history: dict[str, list[float]] | None,
) -> None:
    scores = score_predictions(predictions)
    training = run["training"]
    leaks = ", LEAKS" if training["split_leaks"] else ""
    title = f"{run['name']}, split {training['split']}{leaks}"
    lines = [f"# {run['name']}: training report", ""]
    if training["split_leaks"]:
        lines += [f"> **Warning:** {LEAK_WARNING}.", ""]
    lines += _scores_lines(scores)
    plot_confusion(folder / CONFUSION, scores, title)
    plot_recall(folder / RECALL, scores, title)
    lines += [
        f"![Confusion matrix]({CONFUSION})",
        "",
        f"![Recall of each genre]({RECALL})",
        "",
        *_worst_lines(predictions),
    ]
    (folder / CURVES).unlink(missing_ok=True)  # of a run that this one replaces
    if history and history.get("loss"):
        plot_history(folder / CURVES, history, title)
        lines += ["## Training", "", f"![Accuracy and loss over the epochs]({CURVES})", ""]
    lines += ["## How it was made", "", "| | |", "|---|---|"]
    lines += [f"| {key.replace('_', ' ')} | {_cell(value)} |" for key, value in training.items()]
    (folder / REPORT).write_text(
        "\n".join(lines) + "\n", encoding="utf-8", errors="surrogateescape"
    )


def _scores_lines(scores: Scores) -> list[str]:
    rows: list[tuple[str, float | None, tuple[float, float] | None]] = [
        ("track accuracy", scores.accuracy, scores.accuracy_interval),
        ("macro recall", scores.macro_recall, scores.macro_recall_interval),
        ("top-2 accuracy of tracks", scores.top2_accuracy, None),
        ("window accuracy", scores.window_accuracy, scores.window_accuracy_interval),
        ("calibration error of tracks", scores.ece, None),
        ("calibration error of windows", scores.window_ece, None),
    ]
    rejected = []
    if scores.n_rejected:
        rejected = [
            f"{scores.n_rejected} of {scores.n_tracks} tracks were labelled with no genre, which "
            "counts as wrong.",
            "",
        ]
    return [
        "## Validation",
        "",
        f"The trained model before any export, on {scores.n_tracks} tracks ({scores.n_windows} "
        "windows); a track's label is the genre with the largest mean posterior of its windows. "
        "Intervals: bootstrap over tracks.",
        "",
        "| measure | value | 95 % interval |",
        "|---|---|---|",
        *(
            f"| {name} | {three_digits(value)} | "
            f"{f'{interval[0]:.3f} to {interval[1]:.3f}' if interval else ''} |"
            for name, value, interval in rows
        ),
        "",
        *rejected,
        "| genre | tracks | precision | recall | F1 | labelled as |",
        "|---|---|---|---|---|---|",
        *(
            f"| {_cell(label)} | {own.n_tracks} | {own.precision:.3f} | {own.recall:.3f} | "
            f"{own.f1:.3f} | {_cell(labelled_text(scores, label))} |"
            for label, own in scores.per_genre.items()
        ),
        "",
    ]


def _worst_lines(predictions: Predictions) -> list[str]:
    """The wrong labels of the tracks whose true genre has the least posterior."""
    labels, posteriors = predictions.predicted_tracks, predictions.track_posteriors
    of_truth = posteriors[np.arange(len(labels)), predictions.track_labels]
    wrong = np.flatnonzero(labels != predictions.track_labels)
    worst = wrong[np.argsort(of_truth[wrong], kind="stable")][:_WORST]
    lines = ["## Worst-classified tracks", ""]
    if not len(worst):
        return [*lines, "Every track was labelled rightly.", ""]
    lines += [
        f"The {len(worst)} of {len(wrong)} wrongly labelled tracks whose true genre got the "
        "smallest posterior.",
        "",
        "| track | genre | label | posterior of the genre | ... of the label |",
        "|---|---|---|---|---|",
    ]
    for index in worst:
        label = labels[index]
        given = "no genre" if label == REJECTED else predictions.labels[label]
        cells = (
            predictions.track_ids[index],
            predictions.labels[predictions.track_labels[index]],
            given,
            f"{of_truth[index]:.3f}",
            "" if label == REJECTED else f"{posteriors[index, label]:.3f}",
        )
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return [*lines, ""]


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_cell(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return "<br>".join(map(_cell, value)) or "none"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return " ".join(text.replace("|", "\\|").split())
