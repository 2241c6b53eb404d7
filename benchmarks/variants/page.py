"""The variants as tables, for a terminal and for ``docs/reference/performance.md``."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def fingerprint(results: dict[str, Any]) -> str:
    """What tells the results of one measurement from those of another."""
    return hashlib.sha256(json.dumps(results, sort_keys=True).encode()).hexdigest()


def table(results: dict[str, Any]) -> list[str]:
    """Plain text: a line for each variant."""
    lines = [
        f"{'file':<30} {'bytes':>9} {'same label':>11} {'track accuracy (95 %)':>22} "
        f"{'ms':>7}  gate"
    ]
    for model in results["models"].values():
        for row in model["variants"]:
            if "bytes" not in row:
                lines.append(f"{row['file']:<30} not converted")
                continue
            lines.append(
                f"{row['file']:<30} {row['bytes']:>9,} {row['agreement']:>11.2%} "
                f"{_accuracy(row):>22} {row['latency_ms']:>7.2f}  {_gate(row)}"
            )
    return lines


def section(results: dict[str, Any]) -> list[str]:
    """Lines of Markdown: every model's variants, and how they were measured."""
    machine, models = results["machine"], results["models"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    lines = [
        "## Quantized against float",
        "",
        f"    python -m benchmarks.variants {' '.join(f'runs/{name}' for name in models)}",
        "",
        f"{machine['model']}, {machine['cores']} cores, {versions}; {results['utc'][:10]}. "
        "Validation windows that the network was not trained on, through the device's runtime. "
        "A track is the mean of its windows here; `edge-genre evaluate` weighs them as the device "
        "does, which may move a track. "
        "*Same label*: windows with the float model's likeliest label. Times are of the network "
        f"alone on one thread, medians of {results['rounds']} rounds in turn. What the export's "
        "gate refuses is measured, too.",
        "",
        "![Accuracy against time and against bytes](../pareto.png)",
        "",
    ]
    for name, model in models.items():
        training, (low, high) = model["training"], model["float"]["track_accuracy_ci95"]
        lines += [
            f"### `{name}`",
            "",
            f"{model['parameters']:,} parameters, {model['macs'] / 1e6:.1f} million "
            f"multiply-accumulates a window; trained at `{training['commit'][:7]}`, seed "
            f"{training['seed']}; {model['n_windows']:,} windows of {model['n_tracks']} tracks "
            f"({training['data']}, {training['split']}). In Keras: track accuracy "
            f"{model['float']['track_accuracy']:.3f} ({low:.3f} to {high:.3f}), macro recall "
            f"{model['float']['macro_recall']:.3f}.",
            "",
            "| file | bytes | runs in | ms | same label | track accuracy (95 %) | gate |",
            "|---|---|---|---|---|---|---|",
        ]
        for row in model["variants"]:
            if "bytes" not in row:
                lines.append(f"| {row['file']} | not converted |" + " |" * 5)
                continue
            lines.append(
                f"| {row['file']} | {row['bytes']:,} | {row['backend'].split()[0]} | "
                f"{row['latency_ms']:.2f} | "
                f"{row['agreement']:.2%} | {_accuracy(row)} | {_gate(row)} |"
            )
        lines.append("")
    return lines


def _accuracy(row: dict[str, Any]) -> str:
    low, high = row["track_accuracy_ci95"]
    return f"{row['track_accuracy']:.3f} ({low:.3f} to {high:.3f})"


def _gate(row: dict[str, Any]) -> str:
    return "passed" if row["passed"] else "refused"
