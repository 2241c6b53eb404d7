"""The variants as tables, for a terminal and for ``docs/performance.md``."""

from __future__ import annotations

from typing import Any


def table(results: dict[str, Any]) -> list[str]:
    """Plain text: a line for each variant."""
    lines = [
        f"{'file':<30} {'bytes':>9} {'same answer':>11} {'track accuracy (95 %)':>22} "
        f"{'ms by threads':>17}  gate"
    ]
    for model in results["models"].values():
        for row in model["variants"]:
            if "bytes" not in row:
                lines.append(f"{row['file']:<30} not converted")
                continue
            lines.append(
                f"{row['file']:<30} {row['bytes']:>9,} {row['agreement']:>11.2%} "
                f"{_accuracy(row):>22} {_times(row):>17}  {_gate(row)}"
            )
    return lines


def section(results: dict[str, Any]) -> list[str]:
    """Lines of Markdown: every model's variants, and how they were measured."""
    machine, models = results["machine"], results["models"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    first = next(iter(models.values()))
    lines = [
        "## Quantized against float",
        "",
        f"    python -m benchmarks.variants {' '.join(f'runs/{name}' for name in models)}",
        "",
        f"{machine['model']}, {machine['cores']} cores, {versions}; {results['utc'][:10]}. "
        f"{first['n_windows']:,} validation windows of {first['n_tracks']} tracks "
        f"({first['training']['data']}, {first['training']['split']}, seed "
        f"{first['training']['seed']}) that none of these networks has heard, through the "
        "device's runtime. *Same answer*: windows with the float model's likeliest label. Times "
        f"are of the network alone, medians of {results['rounds']} rounds in turn. What the "
        "export's gate refuses is measured, too.",
        "",
        "![Accuracy against time and against bytes](pareto.png)",
        "",
    ]
    for name, model in models.items():
        low, high = model["float"]["track_accuracy_ci95"]
        counts = next(row["latency_ms"] for row in model["variants"] if "latency_ms" in row)
        lines += [
            f"### `{name}`",
            "",
            f"{model['parameters']:,} parameters, {model['macs'] / 1e6:.1f} million "
            f"multiply-accumulates a window; trained at `{model['training']['commit'][:7]}`. In "
            f"Keras: track accuracy {model['float']['track_accuracy']:.3f} ({low:.3f} to "
            f"{high:.3f}), macro recall {model['float']['macro_recall']:.3f}.",
            "",
            f"| file | bytes | runs in | {' | '.join(f'ms, {_threads(n)}' for n in counts)} | "
            "same answer | track accuracy (95 %) | gate |",
            f"|---|---|---|{'---|' * len(counts)}---|---|---|",
        ]
        for row in model["variants"]:
            if "bytes" not in row:
                lines.append(f"| {row['file']} | not converted |" + " |" * (4 + len(counts)))
                continue
            times = " | ".join(f"{row['latency_ms'][count]:.2f}" for count in counts)
            lines.append(
                f"| {row['file']} | {row['bytes']:,} | {row['backend'].split()[0]} | {times} | "
                f"{row['agreement']:.2%} | {_accuracy(row)} | {_gate(row)} |"
            )
        lines.append("")
    return lines


def _threads(count: str) -> str:
    return f"{count} thread{'s' if count != '1' else ''}"


def _accuracy(row: dict[str, Any]) -> str:
    low, high = row["track_accuracy_ci95"]
    return f"{row['track_accuracy']:.3f} ({low:.3f} to {high:.3f})"


def _times(row: dict[str, Any]) -> str:
    return " ".join(f"{value:.2f}" for value in row["latency_ms"].values())


def _gate(row: dict[str, Any]) -> str:
    return "passed" if row["passed"] else "refused"
